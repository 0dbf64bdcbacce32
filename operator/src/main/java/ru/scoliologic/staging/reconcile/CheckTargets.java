package ru.scoliologic.staging.reconcile;

import java.util.Map;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.cluster.CertificateAuthority;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.validation.Target;

/** What the checks go to, and how they get there (pure). */
final class CheckTargets {
  private CheckTargets() {}

  /** The serving version, through the ingress at an address. */
  static Target ingress(Snapshot snapshot, Settings settings, String address) {
    var spec = snapshot.environment().getSpec();
    var probe = settings.dashboardProbe();
    return new Target(
        address,
        spec.services().app().port(),
        spec.domains().app(),
        spec.ingress().sharesController() ? null : spec.domains().traefik(),
        spec.services().app().health().path(),
        CertificateAuthority.inUse(snapshot.environment()).server(),
        settings.caBundle(),
        probe.getKey(),
        probe.getValue(),
        spec.grafana().map(g -> spec.domains().grafana()).orElse(null),
        settings.validation(),
        settings.checkSecrets(),
        spec.ingress().access(),
        settings.checkToken(),
        settings.masking());
  }

  /** A version that does not serve yet, at the address of its pod. */
  static Target candidate(Snapshot snapshot, Settings settings, String address) {
    var spec = snapshot.environment().getSpec();
    return new Target(
        address,
        spec.services().app().port(),
        spec.domains().app(),
        null,
        spec.services().app().health().path(),
        CertificateAuthority.inUse(snapshot.environment()).server(),
        "",
        "",
        "",
        null,
        settings.validation(),
        settings.checkSecrets(),
        null,
        "",
        settings.masking());
  }

  /** What is declared to be checked, with the values that it refers to, as a hash. */
  static String hash(Settings settings) {
    return Hash.of(settings.validation())
        + "/"
        + Hash.of(
            settings.checkSecrets().entrySet().stream()
                .map(Map.Entry<KeyRef, String>::toString)
                .sorted()
                .toList()
                .toString());
  }
}

package ru.scoliologic.staging.reconcile.check;

import java.util.Map;
import java.util.Set;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.validation.CheckTarget;

/** Builds the targets of the checks. */
public final class CheckTargets {
  private CheckTargets() {}

  /** The serving version, through the ingress at an address. */
  public static CheckTarget ingress(Snapshot snapshot, Settings settings, String address) {
    var spec = snapshot.environment().getSpec();
    var probe = settings.dashboardProbe();
    return new CheckTarget(
        address,
        spec.services().app().port(),
        spec.domains().app(),
        spec.ingress().sharesController() ? null : spec.domains().traefik(),
        HealthCheck.of(snapshot.environment()),
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
  public static CheckTarget candidate(Snapshot snapshot, Settings settings, String address) {
    var spec = snapshot.environment().getSpec();
    return new CheckTarget(
        address,
        spec.services().app().port(),
        spec.domains().app(),
        null,
        HealthCheck.of(snapshot.environment()),
        CertificateAuthority.inUse(snapshot.environment()).server(),
        "",
        "",
        "",
        null,
        settings.validation().expectingNoneOf(addedByTheIngress(spec.ingress())),
        settings.checkSecrets(),
        null,
        "",
        settings.masking());
  }

  /** Headers that the ingress adds, so that a pod's answer lacks them. */
  private static Set<String> addedByTheIngress(IngressSpec ingress) {
    return ingress.headers() == null ? Set.of() : ingress.headers().effective().keySet();
  }

  /** Hash of the declared checks and of the values to which they refer. */
  public static String hash(Settings settings) {
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

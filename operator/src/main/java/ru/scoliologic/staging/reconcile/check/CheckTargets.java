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
import ru.scoliologic.staging.validation.CheckTarget.Access;
import ru.scoliologic.staging.validation.CheckTarget.Declared;
import ru.scoliologic.staging.validation.CheckTarget.Endpoint;
import ru.scoliologic.staging.validation.CheckTarget.Hosts;
import ru.scoliologic.staging.validation.CheckTarget.Trust;

/** Builds the targets of the checks. */
public final class CheckTargets {
  private CheckTargets() {}

  /** The serving version, through the ingress at an address. */
  public static CheckTarget ingress(Snapshot snapshot, Settings settings, String address) {
    var spec = snapshot.environment().getSpec();
    var probe = settings.dashboardProbe();
    return new CheckTarget(
        new Endpoint(address, spec.services().app().port()),
        new Hosts(
            spec.domains().app(),
            spec.ingress().sharesController() ? null : spec.domains().traefik(),
            spec.grafana().map(g -> spec.domains().grafana()).orElse(null)),
        new Trust(CertificateAuthority.inUse(snapshot.environment()).server(), settings.caBundle()),
        new Access(
            probe.getKey(), probe.getValue(), spec.ingress().access(), settings.checkToken()),
        HealthCheck.of(snapshot.environment()),
        new Declared(settings.validation(), settings.checkSecrets(), settings.masking()));
  }

  /** A version that does not serve yet, at the address of its pod. */
  public static CheckTarget candidate(Snapshot snapshot, Settings settings, String address) {
    var spec = snapshot.environment().getSpec();
    return new CheckTarget(
        new Endpoint(address, spec.services().app().port()),
        new Hosts(spec.domains().app(), null, null),
        new Trust(CertificateAuthority.inUse(snapshot.environment()).server(), ""),
        Access.OPEN,
        HealthCheck.of(snapshot.environment()),
        new Declared(
            settings.validation().expectingNoneOf(addedByTheIngress(spec.ingress())),
            settings.checkSecrets(),
            settings.masking()));
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

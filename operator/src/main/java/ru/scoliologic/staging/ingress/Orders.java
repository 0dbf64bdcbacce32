package ru.scoliologic.staging.ingress;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import java.util.Optional;
import java.util.Set;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** The domains for which Traefik may order certificates, and what stays until a record is right. */
final class Orders {
  static final String RESOLVER_ANNOTATION = "traefik.ingress.kubernetes.io/router.tls.certresolver";
  static final String DASHBOARD_FILE = "dashboard.yaml";

  private final Snapshot snapshot;
  private final Set<String> untrusted;
  private final String authority;

  /**
   * Orders of one environment.
   *
   * @param untrusted domains whose records are not known to be right
   */
  Orders(Snapshot snapshot, Set<String> untrusted) {
    this.snapshot = snapshot;
    this.untrusted = untrusted;
    this.authority = CertificateAuthority.inUse(snapshot.environment()).resolver();
  }

  /** Whether a certificate may be ordered for the host of an Ingress. */
  boolean allowed(String ingress, String host) {
    return allowed(
        host,
        deployed(ingress)
            .filter(i -> serves(i, host))
            .map(i -> i.getMetadata().getAnnotations())
            .filter(annotations -> authority.equals(annotations.get(RESOLVER_ANNOTATION)))
            .isPresent());
  }

  /** Whether the deployed Ingress stays, because the record of its new host is not right. */
  boolean keeps(String ingress, String host) {
    return untrusted.contains(host) && deployed(ingress).filter(i -> !serves(i, host)).isPresent();
  }

  /** Whether the deployed dashboard stays, because its new domain's record is not right. */
  boolean keepsDashboard() {
    return untrusted.contains(dashboardHost()) && file().filter(f -> !shows(f)).isPresent();
  }

  /**
   * A domain that has its certificate keeps its resolver, so that it is renewed; another is ordered
   * when an attempt begins. Before anything is recorded all stays as it is.
   *
   * @param deployed whether the deployed router orders it
   */
  private boolean allowed(String domain, boolean deployed) {
    var served = snapshot.surroundings().ingress().certificates().get(domain);
    return AcmeBudget.recorded(snapshot, domain)
        .map(c -> c.issued() || (!untrusted.contains(domain) && AcmeBudget.begins(snapshot, c)))
        .orElse(deployed || Boolean.TRUE.equals(served));
  }

  private Optional<Ingress> deployed(String name) {
    return snapshot.owned().find(Ingress.class, name);
  }

  private static boolean serves(Ingress ingress, String domain) {
    return ingress.getSpec().getRules().stream().anyMatch(r -> domain.equals(r.getHost()));
  }

  private String dashboardHost() {
    return snapshot.environment().getSpec().domains().traefik();
  }

  private Optional<String> file() {
    return snapshot
        .owned()
        .find(ConfigMap.class, snapshot.names().traefik())
        .map(ConfigMap::getData)
        .map(data -> data.get(DASHBOARD_FILE));
  }

  private boolean shows(String file) {
    return file.contains("`" + dashboardHost() + "`");
  }
}

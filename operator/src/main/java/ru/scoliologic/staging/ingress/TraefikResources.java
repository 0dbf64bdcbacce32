package ru.scoliologic.staging.ingress;

import static ru.scoliologic.staging.cluster.HardenedPod.claim;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.IngressBuilder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.CertificateAuthority;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds Traefik's objects (pure). */
public final class TraefikResources {
  public static final String COMPONENT = Needs.TRAEFIK;

  private final StagingEnvironment environment;
  private final Names names;
  private final CertificateAuthority authority;
  private final String dashboardUsers;
  private final String caBundle;
  private final Orders orders;

  /** What the claim of the certificates remembers, or empty. */
  private final String attempts;

  private final String appUsers;
  private final String checkToken;

  /** Null when the application's domain is open. */
  private final AccessSpec access;

  private final AccessFiles files;

  /**
   * Objects of one environment.
   *
   * @param dashboardUsers htpasswd lines; only their hash enters a pod template
   * @param caBundle PEM certificates of a custom authority, or empty
   * @param untrusted domains for which no certificate may be ordered
   * @param appUsers htpasswd lines of the application's domain, or empty
   * @param checkToken what marks the operator's own requests to a protected application, or empty
   */
  public TraefikResources(
      Snapshot snapshot,
      String dashboardUsers,
      String caBundle,
      Set<String> untrusted,
      String appUsers,
      String checkToken) {
    this.environment = snapshot.environment();
    this.names = snapshot.names();
    this.authority = CertificateAuthority.inUse(environment);
    this.dashboardUsers = dashboardUsers;
    this.caBundle = caBundle;
    this.orders = new Orders(snapshot, untrusted);
    this.attempts = AcmeBudget.memory(snapshot).text();
    this.appUsers = appUsers;
    this.checkToken = checkToken;
    this.access = environment.getSpec().ingress().access();
    this.files = access == null ? null : new AccessFiles(environment, access);
  }

  public List<Planned> plan() {
    // Without users the dashboard would stand open, without its CA no certificate could be had.
    boolean unprotected =
        access != null
            && (checkToken.isEmpty() || (access.basicAuth() != null && appUsers.isEmpty()));
    boolean held = dashboardUsers.isEmpty() || unprotected;
    var rights = new TraefikRights(environment, names);
    var deployment = new TraefikDeployment(environment, caBundle);
    var plan =
        new ArrayList<>(
            List.of(
                new Planned(Stage.INFRASTRUCTURE, service()),
                new Planned(Stage.DEPLOYMENT, rights.serviceAccount()),
                new Planned(Stage.DEPLOYMENT, rights.role()),
                new Planned(Stage.DEPLOYMENT, rights.roleBinding()),
                new Planned(Stage.DEPLOYMENT, certificates()),
                new Planned(
                    Stage.DEPLOYMENT, configuration(), unprotected || orders.keepsDashboard()),
                new Planned(
                    Stage.DEPLOYMENT,
                    deployment.build(configurationHash()),
                    held || orders.keepsDashboard()),
                held(
                    unprotected,
                    ingress(
                        names.app(), environment.getSpec().domains().app(), "/", "Prefix", "http")),
                // The dashboard's router stands in a file; this one is there to order its
                // certificate.
                ingress(
                    names.traefik(),
                    environment.getSpec().domains().traefik(),
                    "/.certificate-only",
                    "Exact",
                    "web")));
    if (access != null) {
      plan.add(new Planned(Stage.DEPLOYMENT, check(), unprotected));
    }
    if (environment.getSpec().grafana().isPresent()) {
      plan.add(
          ingress(
              names.grafana(), environment.getSpec().domains().grafana(), "/", "Prefix", "http"));
    }
    WebhookRoute.own(environment, COMPONENT)
        .ifPresent(route -> plan.add(new Planned(Stage.DEPLOYMENT, route)));
    return List.copyOf(plan);
  }

  public static Component observe(Snapshot snapshot) {
    return Component.of(
        snapshot,
        COMPONENT,
        snapshot.environment().getSpec().ingress().effectiveImage(),
        snapshot.owned().find(Deployment.class, snapshot.names().traefik()));
  }

  private Service service() {
    return new ServiceBuilder()
        .withMetadata(Ownership.owned(environment, COMPONENT, names.traefik()))
        .withNewSpec()
        .withType("LoadBalancer")
        .withSelector(Labels.selector(environment, COMPONENT))
        .addNewPort()
        .withName("web")
        .withPort(80)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString("web"))
        .endPort()
        .addNewPort()
        .withName("websecure")
        .withPort(443)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString("websecure"))
        .endPort()
        // Otherwise a node may put its own address in the place of the client's.
        .withExternalTrafficPolicy(access == null || access.allowFrom().isEmpty() ? null : "Local")
        // The authority's HTTP-01 request must get through before the first readiness probe.
        .withPublishNotReadyAddresses(true)
        .endSpec()
        .build();
  }

  /** The ACME store: losing it costs new certificates, of which an authority gives only a few. */
  private HasMetadata certificates() {
    var ingress = environment.getSpec().ingress();
    var claim = Ownership.retained(environment, COMPONENT, names.traefik());
    if (!attempts.isEmpty()) {
      claim.setAnnotations(Map.of(AcmeMemory.ANNOTATION, attempts));
    }
    return HardenedPod.volumeClaim(claim, ingress.storage(), ingress.storageClassName());
  }

  private ConfigMap configuration() {
    return new ConfigMapBuilder()
        .withMetadata(Ownership.owned(environment, COMPONENT, names.traefik()))
        .withData(configurationFiles())
        .build();
  }

  private Map<String, String> configurationFiles() {
    var all = new TreeMap<>(Map.of(Orders.DASHBOARD_FILE, dashboard()));
    if (access != null) {
      all.put(AccessFiles.RULES, files.rules());
    }
    return all;
  }

  private Secret check() {
    return new SecretBuilder()
        .withMetadata(Ownership.owned(environment, COMPONENT, names.traefikCheck()))
        .withType("Opaque")
        .withData(
            Map.of(
                AccessFiles.CHECK,
                Base64.getEncoder()
                    .encodeToString(files.check(checkToken).getBytes(StandardCharsets.UTF_8))))
        .build();
  }

  private String dashboard() {
    return """
    http:
      routers:
        dashboard:
          rule: Host(`%s`)
          entryPoints: [websecure]
          service: api@internal
          middlewares: [dashboard-auth]
          tls: {}
      middlewares:
        dashboard-auth:
          basicAuth:
            usersFile: /etc/traefik/users/users
            removeHeader: true
    """
        .formatted(environment.getSpec().domains().traefik());
  }

  /** Changes with whatever Traefik reads at its start. */
  private String configurationHash() {
    var read = Stream.of(dashboardUsers, caBundle, configurationFiles().toString());
    return Hash.of(
        (access == null ? read : Stream.concat(read, Stream.of(appUsers, files.check(checkToken))))
            .collect(Collectors.joining("\n")));
  }

  private static Planned held(boolean held, Planned planned) {
    return new Planned(planned.stage(), planned.object(), held || planned.held());
  }

  /** The way from a domain to the Service of the same name as the Ingress. */
  private Planned ingress(String name, String host, String path, String pathType, String port) {
    var metadata = Ownership.owned(environment, COMPONENT, name);
    var annotations =
        new TreeMap<>(
            Map.of(
                // Without cluster-wide rights Traefik reads the class from the annotation only.
                "kubernetes.io/ingress.class",
                names.traefik(),
                "traefik.ingress.kubernetes.io/router.entrypoints",
                "websecure",
                "traefik.ingress.kubernetes.io/router.tls",
                "true"));
    if (orders.allowed(name, host)) {
      annotations.put(Orders.RESOLVER_ANNOTATION, authority.resolver());
    }
    if (access != null && name.equals(names.app())) {
      annotations.put("traefik.ingress.kubernetes.io/router.middlewares", AccessFiles.MIDDLEWARE);
    }
    metadata.setAnnotations(annotations);
    var ingress =
        new IngressBuilder()
            .withMetadata(metadata)
            .withNewSpec()
            .addNewRule()
            .withHost(host)
            .withNewHttp()
            .addNewPath()
            .withPath(path)
            .withPathType(pathType)
            .withNewBackend()
            .withNewService()
            .withName(name)
            .withNewPort()
            .withName(port)
            .endPort()
            .endService()
            .endBackend()
            .endPath()
            .endHttp()
            .endRule()
            .endSpec()
            .build();
    return new Planned(Stage.DEPLOYMENT, ingress, orders.keeps(name, host));
  }
}

package ru.scoliologic.staging.ingress;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;

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
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.AccessPolicy;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.IngressPolicy;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.LoadBalancing;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds Traefik's objects. */
public final class TraefikResources {
  private static final ComponentName COMPONENT = ComponentName.TRAEFIK;

  private final StagingEnvironment environment;

  private final Names names;
  private final CertificateAuthority authority;
  private final String dashboardUsers;
  private final String caBundle;
  private final Orders orders;

  /** The attempts recorded on the claim of the certificates, or empty. */
  private final String attempts;

  private final String appUsers;
  private final String checkToken;

  /** Null when the application's domain is open. */
  private final AccessSpec access;

  private final AccessFiles files;

  private final LoadBalancing balancing;

  /**
   * Objects of one environment.
   *
   * @param dashboardUsers htpasswd lines; only their hash enters a pod template
   * @param caBundle PEM certificates of a custom authority, or empty
   * @param untrusted domains for which no certificate may be ordered
   * @param appUsers htpasswd lines of the application's domain, or empty
   * @param checkToken marks the operator's own requests to a protected application, or empty
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
    this.balancing = new LoadBalancing(snapshot);
  }

  public List<PlannedObject> plan() {
    // Without users the dashboard would be open, without its CA no certificate could be issued.
    boolean unprotected =
        access != null
            && (checkToken.isEmpty() || (access.basicAuth() != null && appUsers.isEmpty()));
    boolean held = dashboardUsers.isEmpty() || unprotected;
    var rights = new TraefikRights(environment, names);
    var deployment = new TraefikDeployment(environment, caBundle);
    var plan =
        new ArrayList<>(
            List.of(
                new PlannedObject(Stage.INFRASTRUCTURE, service()),
                new PlannedObject(Stage.DEPLOYMENT, policy()),
                new PlannedObject(Stage.DEPLOYMENT, rights.serviceAccount()),
                new PlannedObject(Stage.DEPLOYMENT, rights.role()),
                new PlannedObject(Stage.DEPLOYMENT, rights.roleBinding()),
                new PlannedObject(Stage.DEPLOYMENT, certificates()),
                new PlannedObject(
                    Stage.DEPLOYMENT, configuration(), unprotected || orders.keepsDashboard()),
                new PlannedObject(
                    Stage.DEPLOYMENT,
                    deployment.build(configurationHash()),
                    held || orders.keepsDashboard()),
                held(
                    unprotected,
                    ingress(
                        names.app(), environment.getSpec().domains().app(), "/", "Prefix", "http")),
                // A file holds the dashboard's router; this one orders its certificate.
                ingress(
                    names.traefik(),
                    environment.getSpec().domains().traefik(),
                    "/.certificate-only",
                    "Exact",
                    "web")));
    if (access != null) {
      plan.add(new PlannedObject(Stage.DEPLOYMENT, check(), unprotected));
    }
    if (environment.getSpec().grafana().isPresent()) {
      plan.add(
          ingress(
              names.grafana(), environment.getSpec().domains().grafana(), "/", "Prefix", "http"));
    }
    WebhookRoute.own(environment, COMPONENT)
        .ifPresent(route -> plan.add(new PlannedObject(Stage.DEPLOYMENT, route)));
    return List.copyOf(plan);
  }

  public static ComponentHealth observe(Snapshot snapshot) {
    return ComponentHealth.of(
        snapshot,
        COMPONENT,
        snapshot.environment().getSpec().ingress().effectiveImage(),
        snapshot.owned().find(Deployment.class, snapshot.names().traefik()));
  }

  private Service service() {
    var metadata = OwnedMetadata.owned(environment, COMPONENT, names.traefik());
    if (!balancing.annotations().isEmpty()) {
      metadata.setAnnotations(balancing.annotations());
    }
    return new ServiceBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .withType("LoadBalancer")
        .withLoadBalancerClass(balancing.balancerClass())
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
        .withExternalTrafficPolicy(balancing.trafficPolicy())
        // The authority's HTTP-01 request must get through before the first readiness probe.
        .withPublishNotReadyAddresses(true)
        .endSpec()
        .build();
  }

  /** Any client may connect; only Prometheus reaches the dashboard's internal port. */
  private NetworkPolicy policy() {
    var prometheus =
        new AccessPolicy(environment, COMPONENT, names.traefik(), 0).peer(ComponentName.PROMETHEUS);
    return new IngressPolicy(environment, COMPONENT, names.traefik())
        .everybodyAt(new IntOrString("web"), new IntOrString("websecure"))
        .let(List.of(prometheus), new IntOrString("internal"))
        .build();
  }

  /** The ACME store: losing it costs new certificates, of which an authority gives only a few. */
  private HasMetadata certificates() {
    var ingress = environment.getSpec().ingress();
    var claim = OwnedMetadata.retained(environment, COMPONENT, names.traefik());
    if (!attempts.isEmpty()) {
      claim.setAnnotations(Map.of(AcmeMemory.ANNOTATION, attempts));
    }
    return HardenedPod.volumeClaim(claim, ingress.storage(), ingress.storageClassName());
  }

  private ConfigMap configuration() {
    return new ConfigMapBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.traefik()))
        .withData(configurationFiles())
        .build();
  }

  private Map<String, String> configurationFiles() {
    var all = new TreeMap<>(Map.of(Orders.DASHBOARD_FILE, dashboard()));
    if (access != null) {
      all.put(AccessFiles.RULES, files.rules());
    }
    ResponseHeaders.of(environment)
        .ifPresent(headers -> all.put(ResponseHeaders.FILE, headers.file()));
    return all;
  }

  private Secret check() {
    return new SecretBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.traefikCheck()))
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

  private static PlannedObject held(boolean held, PlannedObject planned) {
    return new PlannedObject(planned.stage(), planned.object(), held || planned.held());
  }

  /** The middleware of the application's router; access has the headers in its chain. */
  private Optional<String> middleware() {
    return access != null
        ? Optional.of(AccessFiles.MIDDLEWARE)
        : ResponseHeaders.of(environment).map(headers -> ResponseHeaders.MIDDLEWARE + "@file");
  }

  /** The route from a domain to the Service of the same name as the Ingress. */
  private PlannedObject ingress(
      String name, String host, String path, String pathType, String port) {
    var metadata = OwnedMetadata.owned(environment, COMPONENT, name);
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
    if (name.equals(names.app())) {
      middleware()
          .ifPresent(m -> annotations.put("traefik.ingress.kubernetes.io/router.middlewares", m));
    }
    // A file holds the dashboard's own router.
    ArgoLinks.add(
        annotations, "https://" + host + (name.equals(names.traefik()) ? "/dashboard/" : ""));
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
    return new PlannedObject(Stage.DEPLOYMENT, ingress, orders.keeps(name, host));
  }
}

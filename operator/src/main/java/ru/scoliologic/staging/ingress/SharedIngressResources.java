package ru.scoliologic.staging.ingress;

import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.IngressTLS;
import io.fabric8.kubernetes.api.model.networking.v1.IngressTLSBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SharedIngress;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** Builds the Ingresses that another ingress controller serves. */
public final class SharedIngressResources {
  private static final ComponentName COMPONENT = ComponentName.INGRESS;
  private static final String CLUSTER_ISSUER = "cert-manager.io/cluster-issuer";
  private static final String ISSUER = "cert-manager.io/issuer";

  private final Snapshot snapshot;
  private final StagingEnvironment environment;
  private final Names names;
  private final SharedIngress shared;
  private final Set<String> untrusted;

  /**
   * Ingresses of one environment.
   *
   * @param untrusted domains for which no certificate may be requested
   */
  public SharedIngressResources(Snapshot snapshot, Set<String> untrusted) {
    this.snapshot = snapshot;
    this.environment = snapshot.environment();
    this.names = snapshot.names();
    this.shared = environment.getSpec().ingress().shared();
    this.untrusted = untrusted;
  }

  /** The application's comes in the first stage, because the controller gives it the address. */
  public List<PlannedObject> plan() {
    var domains = environment.getSpec().domains();
    var plan = new ArrayList<PlannedObject>();
    var application = ingress(names.app(), domains.app());
    plan.add(new PlannedObject(Stage.INFRASTRUCTURE, application));
    WebhookRoute.shared(environment, COMPONENT, application)
        .ifPresent(route -> plan.add(new PlannedObject(Stage.DEPLOYMENT, route)));
    if (environment.getSpec().grafana().isPresent()) {
      plan.add(new PlannedObject(Stage.DEPLOYMENT, ingress(names.grafana(), domains.grafana())));
    }
    return List.copyOf(plan);
  }

  /** The first certificate that cert-manager must issue and has not; empty when there is none. */
  public static Optional<StageResult> awaited(Snapshot snapshot) {
    var spec = snapshot.environment().getSpec();
    var shared = spec.ingress().shared();
    if (shared == null || !shared.issued()) {
      return Optional.empty();
    }
    return Stream.concat(
            Stream.of(snapshot.names().app()),
            spec.grafana().stream().map(g -> snapshot.names().grafana()))
        .map(Names::tls)
        .filter(secret -> !snapshot.secrets().containsKey(secret))
        .findFirst()
        .map(secret ->
            new StageResult.Waiting(
                Reason.CERTIFICATE_NOT_ISSUED,
                "Secret %s is not there yet, cert-manager has issued nothing so far: %s"
                    .formatted(
                        secret,
                        snapshot
                            .surroundings()
                            .reports()
                            .warnings()
                            .getOrDefault(
                                certificate(secret),
                                "see `kubectl describe certificate,certificaterequest`")),
                StageResult.Waiting.SOON));
  }

  /** Key of the cause of a missing certificate among the warnings of the surroundings. */
  public static String certificate(String secret) {
    return "Certificate/" + secret;
  }

  /** Whether an Ingress requests a certificate from cert-manager. */
  public static boolean asks(Ingress ingress) {
    var annotations = ingress.getMetadata().getAnnotations();
    return annotations != null
        && (annotations.containsKey(CLUSTER_ISSUER) || annotations.containsKey(ISSUER));
  }

  private Ingress ingress(String name, String host) {
    var metadata = OwnedMetadata.owned(environment, COMPONENT, name);
    metadata.setAnnotations(annotations(name, host));
    return new IngressBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .withIngressClassName(shared.className())
        .withTls(tls(name, host))
        .addNewRule()
        .withHost(host)
        .withNewHttp()
        .addNewPath()
        .withPath("/")
        .withPathType("Prefix")
        .withNewBackend()
        .withNewService()
        .withName(name)
        .withNewPort()
        .withName("http")
        .endPort()
        .endService()
        .endBackend()
        .endPath()
        .endHttp()
        .endRule()
        .endSpec()
        .build();
  }

  private IngressTLS tls(String name, String host) {
    var tls = new IngressTLSBuilder().withHosts(host);
    if (shared.issued()) {
      tls.withSecretName(Names.tls(name));
    } else if (shared.tlsSecretRef() != null) {
      tls.withSecretName(shared.tlsSecretRef().name());
    }
    return tls.build();
  }

  private Map<String, String> annotations(String name, String host) {
    var annotations = new TreeMap<>(shared.annotations());
    if (shared.issued() && (!untrusted.contains(host) || asks(name, host))) {
      annotations.put(
          shared.clusterIssuer() != null ? CLUSTER_ISSUER : ISSUER,
          shared.clusterIssuer() != null ? shared.clusterIssuer() : shared.issuer());
    }
    return annotations;
  }

  /** Whether a certificate is already requested: withdrawn, the order would begin again. */
  private boolean asks(String name, String host) {
    return snapshot
        .owned()
        .find(Ingress.class, name)
        .filter(i -> i.getSpec().getRules().stream().anyMatch(r -> host.equals(r.getHost())))
        .filter(SharedIngressResources::asks)
        .isPresent();
  }

  /** Attributes a missing certificate to the controller that the spec names. */
  public static StageResult explain(StageResult found, StagingEnvironment environment) {
    return found.reason() == Reason.CERTIFICATE_NOT_ISSUED
            && found instanceof StageResult.Waiting waiting
        ? new StageResult.Waiting(
            waiting.reason(),
            "the controller of ingress class %s answers without a certificate of the domain: %s"
                .formatted(environment.getSpec().ingress().shared().className(), waiting.message()),
            waiting.retryAfter())
        : found;
  }
}

package ru.scoliologic.staging.ingress;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressBuilder;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.ComponentName;

/**
 * The route from the application's domain to the agent, for a Git server that announces a push. It
 * is an Ingress of its own, so that the protection of the application does not block it: the
 * request carries a shared secret.
 */
final class WebhookRoute {
  private static final String TRAEFIK = "traefik.ingress.kubernetes.io/router.";

  private WebhookRoute() {}

  /** For the environment's own Traefik; empty when no webhook is configured. */
  static Optional<Ingress> own(StagingEnvironment environment, ComponentName component) {
    return metadata(
            environment,
            component,
            Map.of(
                "kubernetes.io/ingress.class",
                Names.of(environment).traefik(),
                TRAEFIK + "entrypoints",
                "websecure",
                TRAEFIK + "tls",
                "true",
                // Above the access control of the whole domain.
                TRAEFIK + "priority",
                Integer.toString(AccessFiles.ABOVE_THE_INGRESS + 2)))
        .map(metadata -> ingress(environment, metadata));
  }

  /**
   * For another ingress controller; empty when no webhook is configured.
   *
   * @param application the application's Ingress, whose certificate is the domain's
   */
  static Optional<Ingress> shared(
      StagingEnvironment environment, ComponentName component, Ingress application) {
    return metadata(environment, component, Map.of())
        .map(metadata ->
            new IngressBuilder(ingress(environment, metadata))
                .editSpec()
                .withIngressClassName(application.getSpec().getIngressClassName())
                .withTls(application.getSpec().getTls())
                .endSpec()
                .build());
  }

  private static Optional<ObjectMeta> metadata(
      StagingEnvironment environment, ComponentName component, Map<String, String> annotations) {
    var gitops = environment.getSpec().gitops();
    if (gitops == null || gitops.webhook() == null) {
      return Optional.empty();
    }
    var metadata = OwnedMetadata.owned(environment, component, Names.of(environment).agent());
    var all = new TreeMap<>(annotations);
    all.putAll(ArgoLinks.none());
    metadata.setAnnotations(all);
    return Optional.of(metadata);
  }

  private static Ingress ingress(StagingEnvironment environment, ObjectMeta metadata) {
    return new IngressBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .addNewRule()
        .withHost(environment.getSpec().domains().app())
        .withNewHttp()
        .addNewPath()
        .withPath(AgentContract.WEBHOOK_PATH)
        .withPathType("Exact")
        .withNewBackend()
        .withNewService()
        .withName(Names.of(environment).agent())
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
}

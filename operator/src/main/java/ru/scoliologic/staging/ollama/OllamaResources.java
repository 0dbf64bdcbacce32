package ru.scoliologic.staging.ollama;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import ru.scoliologic.staging.api.OllamaSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.AccessPolicy;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.SinglePodWorkload;
import ru.scoliologic.staging.cluster.kube.Traffic;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ModelStates;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/** Builds Ollama's objects and reports its health and that of its models. */
public final class OllamaResources {
  private static final ComponentName COMPONENT = ComponentName.OLLAMA;
  private static final String DATA = "/data";

  /**
   * A server that stops during a pull may leave a layer's record empty: it truncates, then writes.
   * Every later pull of that model then fails with {@code EOF}, because the records are kept (see
   * {@code OLLAMA_NOPRUNE}). Without a record the layer is downloaded again.
   */
  static final String SERVE =
      """
      for record in "$OLLAMA_MODELS"/blobs/*-partial-*; do
        [ -s "$record" ] || rm -f "${record%-partial-*}"-partial-*
      done
      exec ollama serve
      """;

  private final StagingEnvironment environment;
  private final OllamaSpec spec;
  private final SinglePodWorkload pod;

  private OllamaResources(StagingEnvironment environment, OllamaSpec spec) {
    this.environment = environment;
    this.spec = spec;
    this.pod =
        new SinglePodWorkload(
            environment, COMPONENT, Names.of(environment).component(COMPONENT), OllamaSpec.PORT);
  }

  /** The objects; empty when Ollama is not requested. */
  public static List<PlannedObject> plan(Snapshot snapshot) {
    var environment = snapshot.environment();
    return asked(environment)
        .map(spec -> new OllamaResources(environment, spec).plan(AccessPolicy.operator(snapshot)))
        .orElse(List.of());
  }

  /** The spec, if Ollama is requested. */
  public static Optional<OllamaSpec> asked(StagingEnvironment environment) {
    return Optional.ofNullable(environment.getSpec().services().ollama());
  }

  /** The server's address for the operator. */
  public static URI address(StagingEnvironment environment) {
    return URI.create(
        "http://%s.%s.svc:%d"
            .formatted(
                Names.of(environment).component(COMPONENT),
                environment.getMetadata().getNamespace(),
                OllamaSpec.PORT));
  }

  /** What the server must be able to reach. */
  public static List<Traffic> traffic() {
    return List.of(Traffic.dns(), Traffic.beyond("registries of models (port 443)", Traffic.HTTPS));
  }

  /** Health of the server, then of its models; empty when Ollama is not requested. */
  public static Optional<ComponentHealth> observe(Snapshot snapshot) {
    return asked(snapshot.environment())
        .map(spec -> {
          var server =
              ComponentHealth.of(
                  snapshot,
                  COMPONENT,
                  spec.effectiveImage(),
                  snapshot.owned().find(Deployment.class, snapshot.names().component(COMPONENT)));
          return server.ready()
              ? withModels(server, spec, snapshot.surroundings().reports().models())
              : server;
        });
  }

  private static ComponentHealth withModels(
      ComponentHealth server, OllamaSpec spec, Optional<ModelStates> models) {
    if (spec.models().isEmpty()) {
      return server;
    }
    if (models.isEmpty()) {
      return notReady(server, Reason.COMPONENTS_STARTING, "runs, but does not respond yet");
    }
    return models.get().states().entrySet().stream()
        .flatMap(entry -> trouble(server, entry.getKey(), entry.getValue()).stream())
        .findFirst()
        .orElseGet(() ->
            new ComponentHealth(
                server.name(),
                true,
                server.image(),
                null,
                "available with " + String.join(", ", spec.models())));
  }

  private static Optional<ComponentHealth> trouble(
      ComponentHealth server, String name, ModelStates.State state) {
    return switch (state) {
      case ModelStates.Present present -> Optional.empty();
      case ModelStates.Missing missing ->
          Optional.of(
              notReady(server, Reason.MODELS_PULLING, "model " + name + " is to be pulled"));
      case ModelStates.Pulling pulling ->
          Optional.of(
              notReady(
                  server,
                  Reason.MODELS_PULLING,
                  pulling.total() == 0
                      ? "queries the registry for model " + name
                      : "pulls model %s: %d %% (%s of %s)"
                          .formatted(
                              name,
                              ModelPulls.percent(pulling.completed(), pulling.total()),
                              size(pulling.completed()),
                              size(pulling.total()))));
      case ModelStates.Failed failed ->
          Optional.of(
              notReady(
                  server,
                  Reason.MODEL_PULL_FAILED,
                  "model %s could not be pulled: %s".formatted(name, failed.problem())));
      case ModelStates.TooLarge large ->
          Optional.of(
              notReady(
                  server,
                  Reason.MODELS_TOO_LARGE,
                  "with model %s the models need %s at least, the volume holds %s: raise"
                          .formatted(name, size(large.needed()), size(large.capacity()))
                      + " spec.services.ollama.storage"));
    };
  }

  private static ComponentHealth notReady(ComponentHealth server, Reason reason, String message) {
    return new ComponentHealth(server.name(), false, server.image(), reason, message);
  }

  /** In decimal units, as registries report sizes. */
  static String size(long bytes) {
    return bytes >= 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f GB", bytes / 1e9)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  private List<PlannedObject> plan(NetworkPolicyPeer operator) {
    var policy = new AccessPolicy(environment, COMPONENT, pod.name(), OllamaSpec.PORT);
    return List.of(
        new PlannedObject(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(
                OwnedMetadata.retained(environment, COMPONENT, pod.name()),
                spec.storage(),
                spec.storageClassName())),
        new PlannedObject(Stage.DEPLOYMENT, pod.service()),
        // It has no authentication; the operator triggers pulls.
        new PlannedObject(
            Stage.DEPLOYMENT, policy.lettingIn(List.of(policy.peer(ComponentName.APP), operator))),
        new PlannedObject(Stage.DEPLOYMENT, pod.deployment(podSpec(), Hash.of(spec.keepAlive()))));
  }

  private PodSpec podSpec() {
    var builder =
        HardenedPod.pod(spec, spec.runAsUser())
            .withTerminationGracePeriodSeconds(30L)
            .withContainers(container())
            .withVolumes(claim("data", pod.name()), emptyDir("tmp"));
    if (spec.gpu() != null) {
      builder.withRuntimeClassName(spec.gpu().runtimeClassName());
    }
    return builder.build();
  }

  private Container container() {
    return HardenedPod.container(COMPONENT.label(), spec, resources())
        .withResources(resources())
        .withCommand("sh", "-c", SERVE)
        .withEnv(
            variable("OLLAMA_HOST", "0.0.0.0:" + OllamaSpec.PORT),
            variable("HOME", DATA),
            variable("OLLAMA_MODELS", DATA + "/models"),
            variable("OLLAMA_KEEP_ALIVE", spec.keepAlive()),
            variable("OLLAMA_NO_CLOUD", "1"),
            // Keeps partial pulls over a restart.
            variable("OLLAMA_NOPRUNE", "1"))
        .addNewPort()
        .withName(SinglePodWorkload.PORT)
        .withContainerPort(OllamaSpec.PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(SinglePodWorkload.startupProbe("/api/version", spec.deadline()))
        .withReadinessProbe(SinglePodWorkload.probe("/api/version", 5, 3))
        .withLivenessProbe(SinglePodWorkload.probe("/api/version", 15, 6))
        .withVolumeMounts(mount("data", DATA), mount("tmp", "/tmp"))
        .build();
  }

  private ResourceRequirements resources() {
    var given =
        spec.resources() == null ? HardenedPod.resources("250m", "1Gi", "6Gi") : spec.resources();
    return spec.gpu() == null
        ? given
        : new ResourceRequirementsBuilder(given)
            .addToLimits(spec.gpu().resource(), new Quantity(String.valueOf(spec.gpu().count())))
            .build();
  }

  private static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }
}

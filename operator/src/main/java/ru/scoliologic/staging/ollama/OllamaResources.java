package ru.scoliologic.staging.ollama;

import static ru.scoliologic.staging.cluster.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.HardenedPod.mount;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import ru.scoliologic.staging.api.OllamaSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.AccessPolicy;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Models;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.OnePod;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/** Builds Ollama's objects and tells how it and its models are doing (pure). */
public final class OllamaResources {
  public static final String COMPONENT = "ollama";
  public static final int PORT = 11434;
  private static final String DATA = "/data";

  private final StagingEnvironment environment;
  private final OllamaSpec spec;
  private final Names names;
  private final OnePod pod;

  private OllamaResources(StagingEnvironment environment, OllamaSpec spec) {
    this.environment = environment;
    this.spec = spec;
    this.names = Names.of(environment);
    this.pod = new OnePod(environment, COMPONENT, names.ollama(), PORT);
  }

  /** The objects; none when Ollama is not asked for. */
  public static List<Planned> plan(StagingEnvironment environment) {
    return asked(environment)
        .map(spec -> new OllamaResources(environment, spec).plan())
        .orElse(List.of());
  }

  /** What is asked for, if anything. */
  public static Optional<OllamaSpec> asked(StagingEnvironment environment) {
    return Optional.ofNullable(environment.getSpec().services().ollama());
  }

  /** At which the operator reaches it. */
  public static URI address(StagingEnvironment environment) {
    return URI.create(
        "http://%s.%s.svc:%d"
            .formatted(
                Names.of(environment).ollama(), environment.getMetadata().getNamespace(), PORT));
  }

  /** Its state: the server, then its models; empty when it is not asked for. */
  public static Optional<Component> observe(Snapshot snapshot) {
    return asked(snapshot.environment())
        .map(spec -> {
          var server =
              Component.of(
                  snapshot,
                  COMPONENT,
                  spec.effectiveImage(),
                  snapshot.owned().find(Deployment.class, snapshot.names().ollama()));
          return server.ready()
              ? withModels(server, spec, snapshot.surroundings().models())
              : server;
        });
  }

  private static Component withModels(Component server, OllamaSpec spec, Optional<Models> models) {
    if (spec.models().isEmpty()) {
      return server;
    }
    if (models.isEmpty()) {
      return notReady(server, Reason.COMPONENTS_STARTING, "runs, but does not answer yet");
    }
    return models.get().states().entrySet().stream()
        .flatMap(entry -> trouble(server, entry.getKey(), entry.getValue()).stream())
        .findFirst()
        .orElseGet(() ->
            new Component(
                server.name(),
                true,
                server.image(),
                null,
                "available with " + String.join(", ", spec.models())));
  }

  private static Optional<Component> trouble(Component server, String name, Models.State state) {
    return switch (state) {
      case Models.Present present -> Optional.empty();
      case Models.Missing missing ->
          Optional.of(
              notReady(server, Reason.MODELS_PULLING, "model " + name + " is to be pulled"));
      case Models.Pulling pulling ->
          Optional.of(
              notReady(
                  server,
                  Reason.MODELS_PULLING,
                  pulling.total() == 0
                      ? "asks the registry for model " + name
                      : "pulls model %s: %d %% (%s of %s)"
                          .formatted(
                              name,
                              ModelPulls.percent(pulling.completed(), pulling.total()),
                              size(pulling.completed()),
                              size(pulling.total()))));
      case Models.Failed failed ->
          Optional.of(
              notReady(
                  server,
                  Reason.MODEL_PULL_FAILED,
                  "model %s could not be pulled: %s".formatted(name, failed.problem())));
      case Models.TooLarge large ->
          Optional.of(
              notReady(
                  server,
                  Reason.MODELS_TOO_LARGE,
                  "with model %s the models need %s at least, the volume holds %s: raise"
                          .formatted(name, size(large.needed()), size(large.capacity()))
                      + " spec.services.ollama.storage"));
    };
  }

  private static Component notReady(Component server, Reason reason, String message) {
    return new Component(server.name(), false, server.image(), reason, message);
  }

  /** In decimal units, as registries give sizes. */
  static String size(long bytes) {
    return bytes >= 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f GB", bytes / 1e9)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  private List<Planned> plan() {
    var policy = new AccessPolicy(environment, COMPONENT, names.ollama(), PORT);
    return List.of(
        new Planned(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(
                Ownership.retained(environment, COMPONENT, names.ollama()),
                spec.storage(),
                spec.storageClassName())),
        new Planned(Stage.DEPLOYMENT, pod.service()),
        // It asks for no password; the operator has it pull the models.
        new Planned(
            Stage.DEPLOYMENT,
            policy.lettingIn(List.of(policy.peer("app"), AccessPolicy.operator()))),
        new Planned(Stage.DEPLOYMENT, pod.deployment(podSpec(), Hash.of(spec.keepAlive()))));
  }

  private PodSpec podSpec() {
    var builder =
        HardenedPod.pod(spec, spec.runAsUser())
            .withTerminationGracePeriodSeconds(30L)
            .withContainers(container())
            .withVolumes(claim("data", names.ollama()), emptyDir("tmp"));
    if (spec.gpu() != null) {
      builder.withRuntimeClassName(spec.gpu().runtimeClassName());
    }
    return builder.build();
  }

  private Container container() {
    return HardenedPod.container(COMPONENT, spec, resources())
        .withResources(resources())
        .withEnv(
            variable("OLLAMA_HOST", "0.0.0.0:" + PORT),
            variable("HOME", DATA),
            variable("OLLAMA_MODELS", DATA + "/models"),
            variable("OLLAMA_KEEP_ALIVE", spec.keepAlive()),
            variable("OLLAMA_NO_CLOUD", "1"),
            // What a pull has brought so far is kept over a restart.
            variable("OLLAMA_NOPRUNE", "1"))
        .addNewPort()
        .withName(OnePod.PORT)
        .withContainerPort(PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(OnePod.probe("/api/version", 2, 60))
        .withReadinessProbe(OnePod.probe("/api/version", 5, 3))
        .withLivenessProbe(OnePod.probe("/api/version", 15, 6))
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

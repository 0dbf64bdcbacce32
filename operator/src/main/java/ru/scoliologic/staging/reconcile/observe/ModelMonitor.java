package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.OllamaSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ModelStates;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.ollama.ModelPulls;
import ru.scoliologic.staging.ollama.OllamaApi;
import ru.scoliologic.staging.ollama.OllamaResources;

/** Makes every environment's Ollama pull its models, and reports the progress. */
final class ModelMonitor {
  private final Clock clock;
  private final Consumer<ResourceID> listed;
  private final EnvironmentMemories.Slot<ModelPulls> pulls;

  /**
   * Monitors the models of all environments.
   *
   * @param listed receives an environment whose server has listed its models
   */
  ModelMonitor(Clock clock, Consumer<ResourceID> listed, EnvironmentMemories memories) {
    this.clock = clock;
    this.listed = listed;
    this.pulls = memories.slot(ModelPulls::close);
  }

  /** The state of the models; empty while no server runs, or when no models are desired. */
  Optional<ModelStates> look(StagingEnvironment environment, OwnedObjects owned, List<Pod> pods) {
    var uid = environment.getMetadata().getUid();
    var asked =
        OllamaResources.asked(environment).filter(spec -> !spec.models().isEmpty()).orElse(null);
    var server = server(pods);
    if (asked == null || server.isEmpty()) {
      pulls.remove(uid);
      return Optional.empty();
    }
    return pulls
        .get(
            uid,
            () ->
                new ModelPulls(
                    new OllamaApi(OllamaResources.address(environment)),
                    clock,
                    Thread.ofVirtual().name("models")::start,
                    () -> listed.accept(ResourceID.fromResource(environment))))
        .look(
            new ModelPulls.Wish(
                asked.models(),
                asked.insecureRegistries(),
                capacity(asked, owned, Names.of(environment))),
            server.get());
  }

  /** One run of the one ready pod: its name would be the same after a restart. */
  private static Optional<String> server(List<Pod> pods) {
    return pods.stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> ComponentName.OLLAMA.owns(pod))
        .filter(pod ->
            pod.getStatus() != null
                && pod.getStatus().getContainerStatuses().stream()
                    .anyMatch(c -> Boolean.TRUE.equals(c.getReady())))
        .map(pod ->
            pod.getStatus().getContainerStatuses().stream()
                .map(c -> String.valueOf(c.getContainerID()))
                .collect(Collectors.joining(",")))
        .findFirst();
  }

  private static long capacity(OllamaSpec spec, OwnedObjects owned, Names names) {
    return Quantity.getAmountInBytes(
            owned
                .find(PersistentVolumeClaim.class, names.component(ComponentName.OLLAMA))
                .map(PersistentVolumeClaim::getStatus)
                .map(status -> status.getCapacity())
                .map(capacity -> capacity.get("storage"))
                .orElseGet(() -> new Quantity(spec.storage())))
        .longValue();
  }
}

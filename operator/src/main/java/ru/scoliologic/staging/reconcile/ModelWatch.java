package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.OllamaSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Models;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Observed;
import ru.scoliologic.staging.ollama.ModelPulls;
import ru.scoliologic.staging.ollama.OllamaApi;
import ru.scoliologic.staging.ollama.OllamaResources;

/** Has every environment's Ollama pull its models, and tells how far it is. */
final class ModelWatch {
  private final Clock clock;
  private final Map<String, ModelPulls> pulls = new ConcurrentHashMap<>();

  ModelWatch(Clock clock) {
    this.clock = clock;
  }

  /** What is known of the models; empty while no server runs, or when no models are asked for. */
  Optional<Models> look(StagingEnvironment environment, Observed owned, List<Pod> pods) {
    var uid = environment.getMetadata().getUid();
    var asked =
        OllamaResources.asked(environment).filter(spec -> !spec.models().isEmpty()).orElse(null);
    var server = server(pods);
    if (asked == null || server.isEmpty()) {
      forget(uid);
      return Optional.empty();
    }
    return pulls
        .computeIfAbsent(
            uid, id -> new ModelPulls(new OllamaApi(OllamaResources.address(environment)), clock))
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
        .filter(pod ->
            OllamaResources.COMPONENT.equals(pod.getMetadata().getLabels().get(Labels.COMPONENT)))
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

  private static long capacity(OllamaSpec spec, Observed owned, Names names) {
    return Quantity.getAmountInBytes(
            owned
                .find(PersistentVolumeClaim.class, names.ollama())
                .map(PersistentVolumeClaim::getStatus)
                .map(status -> status.getCapacity())
                .map(capacity -> capacity.get("storage"))
                .orElseGet(() -> new Quantity(spec.storage())))
        .longValue();
  }

  /** Ends what is done for environments that are gone. */
  void keepOnly(Set<String> uids) {
    pulls.keySet().stream().filter(uid -> !uids.contains(uid)).toList().forEach(this::forget);
  }

  private void forget(String uid) {
    var gone = pulls.remove(uid);
    if (gone != null) {
      gone.close();
    }
  }
}

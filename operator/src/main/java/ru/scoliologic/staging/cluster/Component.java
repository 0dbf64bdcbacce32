package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.Optional;
import ru.scoliologic.staging.stage.Reason;

/**
 * How one component is doing.
 *
 * @param name of the component
 * @param ready whether it serves
 * @param image what runs or is to run
 * @param reason why it is not ready; null when it is
 * @param message one sentence
 */
public record Component(String name, boolean ready, String image, Reason reason, String message) {

  /** From a Deployment or its absence, and its pods. */
  public static Component of(
      Snapshot snapshot, String component, String image, Optional<Deployment> deployment) {
    boolean available =
        deployment
            .filter(d -> d.getStatus() != null)
            .filter(d ->
                current(d.getStatus().getObservedGeneration(), d.getMetadata().getGeneration()))
            .map(d -> atLeastOne(d.getStatus().getAvailableReplicas()) && !surging(d))
            .orElse(false);
    var judged = judge(snapshot, component, image, deployment.isPresent(), available);
    return judged.reason() == Reason.COMPONENTS_STARTING
            && deployment.filter(Component::tooLate).isPresent()
        ? new Component(
            component,
            false,
            image,
            Reason.NOT_HEALTHY,
            "runs, but its health check has failed for longer than it may take to start")
        : judged;
  }

  private static boolean tooLate(Deployment deployment) {
    return deployment.getStatus() != null
        && deployment.getStatus().getConditions().stream()
            .anyMatch(c -> "Progressing".equals(c.getType()) && "False".equals(c.getStatus()));
  }

  /** From a StatefulSet or its absence, and its pods. */
  public static Component ofStateful(
      Snapshot snapshot, String component, String image, Optional<StatefulSet> set) {
    boolean available =
        set.filter(s -> s.getStatus() != null)
            .filter(s ->
                current(s.getStatus().getObservedGeneration(), s.getMetadata().getGeneration()))
            .map(s ->
                atLeastOne(s.getStatus().getReadyReplicas())
                    && atLeastOne(s.getStatus().getUpdatedReplicas()))
            .orElse(false);
    return judge(snapshot, component, image, set.isPresent(), available);
  }

  private static Component judge(
      Snapshot snapshot, String component, String image, boolean exists, boolean available) {
    if (available) {
      return new Component(component, true, image, null, "available");
    }
    if (!exists) {
      return new Component(component, false, image, Reason.COMPONENTS_STARTING, "not created yet");
    }
    return PodTrouble.among(snapshot.podsOf(component), snapshot.logTails(), snapshot.now())
        .map(trouble -> new Component(component, false, image, trouble.reason(), trouble.message()))
        .orElseGet(
            () -> new Component(component, false, image, Reason.COMPONENTS_STARTING, "starting"));
  }

  private static boolean surging(Deployment deployment) {
    var updated = deployment.getStatus().getUpdatedReplicas();
    return updated == null || updated < 1;
  }

  private static boolean current(Long observed, Long generation) {
    return observed != null && observed >= generation;
  }

  private static boolean atLeastOne(Integer replicas) {
    return replicas != null && replicas >= 1;
  }
}

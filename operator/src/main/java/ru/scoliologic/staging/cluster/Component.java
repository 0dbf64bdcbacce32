package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.Optional;
import java.util.stream.Stream;
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
            .map(Component::asAsked)
            .orElse(false);
    var judged =
        judge(
            snapshot,
            component,
            image,
            deployment.isPresent(),
            available,
            deployment.flatMap(Component::replicaFailure));
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
                count(s.getStatus().getReadyReplicas()) >= 1
                    && count(s.getStatus().getUpdatedReplicas()) >= 1)
            .orElse(false);
    var refused =
        set.filter(s -> snapshot.podsOf(component).isEmpty())
            .map(s -> snapshot.surroundings().warnings().get(Applier.key(s)));
    return judge(snapshot, component, image, set.isPresent(), available, refused);
  }

  private static Optional<String> replicaFailure(Deployment deployment) {
    return Stream.ofNullable(deployment.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> "ReplicaFailure".equals(c.getType()) && "True".equals(c.getStatus()))
        .map(c -> c.getMessage())
        .findFirst();
  }

  private static Optional<PodTrouble> volume(Snapshot snapshot, String component) {
    var warnings = snapshot.surroundings().warnings();
    return snapshot.owned().list(PersistentVolumeClaim.class).stream()
        .filter(claim -> component.equals(claim.getMetadata().getLabels().get(Labels.COMPONENT)))
        .filter(claim -> warnings.containsKey(Applier.key(claim)))
        .findFirst()
        .map(claim ->
            new PodTrouble(
                Reason.VOLUME_PENDING,
                "volume claim %s of storage class %s gets no volume: %s"
                    .formatted(
                        claim.getMetadata().getName(),
                        claim.getSpec().getStorageClassName(),
                        warnings.get(Applier.key(claim)))));
  }

  /**
   * One sentence on a component.
   *
   * @param refused what a controller said that could not make its pod, if one did
   */
  private static Component judge(
      Snapshot snapshot,
      String component,
      String image,
      boolean exists,
      boolean available,
      Optional<String> refused) {
    if (available) {
      return new Component(component, true, image, null, "available");
    }
    if (!exists) {
      return new Component(component, false, image, Reason.COMPONENTS_STARTING, "not created yet");
    }
    return refused
        .flatMap(Refusal::ofPods)
        .map(refusal -> new PodTrouble(refusal.reason(), refusal.message()))
        .or(() -> volume(snapshot, component))
        .or(() -> PodTrouble.among(snapshot.podsOf(component), snapshot.logTails(), snapshot.now()))
        .map(trouble -> new Component(component, false, image, trouble.reason(), trouble.message()))
        .orElseGet(
            () -> new Component(component, false, image, Reason.COMPONENTS_STARTING, "starting"));
  }

  /**
   * Every pod is of the newest template, and there are as many as asked for. A roll that gets stuck
   * leaves the old pods serving, so that some are available does not mean that all is well.
   */
  private static boolean asAsked(Deployment deployment) {
    var asked =
        deployment.getSpec() == null || deployment.getSpec().getReplicas() == null
            ? 1
            : deployment.getSpec().getReplicas();
    var status = deployment.getStatus();
    return asked >= 1
        && count(status.getReplicas()) == asked
        && count(status.getUpdatedReplicas()) == asked
        && count(status.getAvailableReplicas()) == asked;
  }

  private static boolean current(Long observed, Long generation) {
    return observed != null && observed >= generation;
  }

  private static int count(Integer replicas) {
    return replicas == null ? 0 : replicas;
  }
}

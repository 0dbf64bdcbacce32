package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Architectures;
import ru.scoliologic.staging.cluster.kube.PodDiagnosis;
import ru.scoliologic.staging.cluster.kube.ProbeFindings;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.stage.Reason;

/**
 * Health of one component.
 *
 * @param name of the component
 * @param ready whether it serves
 * @param image that runs or will run
 * @param reason why it is not ready; null when it is
 * @param message one sentence
 */
public record ComponentHealth(
    ComponentName name,
    boolean ready,
    String image,
    Reason reason,
    String message,
    Lateness lateness) {

  /**
   * The component's deadline.
   *
   * @param due when it passes or passed; empty while the component serves or does not exist
   * @param overdue whether it has passed
   */
  public record Lateness(Optional<Instant> due, boolean overdue) {
    static final Lateness NONE = new Lateness(Optional.empty(), false);
  }

  /** Status of a component that is within its deadline. */
  public static final String STARTING = "starting";

  /** For a component without a deadline. */
  public ComponentHealth(
      ComponentName name, boolean ready, String image, Reason reason, String message) {
    this(name, ready, image, reason, message, Lateness.NONE);
  }

  public Optional<Instant> due() {
    return lateness.due();
  }

  public boolean overdue() {
    return lateness.overdue();
  }

  /** The finding about a component that is within its deadline; empty if none. */
  public Optional<String> found() {
    return reason == Reason.COMPONENTS_STARTING && message.startsWith(STARTING + "; ")
        ? Optional.of(message.substring(STARTING.length() + 2))
        : Optional.empty();
  }

  /** One sentence on components that are within their deadlines. */
  public static String starting(List<ComponentHealth> components) {
    return STARTING
        + ": "
        + ComponentName.joined(components.stream().map(ComponentHealth::name).toList())
        + components.stream()
            .flatMap(c -> c.found().map(found -> "; " + c.name() + ": " + found).stream())
            .collect(Collectors.joining());
  }

  /** From a Deployment or its absence, and its pods. */
  public static ComponentHealth of(
      Snapshot snapshot, ComponentName component, String image, Optional<Deployment> deployment) {
    boolean available =
        deployment
            .filter(d -> d.getStatus() != null)
            .filter(d ->
                current(d.getStatus().getObservedGeneration(), d.getMetadata().getGeneration()))
            .map(ComponentHealth::asAsked)
            .orElse(false);
    return new Judgement(
            snapshot,
            component,
            image,
            newestPods(snapshot.podsOf(component), deployment),
            new Controller(
                deployment.isPresent(),
                available,
                deployment.flatMap(ComponentHealth::replicaFailure),
                deployment.flatMap(ComponentHealth::lastProgress)))
        .component(deployment.filter(ComponentHealth::tooLate).isPresent());
  }

  /** Pods of the newest template; older ones are not relevant to the current spec. */
  private static List<Pod> newestPods(List<Pod> pods, Optional<Deployment> deployment) {
    boolean noneYet =
        deployment
            .filter(d -> d.getStatus() != null && d.getStatus().getObservedGeneration() != null)
            .filter(d ->
                (count(d.getStatus().getReplicas()) > 0
                        && count(d.getStatus().getUpdatedReplicas()) == 0)
                    || !current(
                        d.getStatus().getObservedGeneration(), d.getMetadata().getGeneration()))
            .isPresent();
    var newest =
        pods.stream()
            .filter(pod -> pod.getMetadata().getCreationTimestamp() != null)
            .max(Comparator.comparing(pod -> pod.getMetadata().getCreationTimestamp()))
            .map(ComponentHealth::template);
    return noneYet
        ? List.of()
        : pods.stream()
            .filter(pod -> newest.isEmpty() || newest.get().equals(template(pod)))
            .toList();
  }

  private static String template(Pod pod) {
    return String.valueOf(pod.getMetadata().getLabels().get("pod-template-hash"));
  }

  private static boolean tooLate(Deployment deployment) {
    return deployment.getStatus() != null
        && current(
            deployment.getStatus().getObservedGeneration(),
            deployment.getMetadata().getGeneration())
        && deployment.getStatus().getConditions().stream()
            .anyMatch(c ->
                "Progressing".equals(c.getType())
                    && "False".equals(c.getStatus())
                    && "ProgressDeadlineExceeded".equals(c.getReason()));
  }

  /** A rollout counts from its own start, not from that of the previous one. */
  private static Optional<Instant> lastProgress(Deployment deployment) {
    return Stream.ofNullable(deployment.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> "Progressing".equals(c.getType()) && "True".equals(c.getStatus()))
        .map(c -> c.getLastUpdateTime())
        .filter(Objects::nonNull)
        .map(Instant::parse)
        .findFirst();
  }

  /** From a StatefulSet or its absence, and its pods. */
  public static ComponentHealth ofStateful(
      Snapshot snapshot, ComponentName component, String image, Optional<StatefulSet> set) {
    boolean available =
        set.filter(s -> s.getStatus() != null)
            .filter(s ->
                current(s.getStatus().getObservedGeneration(), s.getMetadata().getGeneration()))
            .map(s ->
                count(s.getStatus().getReadyReplicas()) >= 1
                    && count(s.getStatus().getUpdatedReplicas()) >= 1)
            .orElse(false);
    var all = snapshot.podsOf(component);
    var refused =
        set.filter(s -> all.isEmpty())
            .map(s -> snapshot.surroundings().reports().warnings().get(Applier.key(s)));
    return new Judgement(
            snapshot,
            component,
            image,
            all.stream().filter(pod -> newest(pod, set)).toList(),
            new Controller(
                set.isPresent(),
                available,
                refused,
                refused
                    .flatMap(words -> set)
                    .map(s -> s.getMetadata().getCreationTimestamp())
                    .map(Instant::parse)))
        .component(false);
  }

  private static boolean newest(Pod pod, Optional<StatefulSet> set) {
    var revision = pod.getMetadata().getLabels().get("controller-revision-hash");
    return set.map(StatefulSet::getStatus)
        .map(status -> status.getUpdateRevision())
        .map(update -> revision == null || update.equals(revision))
        .orElse(true);
  }

  private static Optional<String> replicaFailure(Deployment deployment) {
    return Stream.ofNullable(deployment.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> "ReplicaFailure".equals(c.getType()) && "True".equals(c.getStatus()))
        .map(c -> c.getMessage())
        .findFirst();
  }

  private static Optional<PodDiagnosis> volume(Snapshot snapshot, ComponentName component) {
    var warnings = snapshot.surroundings().reports().warnings();
    return snapshot.owned().list(PersistentVolumeClaim.class).stream()
        .filter(claim -> component.owns(claim))
        .filter(claim -> warnings.containsKey(Applier.key(claim)))
        .findFirst()
        .map(claim ->
            new PodDiagnosis(
                Reason.VOLUME_PENDING,
                "volume claim %s of storage class %s gets no volume: %s"
                    .formatted(
                        claim.getMetadata().getName(),
                        claim.getSpec().getStorageClassName(),
                        warnings.get(Applier.key(claim)))));
  }

  /**
   * The status of a component's Deployment or StatefulSet.
   *
   * @param refused message of a controller that could not create the pod
   * @param since last progress of the controller, if known
   */
  private record Controller(
      boolean exists, boolean available, Optional<String> refused, Optional<Instant> since) {}

  /**
   * Observations about a component.
   *
   * @param pods of the newest template
   */
  private record Judgement(
      Snapshot snapshot,
      ComponentName component,
      String image,
      List<Pod> pods,
      Controller controller) {

    /**
     * The component's health.
     *
     * @param late whether its controller exceeded its progress deadline
     */
    ComponentHealth component(boolean late) {
      if (controller.available()) {
        return new ComponentHealth(component, true, image, null, "available");
      }
      if (!controller.exists()) {
        return new ComponentHealth(
            component, false, image, Reason.COMPONENTS_STARTING, "not created yet");
      }
      var deadline = Deadline.of(snapshot, component);
      var due = due(deadline);
      boolean overdue = late || due.filter(d -> !d.isAfter(snapshot.now())).isPresent();
      var found = ProbeFindings.of(snapshot, pods);
      var trouble = trouble().map(found::before);
      if (overdue) {
        var why =
            trouble.orElseGet(
                () -> found.before(deadline.trouble(pods, snapshot.logTails(), snapshot.now())));
        return new ComponentHealth(
            component,
            false,
            image,
            why.reason(),
            "not up for longer than its deadline of %d s: %s"
                .formatted(deadline.seconds(), why.message()),
            new Lateness(due, true));
      }
      return new ComponentHealth(
          component,
          false,
          image,
          trouble.map(PodDiagnosis::reason).orElse(Reason.COMPONENTS_STARTING),
          trouble
              .map(PodDiagnosis::message)
              .orElseGet(() ->
                  found.starting() + PodDiagnosis.saidWhileStarting(pods, snapshot.logTails())),
          new Lateness(due, false));
    }

    private Optional<Instant> due(Deadline deadline) {
      return pods.isEmpty()
          ? controller
              .since()
              .filter(begin -> controller.refused().isPresent())
              .map(deadline::after)
          : deadline
              .due(pods)
              .map(due ->
                  controller
                      .since()
                      .map(deadline::after)
                      .filter(later -> later.isAfter(due))
                      .orElse(due));
    }

    private Optional<PodDiagnosis> trouble() {
      return controller
          .refused()
          .flatMap(Refusal::ofPods)
          .map(refusal -> new PodDiagnosis(refusal.reason(), refusal.message()))
          .or(() -> volume(snapshot, component))
          .or(() -> PodDiagnosis.among(pods, snapshot.logTails(), snapshot.now()))
          .map(found -> Architectures.explain(found, pods, snapshot.surroundings().nodes().all()));
    }
  }

  /**
   * Whether every pod is of the newest template and their number is the desired one. A stuck
   * rollout leaves the old pods serving, so available pods alone do not mean success.
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

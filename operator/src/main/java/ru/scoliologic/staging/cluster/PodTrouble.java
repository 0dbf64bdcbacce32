package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.stage.Reason;

/**
 * Why a component's pod does not come up, told from the pod's status (pure).
 *
 * @param reason the named cause
 * @param message what the node or the scheduler says, with the container's last lines where it
 *     crashed; secrets masked by who gave the lines
 */
public record PodTrouble(Reason reason, String message) {
  /** What the kubelet says of an image that it cannot bring to the node. */
  private static final Set<String> PULL =
      Set.of(
          "ErrImagePull",
          "ImagePullBackOff",
          "ErrImageNeverPull",
          "InvalidImageName",
          "ImageInspectError",
          "RegistryUnavailable",
          "SignatureValidationFailed");

  private static final Set<String> CONFIG =
      Set.of(
          "CreateContainerConfigError",
          "CreateContainerError",
          "RunContainerError",
          "PreCreateHookError",
          "PreStartHookError",
          "PostStartHookError");

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** A container that ended well so often, and is to run on, will not stay the next time either. */
  private static final int ENDS_AGAIN = 2;

  /** The first trouble among the pods, if any. */
  public static Optional<PodTrouble> among(
      List<Pod> pods, Map<String, String> logTails, Instant now) {
    return pods.stream().flatMap(pod -> of(pod, logTails, now).stream()).findFirst();
  }

  /** Whether a container of the pod ended badly, so that its log is worth reading. */
  public static boolean crashed(Pod pod) {
    return containers(pod).anyMatch(c -> badEnd(c).isPresent() || StartupKill.ended(pod, c));
  }

  private static Optional<PodTrouble> of(Pod pod, Map<String, String> logTails, Instant now) {
    return containers(pod)
        .flatMap(c -> of(pod, c, logTails).stream())
        .findFirst()
        .or(() -> unschedulable(pod, now));
  }

  private static Optional<PodTrouble> of(
      Pod pod, ContainerStatus container, Map<String, String> logTails) {
    var waiting = container.getState() == null ? null : container.getState().getWaiting();
    var why = waiting == null ? "" : String.valueOf(waiting.getReason());
    if (PULL.contains(why)) {
      return Optional.of(
          new PodTrouble(
              Reason.IMAGE_PULL_FAILED,
              "image %s cannot be pulled: %s"
                  .formatted(container.getImage(), said(waiting.getMessage()))));
    }
    if (CONFIG.contains(why)) {
      return Optional.of(
          new PodTrouble(Reason.CONTAINER_CONFIG_ERROR, why + ": " + said(waiting.getMessage())));
    }
    if (Boolean.TRUE.equals(container.getReady())) {
      return Optional.empty();
    }
    if (StartupKill.ended(pod, container)) {
      return Optional.of(
          new PodTrouble(
              Reason.NOT_HEALTHY,
              "container %s was restarted, for its health check did not pass within %d s%s"
                  .formatted(
                      container.getName(),
                      StartupKill.patience(pod, container.getName()).orElseThrow().toSeconds(),
                      lastLines(pod, logTails))));
    }
    return badEnd(container)
        .map(end -> {
          var lines = lastLines(end, logTails.getOrDefault(pod.getMetadata().getName(), ""));
          if ("OOMKilled".equals(end.getReason())) {
            return new PodTrouble(
                Reason.OUT_OF_MEMORY,
                "container %s was killed for using more memory than its limit%s"
                    .formatted(container.getName(), lines));
          }
          return new PodTrouble(
              Reason.CONTAINER_CRASHING,
              "container %s ended with exit code %d%s%s"
                  .formatted(
                      container.getName(),
                      end.getExitCode(),
                      end.getExitCode() == 0 ? ", each time it was started" : "",
                      lines));
        });
  }

  /** The end of a sentence, empty when no log was read. */
  static String lastLines(Pod pod, Map<String, String> logTails) {
    var lines = logTails.getOrDefault(pod.getMetadata().getName(), "").strip();
    return lines.isEmpty() ? "" : "; its last lines: " + lines;
  }

  /** From the log; else what the node says, which is all there is when nothing could be run. */
  private static String lastLines(ContainerStateTerminated end, String log) {
    if (!log.isBlank()) {
      return "; its last lines: " + log.strip();
    }
    return end.getMessage() == null || end.getMessage().isBlank()
        ? ""
        : ": " + end.getMessage().strip();
  }

  /** How a container ended that is not ready: with an error, or without one again and again. */
  private static Optional<ContainerStateTerminated> badEnd(ContainerStatus container) {
    if (Boolean.TRUE.equals(container.getReady())) {
      return Optional.empty();
    }
    return PodSays.ends(container)
        .findFirst()
        .filter(end -> end.getExitCode() != 0 || endsAgain(container));
  }

  private static boolean endsAgain(ContainerStatus container) {
    var waiting = container.getState() == null ? null : container.getState().getWaiting();
    return (waiting != null && "CrashLoopBackOff".equals(waiting.getReason()))
        || (container.getRestartCount() != null && container.getRestartCount() >= ENDS_AGAIN);
  }

  private static Optional<PodTrouble> unschedulable(Pod pod, Instant now) {
    return pod.getStatus().getConditions().stream()
        .filter(c -> "PodScheduled".equals(c.getType()) && "False".equals(c.getStatus()))
        .filter(c -> waitedLong(c.getLastTransitionTime(), now))
        .findFirst()
        .map(c ->
            new PodTrouble(Reason.UNSCHEDULABLE, "no node can take it: " + said(c.getMessage())));
  }

  private static boolean waitedLong(String since, Instant now) {
    return since != null && Instant.parse(since).plus(PATIENCE).isBefore(now);
  }

  private static Stream<ContainerStatus> containers(Pod pod) {
    if (pod.getStatus() == null) {
      return Stream.empty();
    }
    return Stream.concat(
        pod.getStatus().getInitContainerStatuses().stream(),
        pod.getStatus().getContainerStatuses().stream());
  }

  private static String said(String message) {
    return message == null || message.isBlank() ? "no details given" : message;
  }
}

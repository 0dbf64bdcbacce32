package ru.scoliologic.staging.cluster.kube;

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
import ru.scoliologic.staging.cluster.log.KnownCures;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.stage.Reason;

/**
 * Why a component's pod does not become ready, from the pod's status.
 *
 * @param reason the named cause
 * @param message of the node or the scheduler, with the last lines of a container that crashed; the
 *     source of the lines masks secrets
 */
public record PodDiagnosis(Reason reason, String message) {
  /** The kubelet's waiting reasons for an image that cannot be pulled. */
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

  /** A long-running container that exited with 0 this often will exit again. */
  private static final int ENDS_AGAIN = 2;

  /** The first problem among the pods, if any. */
  public static Optional<PodDiagnosis> among(
      List<Pod> pods, Map<String, ProgramLog> logTails, Instant now) {
    return pods.stream().flatMap(pod -> of(pod, logTails, now).stream()).findFirst();
  }

  /** Whether a container of the pod ended with an error, so that its log is needed. */
  public static boolean crashed(Pod pod) {
    return containers(pod).anyMatch(c -> badEnd(c).isPresent() || StartupKill.ended(pod, c));
  }

  private static Optional<PodDiagnosis> of(Pod pod, Map<String, ProgramLog> logTails, Instant now) {
    return containers(pod)
        .flatMap(c -> of(pod, c, logTails).stream())
        .findFirst()
        .or(() -> unschedulable(pod, now));
  }

  private static Optional<PodDiagnosis> of(
      Pod pod, ContainerStatus container, Map<String, ProgramLog> logTails) {
    var waiting = container.getState() == null ? null : container.getState().getWaiting();
    var why = waiting == null ? "" : String.valueOf(waiting.getReason());
    if (PULL.contains(why)) {
      return Optional.of(
          new PodDiagnosis(
              Reason.IMAGE_PULL_FAILED,
              "image %s cannot be pulled: %s"
                  .formatted(container.getImage(), said(waiting.getMessage()))));
    }
    if (waiting != null && killedBeforeItStarted(waiting.getMessage())) {
      return Optional.of(outOfMemory(pod, container, logTails));
    }
    if (CONFIG.contains(why)) {
      return Optional.of(
          new PodDiagnosis(Reason.CONTAINER_CONFIG_ERROR, why + ": " + said(waiting.getMessage())));
    }
    if (Boolean.TRUE.equals(container.getReady())) {
      return Optional.empty();
    }
    if (StartupKill.ended(pod, container)) {
      return Optional.of(
          new PodDiagnosis(
              Reason.NOT_HEALTHY,
              ("container %s was restarted, because its health check did not pass within %d"
                      + " s%s")
                  .formatted(
                      container.getName(),
                      StartupKill.patience(pod, container.getName()).orElseThrow().toSeconds(),
                      log(pod, logTails).aside())));
    }
    return badEnd(container)
        .map(end -> {
          if (endedForMemory(end)) {
            return outOfMemory(pod, container, logTails);
          }
          var lines = lastLines(pod, end, log(pod, logTails));
          return new PodDiagnosis(
              Reason.CONTAINER_CRASHING,
              "container %s ended with exit code %d%s%s"
                  .formatted(
                      container.getName(),
                      end.getExitCode(),
                      end.getExitCode() == 0 ? ", each time it was started" : "",
                      lines));
        });
  }

  /** What the logs of starting pods report as blocking, to be appended to a sentence. */
  public static String saidWhileStarting(List<Pod> pods, Map<String, ProgramLog> logTails) {
    return pods.stream()
        .filter(PodDiagnosis::starts)
        .map(pod -> log(pod, logTails).asideWhileStarting())
        .filter(said -> !said.isEmpty())
        .findFirst()
        .orElse("");
  }

  /** Whether a container of the pod runs and is not ready. */
  static boolean starts(Pod pod) {
    return startedAt(pod).isPresent();
  }

  /** When the pod's running container that is not ready was started; empty without one. */
  public static Optional<Instant> startedAt(Pod pod) {
    return Stream.ofNullable(pod.getStatus())
        .flatMap(status -> status.getContainerStatuses().stream())
        .filter(c -> !Boolean.TRUE.equals(c.getReady()) && c.getState() != null)
        .flatMap(c -> Stream.ofNullable(c.getState().getRunning()))
        .flatMap(running -> Stream.ofNullable(running.getStartedAt()))
        .map(Instant::parse)
        .findFirst();
  }

  public static ProgramLog log(Pod pod, Map<String, ProgramLog> logTails) {
    return logTails.getOrDefault(pod.getMetadata().getName(), ProgramLog.NONE);
  }

  /** From the log, else the node's message, which is the only source when nothing could be run. */
  private static String lastLines(Pod pod, ContainerStateTerminated end, ProgramLog log) {
    if (!log.line().isEmpty()) {
      return log.quote();
    }
    if (end.getMessage() == null || end.getMessage().isBlank()) {
      return "";
    }
    var labels = pod.getMetadata().getLabels();
    var component = labels == null ? "" : labels.getOrDefault(Labels.COMPONENT, "");
    return ": "
        + end.getMessage().strip()
        + KnownCures.of(end.getMessage(), component).map(cure -> "; " + cure).orElse("");
  }

  private static PodDiagnosis outOfMemory(
      Pod pod, ContainerStatus container, Map<String, ProgramLog> logTails) {
    return new PodDiagnosis(
        Reason.OUT_OF_MEMORY,
        "container %s was killed for using more memory than its limit%s: raise its"
                .formatted(container.getName(), memoryLimit(pod, container.getName()))
            + " resources.limits.memory"
            + log(pod, logTails).tailOnly());
  }

  /** Includes a kill before the program started, when the limit is too low for the runtime. */
  private static boolean endedForMemory(ContainerStateTerminated end) {
    return "OOMKilled".equals(end.getReason()) || killedBeforeItStarted(end.getMessage());
  }

  private static boolean killedBeforeItStarted(String message) {
    return message != null && message.contains("container init was OOM-killed");
  }

  private static String memoryLimit(Pod pod, String container) {
    return pod.getSpec().getContainers().stream()
        .filter(spec -> spec.getName().equals(container) && spec.getResources() != null)
        .flatMap(spec -> Stream.ofNullable(spec.getResources().getLimits()))
        .flatMap(limits -> Stream.ofNullable(limits.get("memory")))
        .map(limit -> " of " + limit)
        .findFirst()
        .orElse("");
  }

  /** The last run of a container that is not ready, if it failed or exits repeatedly. */
  private static Optional<ContainerStateTerminated> badEnd(ContainerStatus container) {
    if (Boolean.TRUE.equals(container.getReady())) {
      return Optional.empty();
    }
    return PodStatuses.ends(container)
        .findFirst()
        .filter(end -> end.getExitCode() != 0 || endsAgain(container));
  }

  private static boolean endsAgain(ContainerStatus container) {
    var waiting = container.getState() == null ? null : container.getState().getWaiting();
    return (waiting != null && "CrashLoopBackOff".equals(waiting.getReason()))
        || (container.getRestartCount() != null && container.getRestartCount() >= ENDS_AGAIN);
  }

  private static Optional<PodDiagnosis> unschedulable(Pod pod, Instant now) {
    return pod.getStatus().getConditions().stream()
        .filter(c -> "PodScheduled".equals(c.getType()) && "False".equals(c.getStatus()))
        .filter(c -> waitedLong(c.getLastTransitionTime(), now))
        .findFirst()
        .map(c ->
            new PodDiagnosis(Reason.UNSCHEDULABLE, "no node can take it: " + said(c.getMessage())));
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

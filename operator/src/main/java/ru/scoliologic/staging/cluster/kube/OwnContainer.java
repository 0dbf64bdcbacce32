package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.OwnedObjects;

/**
 * Derives the result of a Job from its own containers. A sidecar that an admission policy injects
 * may run forever, so that the Job never ends, or be killed, so that the Job counts as failed
 * although its work is done.
 */
public final class OwnContainer {
  /** On a Job that ended this way: time, exit code and message of its container. */
  public static final String ENDED = "staging.scoliologic.ru/own-container-ended";

  private static final String REASON = "OwnContainerEnded";
  private static final int PARTS = 3;

  private OwnContainer() {}

  private record End(String at, int exitCode, String message) {
    static End of(ContainerStateTerminated terminated) {
      return new End(
          terminated.getFinishedAt(),
          terminated.getExitCode(),
          Objects.requireNonNullElse(terminated.getMessage(), ""));
    }

    static End of(String text) {
      var parts = text.split(" ", PARTS);
      return new End(parts[0], Integer.parseInt(parts[1]), parts[2]);
    }

    String text() {
      return "%s %d %s".formatted(at, exitCode, message);
    }

    JobCondition condition() {
      return new JobConditionBuilder()
          .withType(exitCode == 0 ? "Complete" : "Failed")
          .withStatus("True")
          .withReason(REASON)
          .withMessage(message)
          .withLastTransitionTime(at)
          .build();
    }
  }

  /** The objects, with the status of each Job derived from its own containers. */
  public static OwnedObjects jobs(OwnedObjects owned, List<Pod> pods) {
    return new OwnedObjects(
        owned.objects().stream()
            .map(object -> object instanceof Job job ? settled(job, pods) : object)
            .map(HasMetadata.class::cast)
            .toList());
  }

  private static Job settled(Job job, List<Pod> pods) {
    if (JobOutcome.condition(job, "Complete").isPresent()) {
      return job;
    }
    boolean failed = JobOutcome.condition(job, "Failed").isPresent();
    return recorded(job)
        .or(() -> end(job, pods).filter(end -> !failed || end.exitCode() == 0))
        .map(end ->
            new JobBuilder(job)
                .editOrNewStatus()
                .withConditions(end.condition())
                .endStatus()
                .build())
        .orElse(job);
  }

  private static Optional<End> recorded(Job job) {
    return Optional.ofNullable(job.getMetadata().getAnnotations())
        .map(annotations -> annotations.get(ENDED))
        .map(End::of);
  }

  private static Optional<End> end(Job job, List<Pod> pods) {
    return pods.stream()
        .filter(pod -> job.getMetadata().getName().equals(jobOf(pod)))
        .filter(pod -> hasOthers(pod, names(job)))
        .flatMap(pod -> end(pod, names(job)).stream())
        .max(Comparator.comparing(End::at));
  }

  private static Optional<End> end(Pod pod, Set<String> own) {
    var ends =
        statuses(pod, own).stream()
            .map(status -> status.getState() == null ? null : status.getState().getTerminated())
            .filter(end -> end != null && end.getFinishedAt() != null)
            .map(End::of)
            .toList();
    return ends.size() == own.size()
        ? ends.stream().max(Comparator.comparingInt(end -> Math.abs(end.exitCode())))
        : Optional.empty();
  }

  /** The pods with only the Job's own containers; a pod is over when those are. */
  public static List<Pod> pods(List<Pod> pods, OwnedObjects owned) {
    var jobs =
        owned.list(Job.class).stream()
            .collect(Collectors.toMap(job -> job.getMetadata().getName(), OwnContainer::names));
    return pods.stream()
        .map(pod -> {
          var own = jobs.get(jobOf(pod));
          return own == null || !hasOthers(pod, own) ? pod : alone(pod, own);
        })
        .toList();
  }

  private static Pod alone(Pod pod, Set<String> own) {
    var phase =
        end(pod, own)
            .map(end -> end.exitCode() == 0 ? "Succeeded" : "Failed")
            .orElse(pod.getStatus().getPhase());
    return new PodBuilder(pod)
        .editStatus()
        .withPhase(phase)
        .withContainerStatuses(statuses(pod, own))
        .endStatus()
        .build();
  }

  private static List<ContainerStatus> statuses(Pod pod, Set<String> own) {
    return pod.getStatus().getContainerStatuses().stream()
        .filter(status -> own.contains(status.getName()))
        .toList();
  }

  private static boolean hasOthers(Pod pod, Set<String> own) {
    return pod.getStatus() != null
        && pod.getSpec() != null
        && pod.getSpec().getContainers().stream()
            .anyMatch(container -> !own.contains(container.getName()));
  }

  private static Set<String> names(Job job) {
    return job.getSpec() == null || job.getSpec().getTemplate() == null
        ? Set.of()
        : job.getSpec().getTemplate().getSpec().getContainers().stream()
            .map(Container::getName)
            .collect(Collectors.toSet());
  }

  private static String jobOf(Pod pod) {
    var labels = pod.getMetadata().getLabels();
    return labels == null ? null : labels.get(JobOutcome.JOB_NAME);
  }

  /**
   * Whether a Job ended this way and its deadline would still delete the pod, and the result with
   * it.
   */
  public static boolean isToBeRecorded(Job job) {
    return isEnd(job)
        && recorded(job).isEmpty()
        && job.getSpec().getActiveDeadlineSeconds() != null;
  }

  /** Whether the result is recorded on the Job, so that its pod may be deleted. */
  public static boolean isRecorded(Job job) {
    return isEnd(job) && recorded(job).isPresent();
  }

  private static boolean isEnd(Job job) {
    return conditions(job).anyMatch(condition -> REASON.equals(condition.getReason()));
  }

  private static Stream<JobCondition> conditions(Job job) {
    return Stream.ofNullable(job.getStatus()).flatMap(status -> status.getConditions().stream());
  }

  /** The annotation that records the result; the Job is suspended with it, which ends its pod. */
  public static Map<String, String> annotation(Job job, SecretMasker masking) {
    var condition =
        conditions(job).filter(c -> REASON.equals(c.getReason())).findFirst().orElseThrow();
    var end =
        new End(
            condition.getLastTransitionTime(),
            "Complete".equals(condition.getType()) ? 0 : 1,
            masking.mask(condition.getMessage()));
    return Map.of(ENDED, end.text());
  }
}

package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How a Job ended (pure).
 *
 * @param good whether it did what it was made for
 * @param message what the last attempt said, whole and in one line; secrets are not masked
 */
public record JobEnd(boolean good, String message) {
  /** On a pod: the Job that made it. */
  public static final String JOB_NAME = "batch.kubernetes.io/job-name";

  private static final Duration PAUSE = Duration.ofSeconds(30);

  /** None while the Job is not there or has not ended. */
  public static Optional<JobEnd> of(Snapshot snapshot, String name) {
    var job = snapshot.owned().find(Job.class, name);
    return job.flatMap(j ->
        condition(j, "Complete")
            .map(c -> new JobEnd(true, ""))
            .or(() -> condition(j, "Failed").map(c -> new JobEnd(false, said(snapshot, name, c)))));
  }

  /** The condition that ended a Job: Complete or Failed; none while it is not true. */
  public static Optional<JobCondition> condition(Job job, String type) {
    return Stream.ofNullable(job.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> type.equals(c.getType()) && "True".equals(c.getStatus()))
        .findFirst();
  }

  /** Whether it failed so long ago that it may be made anew, where the cause is elsewhere. */
  public static boolean isToBeMadeAnew(Job job, Instant now) {
    return condition(job, "Failed")
        .map(JobCondition::getLastTransitionTime)
        .filter(at -> Instant.parse(at).plus(PAUSE).isBefore(now))
        .isPresent();
  }

  /** Whether a container of a Job was started at all, as far as its pods tell. */
  public static boolean begun(List<Pod> pods) {
    return pods.stream()
        .filter(pod -> pod.getStatus() != null)
        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
        .flatMap(c -> Stream.of(c.getState(), c.getLastState()))
        .filter(Objects::nonNull)
        .anyMatch(state -> state.getRunning() != null || state.getTerminated() != null);
  }

  private static String said(Snapshot snapshot, String job, JobCondition failed) {
    var text =
        snapshot.pods().stream()
            .filter(pod -> job.equals(pod.getMetadata().getLabels().get(JOB_NAME)))
            .filter(pod -> pod.getStatus() != null)
            .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
            .map(c -> c.getState() == null ? null : c.getState().getTerminated())
            .filter(Objects::nonNull)
            .max(Comparator.comparing(end -> String.valueOf(end.getFinishedAt())))
            .map(ContainerStateTerminated::getMessage)
            .filter(message -> !message.isBlank())
            .orElse(Objects.requireNonNullElse(failed.getMessage(), "no details given"));
    return text.strip().replaceAll("\\s*\\n\\s*", "; ");
  }
}

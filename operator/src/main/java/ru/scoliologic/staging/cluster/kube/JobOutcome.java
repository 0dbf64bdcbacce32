package ru.scoliologic.staging.cluster.kube;

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
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * The result of a Job.
 *
 * @param good whether the Job succeeded
 * @param message of the last attempt, complete and in one line; secrets are not masked
 */
public record JobOutcome(boolean good, String message) {
  /** Pod label with the name of the Job. */
  public static final String JOB_NAME = "batch.kubernetes.io/job-name";

  private static final Duration PAUSE = Duration.ofSeconds(30);

  /** Empty while the Job does not exist or has not ended. */
  public static Optional<JobOutcome> of(Snapshot snapshot, String name) {
    var job = snapshot.owned().find(Job.class, name);
    return job.flatMap(j ->
        condition(j, "Complete")
            .map(c -> new JobOutcome(true, ""))
            .or(() ->
                condition(j, "Failed").map(c -> new JobOutcome(false, said(snapshot, name, c)))));
  }

  /** The condition Complete or Failed of a Job; empty unless it is true. */
  public static Optional<JobCondition> condition(Job job, String type) {
    return Stream.ofNullable(job.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> type.equals(c.getType()) && "True".equals(c.getStatus()))
        .findFirst();
  }

  /** Whether the Job failed long enough ago to be recreated; for causes outside of the Job. */
  public static boolean isToBeMadeAnew(Job job, Instant now) {
    return condition(job, "Failed")
        .map(JobCondition::getLastTransitionTime)
        .filter(at -> Instant.parse(at).plus(PAUSE).isBefore(now))
        .isPresent();
  }

  /** Diagnosis over all pods of the Job. */
  public static Optional<PodDiagnosis> trouble(Snapshot snapshot, String job) {
    return trouble(
        snapshot,
        job,
        snapshot.pods().stream()
            .filter(pod -> job.equals(pod.getMetadata().getLabels().get(JOB_NAME)))
            .toList());
  }

  /** Diagnosis of the given pods, or why the Job has none. */
  public static Optional<PodDiagnosis> trouble(Snapshot snapshot, String job, List<Pod> pods) {
    return Optional.ofNullable(snapshot.surroundings().reports().warnings().get("Job/" + job))
        .filter(said -> pods.isEmpty())
        .flatMap(Refusal::ofPods)
        .map(refusal -> new PodDiagnosis(refusal.reason(), refusal.message()))
        .or(() ->
            PodDiagnosis.among(
                pods.stream().filter(pod -> !pod.isMarkedForDeletion()).toList(),
                snapshot.logTails(),
                snapshot.now()));
  }

  /** Whether a container of the Job was started, as far as its pods show. */
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

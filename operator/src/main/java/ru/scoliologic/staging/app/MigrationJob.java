package ru.scoliologic.staging.app;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.PodDiagnosis;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * A migration Job and its status.
 *
 * @param pods of the Job, including those that are being deleted
 */
record MigrationJob(Job job, List<Pod> pods) {
  /** On the Job: name of the database copy that preceded it. */
  static final String COPY = "staging.scoliologic.ru/database-copy";

  /** All Jobs that are not being deleted. */
  static List<MigrationJob> all(Snapshot snapshot) {
    return snapshot.owned().list(Job.class).stream()
        .filter(job -> ComponentName.MIGRATION.owns(job))
        .filter(job -> !job.isMarkedForDeletion())
        .map(job -> new MigrationJob(job, pods(snapshot, job.getMetadata().getName())))
        .toList();
  }

  private static List<Pod> pods(Snapshot snapshot, String name) {
    return snapshot.pods().stream().filter(pod -> name.equals(jobOf(pod))).toList();
  }

  /** Whether a pod of another Job, which may be deleted already, is still alive. */
  static boolean anotherLives(Snapshot snapshot, String name) {
    return snapshot.pods().stream()
        .filter(pod -> ComponentName.MIGRATION.owns(pod))
        .filter(pod -> !name.equals(jobOf(pod)))
        .anyMatch(pod -> !PodStatuses.isOver(pod));
  }

  private static String jobOf(Pod pod) {
    return pod.getMetadata().getLabels().get(JobOutcome.JOB_NAME);
  }

  String name() {
    return job.getMetadata().getName();
  }

  /** Id of the version that it migrates to. */
  String version() {
    return job.getMetadata().getLabels().get(Labels.VERSION);
  }

  /** Title of that version. */
  String title() {
    return job.getMetadata().getAnnotations().get(Labels.IMAGE);
  }

  /** Name of the database copy that preceded it, or empty. */
  String copy() {
    return job.getMetadata().getAnnotations().getOrDefault(COPY, "");
  }

  boolean succeeded() {
    return ended("Complete").isPresent() && !overran();
  }

  boolean runs() {
    return ended("Complete").isEmpty() && ended("Failed").isEmpty();
  }

  /** Start time of the Job; the maximum if unknown. */
  Instant startedAt() {
    return Optional.ofNullable(job.getStatus())
        .map(JobStatus::getStartTime)
        .map(Instant::parse)
        .orElse(Instant.MAX);
  }

  boolean begun() {
    return JobOutcome.begun(pods);
  }

  /** Whether it failed before its command was started, as its existing pod shows. */
  boolean failedUnbegun() {
    return ended("Failed").isPresent() && !pods.isEmpty() && !begun();
  }

  /** Whether it was stopped at its time limit, even with exit code 0. */
  boolean overran() {
    var limit = seconds();
    return limit.isPresent()
        && containers()
            .map(ContainerStatus::getState)
            .filter(Objects::nonNull)
            .map(ContainerState::getTerminated)
            .filter(end -> end != null && end.getStartedAt() != null && end.getFinishedAt() != null)
            .map(end ->
                Duration.between(
                    Instant.parse(end.getStartedAt()), Instant.parse(end.getFinishedAt())))
            .anyMatch(ran -> ran.toSeconds() >= limit.get());
  }

  /** Its time limit. */
  Optional<Integer> seconds() {
    return job.getSpec() == null
        ? Optional.empty()
        : job.getSpec().getTemplate().getSpec().getContainers().stream()
            .map(container -> container.getLivenessProbe())
            .filter(Objects::nonNull)
            .map(Probe::getInitialDelaySeconds)
            .findFirst();
  }

  /** The condition Complete or Failed. */
  Optional<JobCondition> ended(String type) {
    return JobOutcome.condition(job, type);
  }

  /** Diagnosis of its pod, or why it has none. */
  Optional<PodDiagnosis> trouble(Snapshot snapshot) {
    return JobOutcome.trouble(snapshot, name(), pods);
  }

  private Stream<ContainerStatus> containers() {
    return pods.stream()
        .filter(pod -> pod.getStatus() != null)
        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
        .filter(container -> ComponentName.MIGRATION.label().equals(container.getName()));
  }
}

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
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.Applier;
import ru.scoliologic.staging.cluster.JobEnd;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.PodTrouble;
import ru.scoliologic.staging.cluster.Refusal;
import ru.scoliologic.staging.cluster.Snapshot;

/**
 * A Job that migrates, and how it fares (pure).
 *
 * @param pods of the Job, those on their way out too
 */
record MigrationJob(Job job, List<Pod> pods) {
  /** On the Job: name of the copy of the database that was made before it. */
  static final String COPY = "staging.scoliologic.ru/database-copy";

  /** Every one that is not on its way out. */
  static List<MigrationJob> all(Snapshot snapshot) {
    return snapshot.owned().list(Job.class).stream()
        .filter(
            job -> Migration.COMPONENT.equals(job.getMetadata().getLabels().get(Labels.COMPONENT)))
        .filter(job -> !job.isMarkedForDeletion())
        .map(job -> new MigrationJob(job, pods(snapshot, job.getMetadata().getName())))
        .toList();
  }

  private static List<Pod> pods(Snapshot snapshot, String name) {
    return snapshot.pods().stream().filter(pod -> name.equals(jobOf(pod))).toList();
  }

  /** Whether a pod of a Job of another name, which may be gone already, still lives. */
  static boolean anotherLives(Snapshot snapshot, String name) {
    return snapshot.pods().stream()
        .filter(
            pod -> Migration.COMPONENT.equals(pod.getMetadata().getLabels().get(Labels.COMPONENT)))
        .filter(pod -> !name.equals(jobOf(pod)))
        .map(pod -> pod.getStatus() == null ? "" : Objects.toString(pod.getStatus().getPhase(), ""))
        .anyMatch(phase -> !Set.of("Succeeded", "Failed").contains(phase));
  }

  private static String jobOf(Pod pod) {
    return pod.getMetadata().getLabels().get(JobEnd.JOB_NAME);
  }

  String name() {
    return job.getMetadata().getName();
  }

  /** The version that it migrates to, by its id. */
  String version() {
    return job.getMetadata().getLabels().get(Labels.VERSION);
  }

  /** What people call that version. */
  String title() {
    return job.getMetadata().getAnnotations().get(Labels.IMAGE);
  }

  /** Name of the copy of the database that was made before it, or empty. */
  String copy() {
    return job.getMetadata().getAnnotations().getOrDefault(COPY, "");
  }

  boolean succeeded() {
    return ended("Complete").isPresent() && !overran();
  }

  boolean runs() {
    return ended("Complete").isEmpty() && ended("Failed").isEmpty();
  }

  /** When the cluster began with it; now and always where nobody knows. */
  Instant startedAt() {
    return Optional.ofNullable(job.getStatus())
        .map(JobStatus::getStartTime)
        .map(Instant::parse)
        .orElse(Instant.MAX);
  }

  /** Whether its command was started at all. */
  boolean begun() {
    return JobEnd.begun(pods);
  }

  /** Whether it failed before anything of it ran: its pod is there to prove it. */
  boolean failedUnbegun() {
    return ended("Failed").isPresent() && !pods.isEmpty() && !begun();
  }

  /** Whether it was stopped for it took too long; it may have ended well at that. */
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

  /** How long it may run. */
  Optional<Integer> seconds() {
    return job.getSpec() == null
        ? Optional.empty()
        : job.getSpec().getTemplate().getSpec().getContainers().stream()
            .map(container -> container.getLivenessProbe())
            .filter(Objects::nonNull)
            .map(Probe::getInitialDelaySeconds)
            .findFirst();
  }

  /** The condition that ended it: Complete or Failed. */
  Optional<JobCondition> ended(String type) {
    return JobEnd.condition(job, type);
  }

  /** What its pod meets, or why it gets none. */
  Optional<PodTrouble> trouble(Snapshot snapshot) {
    return Optional.ofNullable(snapshot.surroundings().warnings().get(Applier.key(job)))
        .filter(said -> pods.isEmpty())
        .flatMap(Refusal::ofPods)
        .map(refusal -> new PodTrouble(refusal.reason(), refusal.message()))
        .or(() ->
            PodTrouble.among(
                pods.stream().filter(pod -> !pod.isMarkedForDeletion()).toList(),
                snapshot.logTails(),
                snapshot.now()));
  }

  private Stream<ContainerStatus> containers() {
    return pods.stream()
        .filter(pod -> pod.getStatus() != null)
        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
        .filter(container -> Migration.COMPONENT.equals(container.getName()));
  }
}

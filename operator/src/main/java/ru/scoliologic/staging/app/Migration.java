package ru.scoliologic.staging.app;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.PodDiagnosis;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.DatabaseCopy;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The Job that migrates the database before a version is rolled out.
 *
 * @param held ids of the versions that must wait for their migration
 * @param result of the desired version's migration until it is done; empty without one
 * @param plan the planned Jobs
 * @param done ids of versions whose Job succeeded and still exists
 * @param copies names of the database copies that preceded existing Jobs, by version id
 * @param abandoned Jobs that have not begun and are no longer needed
 */
public record Migration(
    Set<String> held,
    Optional<StageResult> result,
    List<PlannedObject> plan,
    Set<String> done,
    Map<String, String> copies,
    List<Job> abandoned) {

  private static final int ATTEMPT_LENGTH = 6;
  private static final int MAX_MESSAGE = 3_000;

  /** Reasons that keep a pod from starting and are not the version's fault. */
  private static final Set<Reason> NOT_STARTED =
      Set.of(
          Reason.IMAGE_PULL_FAILED,
          Reason.UNSCHEDULABLE,
          Reason.CONTAINER_CONFIG_ERROR,
          Reason.QUOTA_EXCEEDED,
          Reason.ADMISSION_REFUSED);

  /**
   * The migration to run.
   *
   * @param version the desired version
   * @param retry retry request of its release, or empty; a new request is a new attempt
   * @param gaveUp the version's release if it failed and no retry is requested
   * @param free whether the database may be migrated now
   */
  public record Attempt(
      AppVersion version, String retry, Optional<StagingRelease> gaveUp, boolean free) {
    String id(AppResources app) {
      return Hash.of(app.configuration().value() + "/" + retry).substring(0, ATTEMPT_LENGTH);
    }
  }

  /**
   * Decides from the desired and the observed state.
   *
   * @param settled whether a version, by its id, no longer needs a migration
   * @param copies makes the copy of the database before, where configured
   * @param masking masks output of a Job's pod before it is cut
   */
  public static Migration decide(
      Snapshot snapshot,
      Rollout rollout,
      AppResources app,
      Attempt attempt,
      Predicate<String> settled,
      DatabaseCopy.Maker copies,
      SecretMasker masking) {
    if (snapshot.environment().getSpec().services().app().migration() == null) {
      return new Migration(Set.of(), Optional.empty(), List.of(), Set.of(), Map.of(), List.of());
    }
    return new Decision(snapshot, app, attempt, settled, copies, masking).of(rollout);
  }

  public boolean holds(AppVersion version) {
    return held.contains(version.id());
  }

  /** Whether the desired version's migration failed. */
  public boolean failed() {
    return result.filter(r -> r.reason() == Reason.MIGRATION_FAILED).isPresent();
  }

  private record Decision(
      Snapshot snapshot,
      AppResources app,
      Attempt attempt,
      Predicate<String> settled,
      DatabaseCopy.Maker copies,
      SecretMasker masking) {

    Migration of(Rollout rollout) {
      var jobs = MigrationJob.all(snapshot);
      var succeeded = jobs.stream().filter(MigrationJob::succeeded).toList();
      var done = succeeded.stream().map(MigrationJob::version).collect(Collectors.toSet());
      var copies =
          jobs.stream()
              .filter(job -> !job.copy().isEmpty())
              .collect(
                  Collectors.toMap(MigrationJob::version, MigrationJob::copy, (one, two) -> one));
      var held =
          rollout.kept().stream()
              .filter(version -> !AppResources.exists(snapshot, version))
              .filter(version -> !settled.test(version.id()) && !done.contains(version.id()))
              .map(AppVersion::id)
              .collect(Collectors.toSet());
      var plan = new ArrayList<PlannedObject>();
      Function<Optional<StageResult>, Migration> saying =
          said -> new Migration(held, said, plan, done, copies, List.of());
      var name = snapshot.names().migration(attempt.version().id(), attempt.id(app));
      // Kept for their logs until the version is retried or its release is deleted.
      jobs.stream()
          .filter(job -> job.ended("Failed").isPresent() && isGivenUp(job))
          .forEach(job -> plan.add(stays(job)));
      // Kept until the release records the success, so that no restart in between repeats it.
      succeeded.stream()
          .filter(job -> !settled.test(job.version()))
          .forEach(job -> plan.add(stays(job)));
      if (!held.contains(attempt.version().id())) {
        return saying.apply(Optional.empty());
      }
      if (attempt.gaveUp().isPresent()) {
        var remembered = attempt.gaveUp().map(Decision::remembered);
        return saying.apply(remembered);
      }
      var running = jobs.stream().filter(MigrationJob::runs).findFirst();
      // Two concurrent migrations would change the same database.
      if (running.isPresent()) {
        var job = running.get();
        if ((!job.name().equals(name) || !attempt.free()) && !job.begun()) {
          return new Migration(
              held, Optional.of(waits(job)), plan, done, copies, List.of(job.job()));
        }
        plan.add(stays(job));
        return saying.apply(Optional.of(runs(job)));
      }
      var there = jobs.stream().filter(job -> job.name().equals(name)).findFirst();
      if (there.filter(this::failedElsewhere).isPresent()) {
        return saying.apply(Optional.of(starts()));
      }
      if (there.isPresent()) {
        if (!isToBeMadeAnew(there.get())) {
          plan.add(stays(there.get()));
        }
        return saying.apply(there.map(this::failure));
      }
      boolean isFree = attempt.free() && !MigrationJob.anotherLives(snapshot, name);
      var copy = copy(name, isFree);
      var waits = copy.flatMap(DatabaseCopy::missing);
      copy.flatMap(DatabaseCopy::job).ifPresent(plan::add);
      plan.add(
          new PlannedObject(
              Stage.DEPLOYMENT,
              new MigrationResources(snapshot.environment())
                  .job(attempt.version(), name, copy.map(DatabaseCopy::file).orElse("")),
              !isFree || waits.isPresent()));
      return saying.apply(waits.or(() -> Optional.of(starts())));
    }

    private boolean isGivenUp(MigrationJob job) {
      boolean triedAgain =
          job.version().equals(attempt.version().id()) && attempt.gaveUp().isEmpty();
      return !triedAgain
          && snapshot
              .owned()
              .find(StagingRelease.class, snapshot.names().release(job.version()))
              .map(StagingRelease::getStatus)
              .filter(status -> status.failedWith() != null)
              .isPresent();
    }

    /** The copy that must precede the Job of that name; empty if not configured. */
    private Optional<DatabaseCopy> copy(String name, boolean isFree) {
      return Optional.of(snapshot.environment().getSpec().services().app().migration())
          .filter(AppSpec.Migration::backup)
          .map(migration ->
              copies.before(name, "the migration of version " + attempt.version().title(), isFree));
    }

    private static PlannedObject stays(MigrationJob job) {
      return new PlannedObject(Stage.DEPLOYMENT, job.job(), true);
    }

    private StageResult starts() {
      return new StageResult.Waiting(
          Reason.MIGRATION_RUNNING,
          "the migration of version %s %s"
              .formatted(
                  attempt.version().title(),
                  attempt.free() ? "starts" : "waits for PostgreSQL and Redis"));
    }

    private StageResult waits(MigrationJob job) {
      return new StageResult.Waiting(
          Reason.MIGRATION_RUNNING,
          ("the migration of version %s waits for the deletion of Job %s, of which"
                  + " nothing has run")
              .formatted(attempt.version().title(), job.name()),
          StageResult.Waiting.SOON);
    }

    private StageResult runs(MigrationJob job) {
      var trouble = job.trouble(snapshot);
      if (trouble.filter(t -> NOT_STARTED.contains(t.reason())).isPresent()) {
        return new StageResult.Failing(
            trouble.get().reason(),
            "the migration of version %s cannot start: %s"
                .formatted(job.title(), trouble.get().message()));
      }
      return new StageResult.Waiting(
          Reason.MIGRATION_RUNNING,
          "the migration of version %s runs: Job %s%s"
              .formatted(
                  job.title(), job.name(), trouble.map(t -> ", but " + t.message()).orElse("")));
    }

    /** The database was away during the run: the Job is deleted, and recreated when it is back. */
    private boolean failedElsewhere(MigrationJob job) {
      return job.ended("Failed").isPresent()
          && (!attempt.free()
              || job.startedAt().isBefore(Dependencies.ofTheProcessSince(snapshot)));
    }

    /** A node may have rejected the pod, which is not the version's fault. */
    private boolean isToBeMadeAnew(MigrationJob job) {
      return job.failedUnbegun() && JobOutcome.isToBeMadeAnew(job.job(), snapshot.now());
    }

    private StageResult failure(MigrationJob job) {
      if (job.failedUnbegun()) {
        return new StageResult.Failing(
            Reason.UNSCHEDULABLE,
            "the migration of version %s could not start and is tried again: %s"
                .formatted(
                    job.title(), job.ended("Failed").map(JobCondition::getMessage).orElse("")));
      }
      var why =
          job.trouble(snapshot)
              .map(PodDiagnosis::message)
              .or(() -> job.ended("Failed").map(JobCondition::getMessage))
              .orElse(job.pods().isEmpty() ? "its pod is gone, and its log with it" : "");
      return new StageResult.Stalled(
          Reason.MIGRATION_FAILED,
          "the migration of version %s failed: %s%s"
              .formatted(
                  job.title(),
                  job.overran()
                      ? "it ran longer than its %d seconds and was stopped; "
                          .formatted(job.seconds().orElseThrow())
                      : "",
                  bounded(
                      ProgramLog.with(
                          masking.mask(why),
                          job.copy().isEmpty()
                              ? ""
                              : "; the database before it is kept as " + job.copy()))));
    }

    /** The Job may be gone; its release has the message. */
    private static StageResult remembered(StagingRelease release) {
      return new StageResult.Stalled(Reason.MIGRATION_FAILED, release.getStatus().message());
    }
  }

  /** The cause is at the beginning. */
  private static String bounded(String text) {
    return text.length() <= MAX_MESSAGE ? text : text.substring(0, MAX_MESSAGE) + "…";
  }
}

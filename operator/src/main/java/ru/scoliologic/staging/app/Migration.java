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
import ru.scoliologic.staging.cluster.DatabaseCopy;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.JobEnd;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.PodTrouble;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The Job that prepares the database for a version before the version is rolled out (pure).
 *
 * @param held ids of the versions that may not start before their migration is done
 * @param result of the wanted version's migration while it is not done; none when nothing is to do
 * @param plan the Jobs that are to be there
 * @param done ids of versions whose Job succeeded and is still there
 * @param copies of the database that were made before Jobs that are there, by the version's id
 * @param abandoned Jobs that have not begun and are wanted no more
 */
public record Migration(
    Set<String> held,
    Optional<StageResult> result,
    List<Planned> plan,
    Set<String> done,
    Map<String, String> copies,
    List<Job> abandoned) {

  /** Of its own, for Services and Deployments select the application's pods by their component. */
  public static final String COMPONENT = "migration";

  private static final int ATTEMPT_LENGTH = 6;
  private static final int MAX_MESSAGE = 1500;

  /** What keeps a pod from starting and is no fault of the version. */
  private static final Set<Reason> NOT_STARTED =
      Set.of(
          Reason.IMAGE_PULL_FAILED,
          Reason.UNSCHEDULABLE,
          Reason.CONTAINER_CONFIG_ERROR,
          Reason.QUOTA_EXCEEDED,
          Reason.ADMISSION_REFUSED);

  /**
   * What is to be migrated.
   *
   * @param version that is wanted
   * @param retry what its release asks for, or empty; another text is another attempt
   * @param gaveUp the version's release if it failed and is not to be tried again
   */
  public record Attempt(Version version, String retry, Optional<StagingRelease> gaveUp) {
    String id(AppResources app) {
      return Hash.of(app.configuration() + "/" + retry).substring(0, ATTEMPT_LENGTH);
    }
  }

  /**
   * Decides from what is wanted and from what is there.
   *
   * @param settled whether a version, by its id, needs no migration any more
   * @param free whether the database can be migrated now
   * @param copies how the database is copied before, where that is asked for
   * @param masking of what a Job's pod says, before it is put into one line and cut
   */
  public static Migration decide(
      Snapshot snapshot,
      Rollout rollout,
      AppResources app,
      Attempt attempt,
      Predicate<String> settled,
      boolean free,
      DatabaseCopy.Maker copies,
      Masking masking) {
    if (snapshot.environment().getSpec().services().app().migration() == null) {
      return new Migration(Set.of(), Optional.empty(), List.of(), Set.of(), Map.of(), List.of());
    }
    return new Decision(snapshot, app, attempt, settled, free, copies, masking).of(rollout);
  }

  /** Whether a version may not start yet. */
  public boolean holds(Version version) {
    return held.contains(version.id());
  }

  /** Whether the wanted version's migration failed. */
  public boolean failed() {
    return result.filter(r -> r.reason() == Reason.MIGRATION_FAILED).isPresent();
  }

  /** What is decided upon, and the steps of deciding. */
  private record Decision(
      Snapshot snapshot,
      AppResources app,
      Attempt attempt,
      Predicate<String> settled,
      boolean free,
      DatabaseCopy.Maker copies,
      Masking masking) {

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
              .map(Version::id)
              .collect(Collectors.toSet());
      var plan = new ArrayList<Planned>();
      Function<Optional<StageResult>, Migration> saying =
          said -> new Migration(held, said, plan, done, copies, List.of());
      var name = snapshot.names().migration(attempt.version().id(), attempt.id(app));
      // Kept until the release has it in writing, so that no restart in between runs it twice.
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
      // Two at a time would change the same database.
      if (running.isPresent()) {
        var job = running.get();
        if ((!job.name().equals(name) || !free) && !job.begun()) {
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
      boolean isFree = free && !MigrationJob.anotherLives(snapshot, name);
      var copy = copy(name, isFree);
      var waits = copy.flatMap(DatabaseCopy::missing);
      copy.flatMap(DatabaseCopy::job).ifPresent(plan::add);
      plan.add(
          new Planned(
              Stage.DEPLOYMENT,
              new MigrationResources(snapshot.environment())
                  .job(attempt.version(), name, copy.map(DatabaseCopy::file).orElse("")),
              !isFree || waits.isPresent()));
      return saying.apply(waits.or(() -> Optional.of(starts())));
    }

    /** What is to be there before the Job of that name; none where none is asked for. */
    private Optional<DatabaseCopy> copy(String name, boolean isFree) {
      return Optional.of(snapshot.environment().getSpec().services().app().migration())
          .filter(AppSpec.Migration::backup)
          .map(migration ->
              copies.before(name, "the migration of version " + attempt.version().title(), isFree));
    }

    private static Planned stays(MigrationJob job) {
      return new Planned(Stage.DEPLOYMENT, job.job(), true);
    }

    private StageResult starts() {
      return new StageResult.Waiting(
          Reason.MIGRATION_RUNNING,
          "the migration of version %s %s"
              .formatted(
                  attempt.version().title(), free ? "starts" : "waits for PostgreSQL and Redis"));
    }

    private StageResult waits(MigrationJob job) {
      return new StageResult.Waiting(
          Reason.MIGRATION_RUNNING,
          "the migration of version %s waits until Job %s, of which nothing has run, is gone"
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

    /** The database went away from it: it goes, and is made anew when that is back. */
    private boolean failedElsewhere(MigrationJob job) {
      return job.ended("Failed").isPresent()
          && (!free || job.startedAt().isBefore(Needs.ofTheProcessSince(snapshot)));
    }

    /** A node may have refused the pod: that says nothing about the version. */
    private boolean isToBeMadeAnew(MigrationJob job) {
      return job.failedUnbegun() && JobEnd.isToBeMadeAnew(job.job(), snapshot.now());
    }

    private StageResult failure(MigrationJob job) {
      if (job.failedUnbegun()) {
        return new StageResult.Failing(
            Reason.UNSCHEDULABLE,
            "the migration of version %s could not begin and is tried again: %s"
                .formatted(
                    job.title(), job.ended("Failed").map(JobCondition::getMessage).orElse("")));
      }
      var why =
          job.trouble(snapshot)
              .map(PodTrouble::message)
              .or(() -> job.ended("Failed").map(JobCondition::getMessage))
              .orElse(job.pods().isEmpty() ? "its pod is gone, and its log with it" : "");
      return new StageResult.Stalled(
          Reason.MIGRATION_FAILED,
          "the migration of version %s failed: %s%s%s"
              .formatted(
                  job.title(),
                  job.overran()
                      ? "it ran longer than its %d seconds and was stopped; "
                          .formatted(job.seconds().orElseThrow())
                      : "",
                  oneLine(masking.mask(why)),
                  job.copy().isEmpty() ? "" : "; the database before it is kept as " + job.copy()));
    }

    /** The Job may be gone by now: its release has the words. */
    private static StageResult remembered(StagingRelease release) {
      return new StageResult.Stalled(Reason.MIGRATION_FAILED, release.getStatus().message());
    }
  }

  private static String oneLine(String text) {
    var line = text.strip().replaceAll("\\s*\\n\\s*", "; ");
    return line.length() <= MAX_MESSAGE ? line : "…" + line.substring(line.length() - MAX_MESSAGE);
  }
}

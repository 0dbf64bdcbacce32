package ru.scoliologic.staging.app;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.app.Rollout.Version;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.PodTrouble;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The Job that prepares the database for a version before the version is rolled out (pure).
 *
 * @param held hashes of the versions that may not start before their migration is done
 * @param result of the wanted version's migration while it is not done; none when nothing is to do
 * @param plan the Jobs that are to be there
 * @param done images whose Job succeeded and is still there
 */
public record Migration(
    Set<String> held, Optional<StageResult> result, List<Planned> plan, Set<String> done) {

  /** Of its own, for Services and Deployments select the application's pods by their component. */
  public static final String COMPONENT = "migration";

  private static final int ATTEMPT_LENGTH = 6;
  private static final int MAX_MESSAGE = 1500;

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
   * @param settled whether the version of an image needs no migration any more
   * @param free whether the database can be migrated now
   */
  public static Migration decide(
      Snapshot snapshot,
      Rollout rollout,
      AppResources app,
      Attempt attempt,
      Predicate<String> settled,
      boolean free) {
    if (snapshot.environment().getSpec().services().app().migration() == null) {
      return new Migration(Set.of(), Optional.empty(), List.of(), Set.of());
    }
    var jobs = jobs(snapshot);
    var succeeded = jobs.stream().filter(job -> ended(job, "Complete").isPresent()).toList();
    var done = succeeded.stream().map(Migration::image).collect(Collectors.toSet());
    var held =
        rollout.kept().stream()
            .filter(version -> !AppResources.exists(snapshot, version))
            .filter(version -> !settled.test(version.image()) && !done.contains(version.image()))
            .map(Version::hash)
            .collect(Collectors.toSet());
    // Kept until the release has it in writing, so that no restart in between runs it twice.
    var plan =
        new ArrayList<>(
            succeeded.stream()
                .filter(job -> !settled.test(image(job)))
                .map(job -> new Planned(Stage.DEPLOYMENT, job, true))
                .toList());
    if (!held.contains(attempt.version().hash())) {
      return new Migration(held, Optional.empty(), plan, done);
    }
    if (attempt.gaveUp().isPresent()) {
      return new Migration(held, attempt.gaveUp().map(Migration::remembered), plan, done);
    }
    var name = snapshot.names().migration(attempt.version().hash(), attempt.id(app));
    var running =
        jobs.stream()
            .filter(job -> ended(job, "Complete").isEmpty() && ended(job, "Failed").isEmpty())
            .findFirst();
    // Two at a time would change the same database.
    if (running.isPresent()) {
      plan.add(new Planned(Stage.DEPLOYMENT, running.get(), true));
      return new Migration(held, running.map(job -> runs(snapshot, job)), plan, done);
    }
    var there = jobs.stream().filter(job -> job.getMetadata().getName().equals(name)).findFirst();
    plan.add(
        there
            .map(job -> new Planned(Stage.DEPLOYMENT, job, true))
            .orElseGet(() ->
                new Planned(Stage.DEPLOYMENT, app.migration(attempt.version(), name), !free)));
    var result = there.map(job -> failure(snapshot, job)).orElseGet(() -> starts(attempt, free));
    return new Migration(held, Optional.of(result), plan, done);
  }

  /** Whether a version may not start yet. */
  public boolean holds(Version version) {
    return held.contains(version.hash());
  }

  /** Whether the wanted version's migration failed. */
  public boolean failed() {
    return result.filter(r -> r.reason() == Reason.MIGRATION_FAILED).isPresent();
  }

  private static StageResult starts(Attempt attempt, boolean free) {
    return new StageResult.Waiting(
        Reason.MIGRATION_RUNNING,
        "the migration of version %s %s"
            .formatted(
                attempt.version().image(), free ? "starts" : "waits for PostgreSQL and Redis"));
  }

  private static StageResult runs(Snapshot snapshot, Job job) {
    return new StageResult.Waiting(
        Reason.MIGRATION_RUNNING,
        "the migration of version %s runs: Job %s%s"
            .formatted(
                image(job),
                job.getMetadata().getName(),
                trouble(snapshot, job).map(t -> ", but " + t).orElse("")));
  }

  private static StageResult failure(Snapshot snapshot, Job job) {
    var why =
        trouble(snapshot, job)
            .or(() -> ended(job, "Failed").map(JobCondition::getMessage))
            .orElse("its pod is gone, and its log with it");
    return new StageResult.Stalled(
        Reason.MIGRATION_FAILED,
        "the migration of version %s failed: %s".formatted(image(job), oneLine(why)));
  }

  /** The Job may be gone by now: its release has the words. */
  private static StageResult remembered(StagingRelease release) {
    return new StageResult.Stalled(Reason.MIGRATION_FAILED, release.getStatus().message());
  }

  private static Optional<String> trouble(Snapshot snapshot, Job job) {
    var name = job.getMetadata().getName();
    return PodTrouble.among(
            snapshot.podsOf(COMPONENT).stream()
                .filter(pod ->
                    name.equals(pod.getMetadata().getLabels().get("batch.kubernetes.io/job-name")))
                .toList(),
            snapshot.logTails(),
            snapshot.now())
        .map(PodTrouble::message);
  }

  private static List<Job> jobs(Snapshot snapshot) {
    return snapshot.owned().list(Job.class).stream()
        .filter(job -> COMPONENT.equals(job.getMetadata().getLabels().get(Labels.COMPONENT)))
        .filter(job -> !job.isMarkedForDeletion())
        .toList();
  }

  private static String image(Job job) {
    return job.getMetadata().getAnnotations().get(Labels.IMAGE);
  }

  private static Optional<JobCondition> ended(Job job, String type) {
    return Stream.ofNullable(job.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> type.equals(c.getType()) && "True".equals(c.getStatus()))
        .findFirst();
  }

  private static String oneLine(String text) {
    var line = text.strip().replaceAll("\\s*\\n\\s*", "; ");
    return line.length() <= MAX_MESSAGE ? line : "…" + line.substring(line.length() - MAX_MESSAGE);
  }
}

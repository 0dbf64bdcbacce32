package ru.scoliologic.staging.app;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Optional;
import ru.scoliologic.staging.app.Rollout.Version;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.PodTrouble;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.stage.StageResult.Failing;
import ru.scoliologic.staging.stage.StageResult.Waiting;

/**
 * What has to happen to the database before a version starts (pure). A version that was up, or
 * whose release says that its migration ran, is never migrated for again.
 *
 * @param version it is for
 * @param state how far it is
 * @param job that does it, as long as it is needed
 * @param told why the version does not start yet; empty when it may
 */
public record Migration(
    Version version, State state, Optional<Job> job, Optional<StageResult> told) {

  private static final int HASH_LENGTH = 8;

  /** How far a migration is. */
  public enum State {
    NotNeeded,
    Running,
    Done,
    Failed
  }

  /**
   * Decides from what is there.
   *
   * @param version that is to start next
   * @param before whether its release says that the migration ran, or that it was up
   * @param attempt text that a person changes to have it tried again; may be empty
   */
  public static Migration decide(
      Snapshot snapshot, AppResources app, Version version, boolean before, String attempt) {
    var spec = snapshot.environment().getSpec().services().app().migration();
    if (spec == null || before || AppResources.exists(snapshot, version)) {
      return new Migration(version, State.NotNeeded, Optional.empty(), Optional.empty());
    }
    var hash = Hash.of(version.image() + "\n" + app.configuration() + "\n" + attempt);
    var name = snapshot.names().migration(hash.substring(0, HASH_LENGTH));
    var planned = app.migration(version, name);
    var job = snapshot.owned().find(Job.class, name);
    if (job.filter(j -> ended(j, "Complete")).isPresent()) {
      return new Migration(version, State.Done, Optional.of(planned), Optional.empty());
    }
    if (job.filter(j -> ended(j, "Failed")).isPresent()) {
      return new Migration(
          version,
          State.Failed,
          Optional.of(planned),
          Optional.of(failed(snapshot, version, name)));
    }
    return new Migration(
        version,
        State.Running,
        Optional.of(planned),
        Optional.of(running(snapshot, version, name)));
  }

  /** Whether a version may not start yet. */
  public boolean holds(Version candidate) {
    return version.equals(candidate) && told.isPresent();
  }

  public boolean failed() {
    return state == State.Failed;
  }

  private static StageResult running(Snapshot snapshot, Version version, String job) {
    return PodTrouble.among(pods(snapshot, job), snapshot.logTails(), snapshot.now())
        .filter(t -> t.reason() != Reason.CONTAINER_CRASHING)
        .<StageResult>map(t -> new Failing(t.reason(), "migration: " + t.message()))
        .orElseGet(() ->
            new Waiting(
                Reason.MIGRATION_RUNNING,
                "the database is migrated for version " + version.image(),
                Waiting.SOON));
  }

  private static StageResult failed(Snapshot snapshot, Version version, String job) {
    var lines =
        pods(snapshot, job).stream()
            .map(Pod::getMetadata)
            .map(pod -> snapshot.logTails().getOrDefault(pod.getName(), "").strip())
            .filter(tail -> !tail.isEmpty())
            .findFirst();
    var why =
        snapshot
            .owned()
            .find(Job.class, job)
            .flatMap(j ->
                j.getStatus().getConditions().stream()
                    .filter(c -> "Failed".equals(c.getType()))
                    .findFirst())
            .map(c ->
                "DeadlineExceeded".equals(c.getReason())
                    ? "it took longer than it may"
                    : String.valueOf(c.getMessage()))
            .orElse("");
    return new Failing(
        Reason.MIGRATION_FAILED,
        "the migration for version %s failed: %s"
            .formatted(version.image(), lines.map(l -> "its last lines: " + l).orElse(why)));
  }

  private static List<Pod> pods(Snapshot snapshot, String job) {
    return snapshot.podsOf(AppResources.MIGRATION).stream()
        .filter(pod -> job.equals(pod.getMetadata().getLabels().get("job-name")))
        .toList();
  }

  private static boolean ended(Job job, String how) {
    return job.getStatus() != null
        && job.getStatus().getConditions().stream()
            .anyMatch(c -> how.equals(c.getType()) && "True".equals(c.getStatus()));
  }
}

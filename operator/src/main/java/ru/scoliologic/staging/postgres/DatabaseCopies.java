package ru.scoliologic.staging.postgres;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Optional;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.DatabaseCopy;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Copies of the database on the backup volume, made before irreversible operations. As for every
 * task, a Job's name is a hash of the request, so that no pass of any operator makes a second copy.
 *
 * @param masking masks the output of a Job
 */
public record DatabaseCopies(Snapshot snapshot, SecretMasker masking)
    implements DatabaseCopy.Maker {
  static final String COMMAND = "copy";

  @Override
  public DatabaseCopy before(String request, String what, boolean free) {
    var volume =
        snapshot
            .owned()
            .find(PersistentVolumeClaim.class, snapshot.names().postgres())
            .map(claim -> claim.getMetadata().getUid())
            .orElse("");
    var id = DatabaseTasks.id(COMMAND + "/" + request, volume);
    var name = DatabaseTasks.job(snapshot, COMMAND, id);
    var there = snapshot.owned().find(Job.class, name);
    var file = there.map(this::file).orElse("");
    var state = DatabaseTasks.state(there);
    if (state == DatabaseTasks.State.ABSENT) {
      var waitsFor = DatabaseTasks.waitsFor(snapshot, state, name);
      var job = new DatabaseTaskResources(snapshot.environment()).job(COMMAND, id, name);
      return new DatabaseCopy(
          file,
          Optional.of(new PlannedObject(Stage.DEPLOYMENT, job, !free || waitsFor.isPresent())),
          Optional.of(
              waiting(
                  what
                      + waitsFor
                          .map(other -> " waits for " + other)
                          .orElse(
                              free
                                  ? " waits for a copy of the database"
                                  : " waits for the database"))));
    }
    var stays = there.map(job -> new PlannedObject(Stage.DEPLOYMENT, job, true));
    return switch (state) {
      case SUCCEEDED ->
          free
              ? new DatabaseCopy(file, stays, Optional.empty())
              // Operations before the migration may change the database, so the copy is made again.
              : new DatabaseCopy(
                  "", Optional.empty(), Optional.of(waiting(what + " waits for the database")));
      case FAILED ->
          new DatabaseCopy(
              file,
              stays.filter(job -> !JobOutcome.isToBeMadeAnew(there.get(), snapshot.now())),
              Optional.of(failing(there.get(), what)));
      default ->
          new DatabaseCopy(
              file,
              stays,
              Optional.of(
                  waiting(
                      "%s waits for a copy of the database: Job %s runs%s"
                          .formatted(what, name, DatabaseTasks.trouble(snapshot, name)))));
    };
  }

  /** Name of the copy, as in the script. */
  private String file(Job job) {
    return "%s-before-migration-%s.dump"
        .formatted(
            snapshot.environment().getSpec().services().postgres().database(),
            job.getMetadata().getUid().replaceAll("-.*", ""));
  }

  private static StageResult waiting(String message) {
    return new StageResult.Waiting(Reason.MIGRATION_RUNNING, message, StageResult.Waiting.SOON);
  }

  private StageResult failing(Job job, String what) {
    return new StageResult.Failing(
        Reason.BACKUP_FAILED,
        "%s cannot begin, for the database could not be copied before it, which is tried again: %s"
            .formatted(
                what,
                TaskReport.message(snapshot, job, masking)
                    .orElse("its pod is gone, and its log with it")));
  }
}

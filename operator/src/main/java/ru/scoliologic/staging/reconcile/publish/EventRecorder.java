package ru.scoliologic.staging.reconcile.publish;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.postgres.TaskKind;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Reports transitions of conditions, as Events on the environment and as lines in the log. */
public final class EventRecorder {
  /** The running version is healthy, but not the one last requested. */
  private static final Set<String> NOT_AS_ASKED =
      Stream.of(
              Reason.ROTATION_FAILED,
              Reason.COMMIT_FAILED,
              Reason.ROLLED_BACK,
              Reason.STORAGE_CANNOT_GROW,
              Reason.STORAGE_CANNOT_SHRINK,
              Reason.STORAGE_CLASS_CANNOT_CHANGE)
          .map(Reason::camelCase)
          .collect(Collectors.toSet());

  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
  private static final String REPORTER = "staging.scoliologic.ru/operator";
  private static final int MAX_NOTE = 1_000;

  private final KubernetesClient client;
  private final String instance;
  private final OperatorMetrics metrics;

  public EventRecorder(KubernetesClient client, String instance, OperatorMetrics metrics) {
    this.client = client;
    this.instance = instance;
    this.metrics = metrics;
  }

  /**
   * Reports the transitions of conditions.
   *
   * @param results of the pass that led to them: a waiting result is no warning
   */
  public void transitions(
      StagingEnvironment environment,
      List<Condition> before,
      List<Condition> after,
      Collection<StageResult> results,
      Instant now) {
    var waiting =
        results.stream()
            .filter(StageResult.Waiting.class::isInstance)
            .map(result -> result.reason().camelCase())
            .collect(Collectors.toSet());
    for (var condition : after) {
      var last = Conditions.find(before, condition.getType());
      boolean same =
          last.filter(l ->
                  l.getStatus().equals(condition.getStatus())
                      && l.getReason().equals(condition.getReason()))
              .isPresent();
      boolean derived =
          condition.getType().equals(Conditions.RECONCILING)
              || condition.getType().equals(Conditions.STALLED)
              || condition.getReason().equals(Reason.AWAITING_PREVIOUS_STAGE.camelCase())
              || condition.getReason().equals(Reason.NOT_ASSESSED.camelCase());
      if (!same && !derived && !repeatsStage(condition, after)) {
        tell(environment, condition, waiting, now);
      }
    }
  }

  /** Ready repeats the stage that is not done: one event is enough. */
  private static boolean repeatsStage(Condition condition, List<Condition> all) {
    var derived = List.of(Conditions.READY, Conditions.RECONCILING, Conditions.STALLED);
    return condition.getType().equals(Conditions.READY)
        && all.stream()
            .filter(other -> !derived.contains(other.getType()))
            .anyMatch(other -> other.getReason().equals(condition.getReason()));
  }

  /** Ended tasks, and backups made or failed; a failed backup has no condition. */
  public void database(
      StagingEnvironment environment,
      StagingEnvironmentStatus before,
      StagingEnvironmentStatus after,
      Instant now) {
    var last = before == null ? null : before.backup();
    var backup = after.backup();
    if (backup != null) {
      var lastGood = last == null ? null : last.lastGood();
      if (backup.file() != null
          && !(Objects.equals(backup.lastGood(), lastGood)
              && Objects.equals(backup.file(), last.file()))) {
        var note = "Backup: %s, %d bytes".formatted(backup.file(), backup.bytes());
        write(environment, Reason.BACKUP_DONE.camelCase(), "Normal", note, now);
      }
      if (backup.lastFailure() != null
          && !Objects.equals(backup.lastFailure(), last == null ? null : last.lastFailure())) {
        var note = "Backup failed: " + backup.failure();
        write(environment, Reason.BACKUP_FAILED.camelCase(), "Warning", note, now);
      }
    }
    var known =
        before == null || before.databaseTasks() == null ? List.of() : before.databaseTasks();
    for (var kind : List.of(TaskKind.SEED, TaskKind.RESET, TaskKind.RESTORE)) {
      Stream.ofNullable(after.databaseTasks())
          .flatMap(List::stream)
          .filter(task -> task.task().equals(kind.title()) && task.state().equals("Succeeded"))
          .filter(task -> !known.contains(task))
          .forEach(task ->
              write(
                  environment,
                  kind.succeeded().camelCase(),
                  "Normal",
                  kind.title() + ": " + task.message(),
                  now));
    }
  }

  /** Completed rotations; a failed one is reported by its condition. */
  public void rotations(
      StagingEnvironment environment,
      StagingEnvironmentStatus before,
      StagingEnvironmentStatus after,
      Instant now) {
    var known = before == null || before.rotations() == null ? List.of() : before.rotations();
    Stream.ofNullable(after.rotations())
        .flatMap(List::stream)
        .filter(row -> row.step().equals("Done") && !known.contains(row))
        .forEach(row ->
            write(
                environment,
                Reason.ROTATED.camelCase(),
                "Normal",
                "rotation %d of %s: %s".formatted(row.rotation(), row.key(), row.message()),
                now));
  }

  /** A notification that cannot be delivered. */
  public void notification(StagingEnvironment environment, String sentence, Instant now) {
    write(environment, Reason.NOTIFICATION_FAILED.camelCase(), "Warning", sentence, now);
  }

  private void tell(
      StagingEnvironment environment, Condition condition, Set<String> waiting, Instant now) {
    var metadata = environment.getMetadata();
    boolean bad =
        (condition.getStatus().equals("False") && !waiting.contains(condition.getReason()))
            || NOT_AS_ASKED.contains(condition.getReason());
    LOG.atInfo()
        .addKeyValue("namespace", metadata.getNamespace())
        .addKeyValue("environment", metadata.getName())
        .addKeyValue("condition", condition.getType())
        .addKeyValue("status", condition.getStatus())
        .addKeyValue("reason", condition.getReason())
        .log(condition.getMessage());
    write(
        environment,
        condition.getReason(),
        bad ? "Warning" : "Normal",
        condition.getType() + ": " + condition.getMessage(),
        now);
  }

  private void write(
      StagingEnvironment environment, String reason, String type, String note, Instant now) {
    var metadata = environment.getMetadata();
    var at = now.truncatedTo(ChronoUnit.SECONDS).toString();
    var event =
        new EventBuilder()
            .withNewMetadata()
            .withGenerateName(metadata.getName() + "-")
            .withNamespace(metadata.getNamespace())
            .endMetadata()
            // kubectl sorts by these; events of events.k8s.io/v1 cannot have them.
            .withFirstTimestamp(at)
            .withLastTimestamp(at)
            .withCount(1)
            .withNewSource()
            .withComponent(REPORTER)
            .endSource()
            .withReportingComponent(REPORTER)
            .withReportingInstance(instance)
            .withReason(reason)
            .withType(type)
            .withMessage(note.length() <= MAX_NOTE ? note : note.substring(0, MAX_NOTE) + "…")
            .withNewInvolvedObject()
            .withApiVersion(environment.getApiVersion())
            .withKind(environment.getKind())
            .withName(metadata.getName())
            .withNamespace(metadata.getNamespace())
            .withUid(metadata.getUid())
            .endInvolvedObject()
            .build();
    try {
      client.resource(event).create();
      metrics.wrote("create", event.getKind());
    } catch (KubernetesClientException e) {
      // An event is optional: a namespace that is being deleted refuses it.
      LOG.atDebug().addKeyValue("reason", reason).log("event not written");
    }
  }
}

package ru.scoliologic.staging.postgres;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Backup;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.DatabaseTask;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Status of backups and tasks: from Jobs and pods, or from the previous status where they are gone.
 *
 * @param backup null before the first one
 * @param tasks the last one of each kind; null before the first one
 */
public record TaskReport(Backup backup, List<DatabaseTask> tasks) {
  private static final Pattern FILE = Pattern.compile("file=([^ ,]+) bytes=([0-9]{1,18})");
  private static final int MAX_MESSAGE = 600;

  /**
   * Builds the report.
   *
   * @param refused what the cluster refused in this pass
   * @param masking masks the output of the Jobs before it is joined and cut
   */
  public static TaskReport of(
      Snapshot snapshot, DatabaseTasks tasks, List<Refusal> refused, SecretMasker masking) {
    var last = snapshot.environment().getStatus();
    var said = new ArrayList<DatabaseTask>();
    for (var kind : TaskKind.values()) {
      var before = before(last, kind);
      now(snapshot, tasks, kind, before, refused, masking).or(() -> before).ifPresent(said::add);
    }
    return new TaskReport(
        backup(snapshot, last == null ? null : last.backup(), masking),
        said.isEmpty() ? null : said);
  }

  Optional<DatabaseTask> task(TaskKind kind) {
    return tasks == null
        ? Optional.empty()
        : tasks.stream().filter(task -> task.task().equals(kind.title())).findFirst();
  }

  private static Optional<DatabaseTask> before(StagingEnvironmentStatus last, TaskKind kind) {
    return Stream.ofNullable(last == null ? null : last.databaseTasks())
        .flatMap(List::stream)
        .filter(task -> kind.title().equals(task.task()))
        .findFirst();
  }

  private static Optional<DatabaseTask> now(
      Snapshot snapshot,
      DatabaseTasks tasks,
      TaskKind kind,
      Optional<DatabaseTask> before,
      List<Refusal> refused,
      SecretMasker masking) {
    var request = kind.request(snapshot.environment().getSpec().services().postgres());
    var shown = kind == TaskKind.SEED ? null : request.orElse(null);
    var step = tasks.step().filter(s -> s.kind() == kind);
    var refusal = step.flatMap(s -> refusal(s, refused));
    if (refusal.isPresent()) {
      return Optional.of(
          new DatabaseTask(
              kind.title(),
              shown,
              "Refused",
              masking.mask(
                  "%s cannot begin, which is tried again; %s. %s"
                      .formatted(
                          kind.command(),
                          tasks.holdTheApp()
                              ? "the application waits for it"
                              : "nothing is stopped for it",
                          refusal.get().message())),
              null));
    }
    if (step.isPresent()) {
      return Optional.of(
          new DatabaseTask(
              kind.title(),
              shown,
              "Running",
              masking.mask(tasks.message(snapshot, step.get())),
              null));
    }
    return request
        .flatMap(text -> ended(snapshot, kind, text))
        .map(job -> {
          boolean good = JobOutcome.condition(job, "Complete").isPresent();
          var state = good ? "Succeeded" : "Failed";
          var message =
              message(snapshot, job, masking)
                  .or(() ->
                      before
                          .filter(b -> Objects.equals(b.request(), shown))
                          .filter(b -> state.equals(b.state()))
                          .map(DatabaseTask::message))
                  .orElse(good ? "done" : "its pod is gone, and its log with it");
          return new DatabaseTask(kind.title(), shown, state, message, time(job));
        });
  }

  private static Optional<Refusal> refusal(DatabaseTasks.Step step, List<Refusal> refused) {
    return refused.stream()
        .filter(refusal -> refusal.object().equals("Job/" + step.job()))
        .findFirst();
  }

  /** The Job that decided a request; a trial only if it failed. */
  private static Optional<Job> ended(Snapshot snapshot, TaskKind kind, String request) {
    var claim = snapshot.owned().find(PersistentVolumeClaim.class, snapshot.names().postgres());
    return claim.flatMap(volume -> {
      var id = DatabaseTasks.id(kind, request, volume);
      var jobs = snapshot.owned();
      return jobs.find(Job.class, DatabaseTasks.job(snapshot, kind.command(), id))
          .filter(job ->
              JobOutcome.condition(job, "Complete").isPresent()
                  || JobOutcome.condition(job, "Failed").isPresent())
          .or(() ->
              kind.trial()
                  .flatMap(trial -> jobs.find(Job.class, DatabaseTasks.job(snapshot, trial, id)))
                  .filter(job -> JobOutcome.condition(job, "Failed").isPresent()));
    });
  }

  private static Backup backup(Snapshot snapshot, Backup before, SecretMasker masking) {
    var jobs =
        DatabaseTasks.jobs(snapshot).stream().filter(DatabaseTaskResources::makesBackup).toList();
    var good = newest(jobs, "Complete");
    var bad = newest(jobs, "Failed");
    var lastGood = later(good.map(TaskReport::time), before == null ? null : before.lastGood());
    var file =
        good.filter(job -> Objects.equals(time(job), lastGood))
            .flatMap(job -> message(snapshot, job, masking))
            .map(FILE::matcher)
            .filter(matcher -> matcher.find());
    boolean same = before != null && Objects.equals(before.lastGood(), lastGood);
    var lastFailure =
        later(bad.map(TaskReport::time), before == null ? null : before.lastFailure());
    if (lastGood == null && lastFailure == null) {
      return null;
    }
    boolean mended = lastGood != null && lastFailure != null && lastFailure.compareTo(lastGood) < 0;
    var failure =
        bad.filter(job -> Objects.equals(time(job), lastFailure))
            .flatMap(job -> message(snapshot, job, masking))
            .orElse(before == null ? null : before.failure());
    return new Backup(
        lastGood,
        file.map(m -> m.group(1)).orElse(same ? before.file() : null),
        file.map(m -> Long.valueOf(m.group(2))).orElse(same ? before.bytes() : null),
        mended ? null : lastFailure,
        mended || lastFailure == null ? null : failure);
  }

  private static Optional<Job> newest(List<Job> jobs, String end) {
    return jobs.stream()
        .filter(job -> JobOutcome.condition(job, end).isPresent())
        .max(Comparator.comparing(TaskReport::time));
  }

  /** Timestamps of the API server sort as text. */
  private static String later(Optional<String> time, String before) {
    return Stream.concat(time.stream(), Stream.ofNullable(before))
        .max(Comparator.naturalOrder())
        .orElse(null);
  }

  private static String time(Job job) {
    return JobOutcome.condition(job, "Complete")
        .or(() -> JobOutcome.condition(job, "Failed"))
        .map(JobCondition::getLastTransitionTime)
        .orElse("");
  }

  /** The result that the last attempt wrote, or the end of its log. */
  static Optional<String> message(Snapshot snapshot, Job job, SecretMasker masking) {
    return snapshot.pods().stream()
        .filter(pod ->
            job.getMetadata()
                .getName()
                .equals(pod.getMetadata().getLabels().get(JobOutcome.JOB_NAME)))
        .filter(pod -> pod.getStatus() != null)
        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
        .map(
            container -> container.getState() == null ? null : container.getState().getTerminated())
        .filter(Objects::nonNull)
        .max(Comparator.comparing(end -> String.valueOf(end.getFinishedAt())))
        .map(ContainerStateTerminated::getMessage)
        .filter(text -> !text.isBlank())
        .filter(text -> !tooLate(job))
        .or(() ->
            JobOutcome.condition(job, "Failed")
                .map(condition -> tooLate(job) ? late(job) : condition.getMessage()))
        .map(masking::mask)
        .map(said -> JobOutcome.condition(job, "Failed").isPresent() ? cause(said) : said)
        .map(TaskReport::oneLine);
  }

  /** Its pods were killed at the deadline, so the end of their log does not name the cause. */
  private static boolean tooLate(Job job) {
    return JobOutcome.condition(job, "Failed")
        .filter(c -> "DeadlineExceeded".equals(c.getReason()))
        .isPresent();
  }

  private static String late(Job job) {
    return "not done within %d seconds: raise spec.services.postgres.tasks.timeoutSeconds"
        .formatted(job.getSpec().getActiveDeadlineSeconds());
  }

  private static String cause(String said) {
    return ProgramLog.of(said, ComponentName.POSTGRES.label()).words();
  }

  private static String oneLine(String text) {
    var line = text.strip().replaceAll("\\s*\\n\\s*", "; ");
    return line.length() <= MAX_MESSAGE ? line : line.substring(0, MAX_MESSAGE) + "…";
  }
}

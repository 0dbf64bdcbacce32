package ru.scoliologic.staging.validation;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Container;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.api.ValidationSpec.ResultKind;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The container checks: which Job must run, which Job has the result, and the result. A Job applies
 * to one subject: another version, configuration or request of the release is another Job. An old
 * Job is run again; its result holds until the new one ends.
 *
 * @param snapshot of the cluster
 * @param plan every object; the Jobs among them are held, for they start by {@link #due()}
 * @param runs status of each check
 */
public record ContainerChecks(Snapshot snapshot, List<PlannedObject> plan, List<Run> runs) {
  private static final ComponentName COMPONENT = ComponentName.CHECK;

  private static final String DEADLINE = "DeadlineExceeded";

  /** A failed critical check is run again after this time, if its period is longer. */
  static final Duration AFTER_FAILURE = Duration.ofMinutes(5);

  private static final int ID_LENGTH = 8;
  private static final int RUN_LENGTH = 6;

  /**
   * The subject of the checks.
   *
   * @param image that serves
   * @param request of the release, or empty; another text is another run
   * @param secrets the values to which variables refer; only their hash is used
   */
  public record Surface(
      String image,
      String request,
      ConfigurationHash configuration,
      Entrance entrance,
      Map<KeyRef, String> secrets) {
    @Override
    public String toString() {
      return "Surface[" + image + ", " + entrance + "]";
    }
  }

  /**
   * The ingress, as a container reaches it.
   *
   * @param address or empty while there is none
   * @param caBundle PEM certificates of a custom authority, or empty
   * @param grafana whether it runs
   * @param checkTokenKey key of the credentials that authenticate requests to a protected domain
   */
  public record Entrance(String address, String caBundle, boolean grafana, String checkTokenKey) {}

  /**
   * One check.
   *
   * @param answered the Job whose result holds
   * @param running a Job that has not ended
   * @param due a Job that must start now
   */
  record Run(Container check, Optional<Job> answered, Optional<Job> running, Optional<Job> due) {
    Stream<Job> jobs() {
      return Stream.of(answered, running, due).flatMap(Optional::stream);
    }

    /** When it must run again, if nothing runs. */
    Optional<Instant> next() {
      return running.isPresent() || due.isPresent()
          ? Optional.empty()
          : answered.map(job -> again(check, job));
    }
  }

  /** Decides from the desired checks and the existing Jobs. */
  public static ContainerChecks decide(Snapshot snapshot, Surface surface) {
    var checks = snapshot.environment().getSpec().validation().containers();
    if (checks.isEmpty()) {
      return new ContainerChecks(snapshot, List.of(), List.of());
    }
    var resources = new ContainerCheckResources(snapshot.environment(), surface);
    var runs = checks.stream().map(check -> run(snapshot, check, surface, resources)).toList();
    var plan = new ArrayList<PlannedObject>();
    resources.shared().forEach(object -> plan.add(new PlannedObject(Stage.VALIDATION, object)));
    runs.stream()
        .flatMap(Run::jobs)
        .forEach(job -> plan.add(new PlannedObject(Stage.VALIDATION, job, true)));
    return new ContainerChecks(snapshot, plan, runs);
  }

  private static Run run(
      Snapshot snapshot, Container check, Surface surface, ContainerCheckResources resources) {
    var id = Hash.of(check.name()).substring(0, ID_LENGTH);
    var subject = subject(snapshot, check, surface);
    var jobs =
        snapshot.owned().list(Job.class).stream()
            .filter(job -> id.equals(job.getMetadata().getLabels().get(Labels.CHECK)))
            .filter(job -> subject.equals(annotation(job)))
            .filter(job -> !job.isMarkedForDeletion())
            .toList();
    var running = jobs.stream().filter(job -> !answered(snapshot, job)).findFirst();
    var answered =
        jobs.stream()
            .filter(job -> answered(snapshot, job))
            .max(Comparator.comparing(ContainerChecks::endedAt));
    if (running
        .filter(job -> ended(job).isPresent() && JobOutcome.isToBeMadeAnew(job, snapshot.now()))
        .isPresent()) {
      // It is deleted first, for the next one has its name.
      return new Run(check, answered, Optional.empty(), Optional.empty());
    }
    boolean fresh = answered.filter(job -> snapshot.now().isBefore(again(check, job))).isPresent();
    if (fresh || running.isPresent()) {
      return new Run(check, answered, running, Optional.empty());
    }
    var last = answered.map(job -> job.getMetadata().getName()).orElse("");
    var name = snapshot.names().check(id, Hash.of(subject + "/" + last).substring(0, RUN_LENGTH));
    return new Run(check, answered, running, Optional.of(resources.job(check, name, id, subject)));
  }

  /** The Job and its pod are observed to have ended: the exit code and the log are available. */
  private static boolean answered(Snapshot snapshot, Job job) {
    return ended(job).isPresent()
        && !failedUnbegun(snapshot, job)
        && pods(snapshot, job).stream().allMatch(PodStatuses::isOver);
  }

  /**
   * Whether it failed before it ran, which gives no result: its image cannot be pulled, or its pod
   * was not scheduled before the Job's deadline.
   */
  private static boolean failedUnbegun(Snapshot snapshot, Job job) {
    var pods = pods(snapshot, job);
    return JobOutcome.condition(job, "Failed")
        .filter(end -> pods.isEmpty() ? DEADLINE.equals(end.getReason()) : !JobOutcome.begun(pods))
        .isPresent();
  }

  private static String annotation(Job job) {
    return job.getMetadata().getAnnotations() == null
        ? null
        : job.getMetadata().getAnnotations().get(Labels.SUBJECT);
  }

  /** Hash of everything that may change the result: the version, address, and the check itself. */
  private static String subject(Snapshot snapshot, Container check, Surface surface) {
    var spec = snapshot.environment().getSpec();
    var values =
        check.env().stream()
            .filter(variable -> variable.secretKeyRef() != null)
            .map(variable -> surface.secrets().getOrDefault(variable.secretKeyRef(), ""))
            .toList();
    return Hash.of(
        String.join(
            "\n",
            Hash.of(check),
            Hash.of(spec.domains()),
            Hash.of(spec.ingress()),
            Hash.of(spec.services()),
            Hash.of(String.join("\n", values)),
            surface.image(),
            surface.entrance().address(),
            surface.request(),
            surface.configuration().value(),
            surface.entrance().caBundle()));
  }

  /** The Jobs that must start, once the other checks pass. */
  public List<HasMetadata> due() {
    return runs.stream().flatMap(run -> run.due().stream()).map(HasMetadata.class::cast).toList();
  }

  /** The Jobs that have ended and leave a report in their log. */
  public List<Job> reporting() {
    return runs.stream()
        .filter(run -> run.check().result() == ResultKind.JUnit)
        .flatMap(run -> run.answered().stream())
        .toList();
  }

  /** When the next check must run again. */
  public Optional<Instant> next() {
    return runs.stream().flatMap(run -> run.next().stream()).min(Comparator.naturalOrder());
  }

  /** The pending checks, while any has no result yet. */
  public Optional<StageResult> waiting() {
    var open =
        runs.stream()
            .filter(run -> run.answered().isEmpty())
            .map(run -> run.check().name() + " " + state(run))
            .collect(Collectors.joining("; "));
    return open.isEmpty()
        ? Optional.empty()
        : Optional.of(new StageResult.Waiting(Reason.CHECKS_RUNNING, "checks run: " + open));
  }

  /**
   * The outcome of every check.
   *
   * @param reports of the Jobs that leave one, by the Job's name
   */
  public List<Result> results(Map<String, JUnitReport> reports) {
    return runs.stream().flatMap(run -> results(run, reports)).toList();
  }

  private Stream<Result> results(Run run, Map<String, JUnitReport> reports) {
    var check = run.check();
    if (run.answered().isEmpty()) {
      return Stream.of(result(check, Outcome.Pending, state(run)));
    }
    var job = run.answered().get();
    if (timedOut(job)) {
      return Stream.of(result(check, Outcome.Failed, late(check, job)));
    }
    if (check.result() == ResultKind.JUnit) {
      var name = job.getMetadata().getName();
      return rows(check, job, reports.getOrDefault(name, JUnitReport.GONE));
    }
    return Stream.of(
        succeeded(job)
            ? result(check, Outcome.Passed, null)
            : result(check, Outcome.Failed, failure(job)));
  }

  private Stream<Result> rows(Container check, Job job, JUnitReport report) {
    if (report.problem().isPresent()) {
      var why = report.problem().get();
      return Stream.of(
          result(check, Outcome.Failed, succeeded(job) ? why : why + "; " + failure(job)));
    }
    var rows =
        report.cases().stream()
            .map(row ->
                new Result(
                    check.name() + ": " + row.name(),
                    check.group(),
                    check.priority(),
                    row.failure().isEmpty() ? Outcome.Passed : Outcome.Failed,
                    row.failure().orElse(null)));
    boolean unexplained =
        !succeeded(job) && report.cases().stream().allMatch(row -> row.failure().isEmpty());
    return unexplained
        ? Stream.concat(
            rows,
            Stream.of(result(check, Outcome.Failed, "no test case failed, but " + failure(job))))
        : rows;
  }

  private static Result result(Container check, Outcome outcome, String message) {
    return new Result(check.name(), check.group(), check.priority(), outcome, message);
  }

  private String state(Run run) {
    return run.running()
        .map(job ->
            ended(job).isPresent()
                ? "could not start and is tried again: " + failure(job)
                : "runs" + trouble(job).map(said -> ", but " + said).orElse(""))
        .orElse("is to run");
  }

  private String failure(Job job) {
    return trouble(job)
        .or(() -> ended(job).map(JobCondition::getMessage))
        .orElse("its pod is gone, and its log with it");
  }

  private String late(Container check, Job job) {
    return "did not end within %d seconds%s"
        .formatted(check.timeoutSeconds(), trouble(job).map(said -> "; " + said).orElse(""));
  }

  private Optional<String> trouble(Job job) {
    return JobOutcome.trouble(snapshot, job.getMetadata().getName(), pods(snapshot, job))
        .map(found -> found.message().strip().replaceAll("\\s*\\n\\s*", "; "));
  }

  private boolean timedOut(Job job) {
    return !succeeded(job)
        && (ended(job).filter(end -> DEADLINE.equals(end.getReason())).isPresent()
            || pods(snapshot, job).stream()
                .anyMatch(pod -> DEADLINE.equals(pod.getStatus().getReason())));
  }

  /** The existing pods of a Job. */
  public static List<Pod> pods(Snapshot snapshot, Job job) {
    var name = job.getMetadata().getName();
    return snapshot.podsOf(COMPONENT).stream()
        .filter(pod -> name.equals(pod.getMetadata().getLabels().get(JobOutcome.JOB_NAME)))
        .toList();
  }

  private static Instant again(Container check, Job job) {
    var period = Duration.ofSeconds(check.periodSeconds());
    boolean soon =
        !succeeded(job)
            && check.priority() == Priority.Critical
            && AFTER_FAILURE.compareTo(period) < 0;
    return endedAt(job).plus(soon ? AFTER_FAILURE : period);
  }

  private static boolean succeeded(Job job) {
    return ended(job).filter(end -> "Complete".equals(end.getType())).isPresent();
  }

  private static Instant endedAt(Job job) {
    return ended(job)
        .map(JobCondition::getLastTransitionTime)
        .map(Instant::parse)
        .orElse(Instant.EPOCH);
  }

  private static Optional<JobCondition> ended(Job job) {
    return JobOutcome.condition(job, "Complete").or(() -> JobOutcome.condition(job, "Failed"));
  }
}

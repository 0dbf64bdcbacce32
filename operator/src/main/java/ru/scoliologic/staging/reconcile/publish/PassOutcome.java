package ru.scoliologic.staging.reconcile.publish;

import io.fabric8.kubernetes.api.model.Condition;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.configuration.Rotations;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.ingress.AcmeBudget;
import ru.scoliologic.staging.postgres.TaskReport;
import ru.scoliologic.staging.reconcile.assess.DeploymentAssessment;
import ru.scoliologic.staging.reconcile.assess.RolloutOutcome;
import ru.scoliologic.staging.reconcile.check.CheckScheduler;
import ru.scoliologic.staging.reconcile.check.ServingVerdict;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The outcome of one pass.
 *
 * @param overall result for the condition Ready
 * @param versions empty when the pass ended before them
 * @param records empty when the spec was rejected, which leaves everything as it was
 */
public record PassOutcome(
    Map<Stage, StageResult> results,
    StageResult overall,
    Optional<RolloutOutcome> versions,
    List<ComponentHealth> components,
    SecretMasker masking,
    Optional<Records> records) {

  /**
   * Records kept in the status for later passes.
   *
   * @param tasks on the database
   * @param acme about certificates
   * @param wiped the first deployment that is removed
   * @param rotations of generated keys
   * @param atOnce whether the next pass must follow at once
   */
  public record Records(
      Optional<TaskReport> tasks,
      Optional<StagingEnvironmentStatus.Acme> acme,
      Optional<StagingEnvironmentStatus.Wiped> wiped,
      Rotations rotations,
      boolean atOnce) {}

  private static final Duration AT_ONCE = Duration.ofMillis(100);

  /** Characters of the cause that are kept in the status. */
  private static final int MAX_CAUSE = 4_000;

  /** Whether a record changed: the pass after its publication acts upon it. */
  public boolean goesOn(StagingEnvironmentStatus last) {
    return records
        .filter(kept ->
            kept.atOnce()
                || kept.rotations().moved()
                || kept.acme().filter(a -> last == null || !a.equals(last.acme())).isPresent())
        .isPresent();
  }

  /** The stage that blocks the creation of versions, in a sentence; empty when none does. */
  public Optional<String> awaited() {
    return Stream.of(Stage.INFRASTRUCTURE, Stage.CONFIGURATION)
        .filter(stage -> results.containsKey(stage) && !results.get(stage).isReady())
        .findFirst()
        .map(stage ->
            "waits until %s of the environment is True: %s"
                .formatted(stage.condition(), masking.mask(results.get(stage).message())));
  }

  public static PassOutcome refused(Map<Stage, StageResult> results, StageResult overall) {
    return new PassOutcome(
        results,
        overall,
        Optional.empty(),
        List.of(),
        new SecretMasker(List.of()),
        Optional.empty());
  }

  public StagingEnvironmentStatus status(
      StagingEnvironment environment, StagingEnvironmentStatus last, Clock clock) {
    List<Condition> before = last == null ? List.of() : last.conditions();
    boolean accepted = records.isPresent();
    var tasks = records.flatMap(Records::tasks);
    var next = new Conditions(before, environment.getMetadata().getGeneration(), clock.instant());
    var conditions =
        !accepted && overall.reason() == Reason.UNEXPECTED_ERROR
            ? next.notAssessed(Stage.of(environment.followsBranch()), masked(overall))
            : next.of(Stage.of(environment.followsBranch()), masked(results), masked(overall));
    var domains = environment.getSpec() == null ? null : environment.getSpec().domains();
    return new StagingEnvironmentStatus(
        environment.getMetadata().getGeneration(),
        accepted || last == null || last.stage() == null
            ? DeploymentAssessment.current(Stage.of(environment.followsBranch()), results)
                .condition()
            : last.stage(),
        masked(overall).message(),
        conditions,
        accepted || last == null
            ? components.stream()
                .map(c ->
                    new StagingEnvironmentStatus.Component(
                        c.name().label(), c.ready(), c.image(), masking.mask(c.message())))
                .toList()
            : last.components(),
        accepted
            ? new StagingEnvironmentStatus.Urls(
                "https://" + domains.app(),
                environment.getSpec().ingress().sharesController()
                    ? null
                    : "https://" + domains.traefik(),
                environment
                    .getSpec()
                    .grafana()
                    .map(g -> "https://" + domains.grafana())
                    .orElse(null))
            : last == null ? null : last.urls(),
        versions
            .filter(v -> !isGone())
            .map(v -> v.plan().published(v.snapshot()))
            .orElse(last == null || isGone() ? null : last.app()),
        accepted ? Claims.asked(environment) : last == null ? List.of() : last.claims(),
        nextRetry(last, clock.instant()),
        tasks.map(TaskReport::backup).orElse(last == null ? null : last.backup()),
        tasks.map(TaskReport::tasks).orElse(last == null ? null : last.databaseTasks()),
        records.flatMap(Records::acme).orElse(last == null ? null : last.acme()),
        accepted || last == null
            ? records.flatMap(Records::wiped).map(this::masked).orElse(null)
            : last.wiped(),
        records
            .map(Records::rotations)
            .map(this::rows)
            .orElse(last == null ? null : last.rotations()));
  }

  private List<StagingEnvironmentStatus.Rotation> rows(Rotations rotations) {
    return rotations.rows() == null
        ? null
        : rotations.rows().stream()
            .map(row ->
                new StagingEnvironmentStatus.Rotation(
                    row.key(),
                    row.rotation(),
                    row.step(),
                    row.since(),
                    masking.mask(row.message())))
            .toList();
  }

  /** Whether no version exists, because the first deployment is removed. */
  private boolean isGone() {
    var result = results.get(Stage.DEPLOYMENT);
    return result != null && result.reason() == Reason.FIRST_DEPLOYMENT_WIPED;
  }

  private StagingEnvironmentStatus.Wiped masked(StagingEnvironmentStatus.Wiped record) {
    var cause = masking.mask(record.cause());
    return new StagingEnvironmentStatus.Wiped(
        record.since(),
        cause.length() <= MAX_CAUSE ? cause : cause.substring(0, MAX_CAUSE) + "…",
        record.with());
  }

  private String nextRetry(StagingEnvironmentStatus last, Instant now) {
    if (!(overall instanceof StageResult.Failing failing) || failing.reason() == Reason.SUSPENDED) {
      return null;
    }
    var since = RetrySchedule.since(last == null ? null : last.conditions(), results, now);
    return RetrySchedule.next(failing, since, last == null ? null : last.nextRetry(), now)
        .toString();
  }

  /** The results of every stage and the overall result. */
  public List<StageResult> outcomes() {
    return Stream.concat(results.values().stream(), Stream.of(overall)).toList();
  }

  public ReleaseLedger.Facts facts(RolloutOutcome versions) {
    return new RolloutOutcome(
            versions.snapshot(),
            versions.plan(),
            versions.decision(),
            new RolloutOutcome.States(
                versions.states().candidate().map(this::masked),
                versions.states().serving().map(this::masked)),
            versions.validation().map(this::masked),
            versions.checked())
        .facts();
  }

  private Map<Stage, StageResult> masked(Map<Stage, StageResult> plain) {
    var masked = new EnumMap<Stage, StageResult>(Stage.class);
    plain.forEach((stage, result) -> masked.put(stage, masked(result)));
    return masked;
  }

  private StageResult masked(StageResult result) {
    return result.saying(masking.mask(result.message()));
  }

  /** When a starting component becomes late, which no watch reports. */
  private Stream<Instant> deadlines() {
    var candidate =
        versions.flatMap(
            v -> v.rollout().candidate().map(c -> AppResources.observe(v.snapshot(), c)));
    return Stream.concat(components.stream(), candidate.stream())
        .flatMap(component -> component.due().stream());
  }

  /** A failure counts only while Ready is True: else the growing interval of nextRetry applies. */
  private Stream<Duration> again(StageResult state) {
    return switch (state) {
      case StageResult.Waiting waiting -> Stream.of(waiting.retryAfter());
      case StageResult.Failing failing when overall.isReady() -> Stream.of(failing.retryAfter());
      default -> Stream.empty();
    };
  }

  /**
   * Time until the next pass if no watch triggers one, always positive: the SDK's timer takes no
   * other. What came due while a slow server took the status is done at once.
   */
  public Duration next(Duration period, StagingEnvironmentStatus told, Instant now) {
    var byClock =
        Stream.of(
                deadlines(),
                versions.flatMap(v -> v.rollout().nextStep()).stream(),
                versions.map(v -> v.rollout().switchedAt().plus(ServingVerdict.SETTLED)).stream(),
                versions
                    .map(RolloutOutcome::plan)
                    .flatMap(plan -> plan.containers().next())
                    .stream(),
                records.flatMap(Records::acme).stream().flatMap(AcmeBudget::due))
            .flatMap(due -> due)
            .map(due -> Duration.between(now, due).plusSeconds(1))
            .filter(wait -> wait.isPositive());
    // The overall result may differ, and is polled less often.
    var byWhatIsOnItsWay =
        Stream.of(
                versions.flatMap(found -> found.states().candidate()),
                versions.flatMap(RolloutOutcome::validation),
                records.map(Records::rotations).flatMap(Rotations::result))
            .flatMap(Optional::stream)
            .flatMap(this::again);
    var byResult =
        switch (overall) {
          case StageResult.Waiting w -> w.retryAfter();
          case StageResult.Failing f ->
              told.nextRetry() == null
                  ? f.retryAfter()
                  : Duration.between(now, Instant.parse(told.nextRetry())).plusSeconds(1);
          case StageResult.Stalled s -> CheckScheduler.PERIOD;
          case StageResult.Ready r -> period;
        };
    var soonest =
        Stream.of(byClock, byWhatIsOnItsWay, Stream.of(byResult))
            .flatMap(waits -> waits)
            .min(Duration::compareTo)
            .orElse(CheckScheduler.PERIOD);
    return soonest.compareTo(AT_ONCE) < 0 ? AT_ONCE : soonest;
  }
}

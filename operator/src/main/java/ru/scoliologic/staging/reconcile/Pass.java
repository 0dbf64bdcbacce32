package ru.scoliologic.staging.reconcile;

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
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.configuration.Rotations;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.ingress.AcmeBudget;
import ru.scoliologic.staging.postgres.TaskReport;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The outcome of one pass.
 *
 * @param acme what is recorded of certificates
 * @param accepted whether the spec was acted upon; a refused one leaves everything as it was
 * @param wiped the first deployment that is removed
 * @param atOnce whether the next pass is to follow at once
 * @param rotations of generated keys
 */
record Pass(
    Map<Stage, StageResult> results,
    StageResult overall,
    Optional<Versions> versions,
    List<Component> components,
    Masking masking,
    boolean accepted,
    Optional<TaskReport> tasks,
    Optional<StagingEnvironmentStatus.Acme> acme,
    Optional<StagingEnvironmentStatus.Wiped> wiped,
    boolean atOnce,
    Optional<Rotations> rotations) {

  /** Characters of the cause that are kept in the status. */
  private static final int MAX_CAUSE = 4_000;

  /** What is new in such a record is acted upon once it has been published. */
  boolean goesOn(StagingEnvironmentStatus last) {
    return atOnce
        || rotations.filter(Rotations::moved).isPresent()
        || acme.filter(a -> last == null || !a.equals(last.acme())).isPresent();
  }

  static Pass refused(Map<Stage, StageResult> results, StageResult overall) {
    return new Pass(
        results,
        overall,
        Optional.empty(),
        List.of(),
        new Masking(List.of()),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        Optional.empty());
  }

  StagingEnvironmentStatus status(
      StagingEnvironment environment, StagingEnvironmentStatus last, Clock clock) {
    List<Condition> before = last == null ? List.of() : last.conditions();
    var conditions =
        new Conditions(before, environment.getMetadata().getGeneration(), clock.instant())
            .of(stages(environment), masked(results), masked(overall));
    var domains = environment.getSpec() == null ? null : environment.getSpec().domains();
    return new StagingEnvironmentStatus(
        environment.getMetadata().getGeneration(),
        accepted || last == null || last.stage() == null
            ? Assessment.current(stages(environment), results).condition()
            : last.stage(),
        masked(overall).message(),
        conditions,
        accepted || last == null
            ? components.stream()
                .map(c ->
                    new StagingEnvironmentStatus.Component(
                        c.name(), c.ready(), c.image(), masking.mask(c.message())))
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
        acme.orElse(last == null ? null : last.acme()),
        accepted || last == null ? wiped.map(this::masked).orElse(null) : last.wiped(),
        rotations.map(this::rows).orElse(last == null ? null : last.rotations()));
  }

  static List<Stage> stages(StagingEnvironment environment) {
    return Stage.of(environment.getSpec() != null && environment.getSpec().gitops() != null);
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

  /** Whether no version is there, for the first deployment is removed. */
  private boolean isGone() {
    var result = results.get(Stage.DEPLOYMENT);
    return result != null && result.reason() == Reason.FIRST_DEPLOYMENT_WIPED;
  }

  private StagingEnvironmentStatus.Wiped masked(StagingEnvironmentStatus.Wiped record) {
    var cause = masking.mask(record.cause());
    return new StagingEnvironmentStatus.Wiped(
        record.since(),
        cause.length() <= MAX_CAUSE ? cause : "…" + cause.substring(cause.length() - MAX_CAUSE),
        record.with());
  }

  private String nextRetry(StagingEnvironmentStatus last, Instant now) {
    if (!(overall instanceof StageResult.Failing failing) || failing.reason() == Reason.SUSPENDED) {
      return null;
    }
    var since = Backoff.since(last == null ? null : last.conditions(), results, now);
    return Backoff.next(failing, since, last == null ? null : last.nextRetry(), now).toString();
  }

  /** What every stage and all together came to. */
  List<StageResult> outcomes() {
    return Stream.concat(results.values().stream(), Stream.of(overall)).toList();
  }

  Ledger.Facts facts(Versions versions) {
    return new Versions(
            versions.snapshot(),
            versions.plan(),
            versions.step(),
            versions.candidateState().map(this::masked),
            versions.checked(),
            versions.servingState().map(this::masked))
        .facts(masked(results));
  }

  private Map<Stage, StageResult> masked(Map<Stage, StageResult> plain) {
    var masked = new EnumMap<Stage, StageResult>(Stage.class);
    plain.forEach((stage, result) -> masked.put(stage, masked(result)));
    return masked;
  }

  private StageResult masked(StageResult result) {
    var message = masking.mask(result.message());
    return switch (result) {
      case StageResult.Ready r -> new StageResult.Ready(r.reason(), message);
      case StageResult.Waiting w -> new StageResult.Waiting(w.reason(), message, w.retryAfter());
      case StageResult.Failing f -> new StageResult.Failing(f.reason(), message, f.retryAfter());
      case StageResult.Stalled s -> new StageResult.Stalled(s.reason(), message);
    };
  }

  /** When a component that starts is late, and nobody else tells. */
  private Stream<Instant> deadlines() {
    var candidate =
        versions.flatMap(
            v -> v.rollout().candidate().map(c -> AppResources.observe(v.snapshot(), c)));
    return Stream.concat(components.stream(), candidate.stream())
        .flatMap(component -> component.due().stream());
  }

  /** When to look again without being told by a watch. */
  Duration next(Duration period, StagingEnvironmentStatus told, Instant now) {
    var byClock =
        Stream.of(
                deadlines(),
                versions.flatMap(v -> v.rollout().nextStep()).stream(),
                versions.map(v -> v.rollout().switchedAt().plus(ServingChecks.SETTLED)).stream(),
                versions.map(Versions::plan).flatMap(plan -> plan.containers().next()).stream(),
                acme.stream().flatMap(AcmeBudget::due))
            .flatMap(due -> due)
            .map(due -> Duration.between(now, due).plusSeconds(1))
            .filter(wait -> wait.isPositive());
    // Another stage may be what all together comes to, and is looked at more seldom.
    var byCandidate =
        versions.flatMap(Versions::candidateState).stream()
            .filter(StageResult.Waiting.class::isInstance)
            .map(state -> ((StageResult.Waiting) state).retryAfter());
    var byResult =
        switch (overall) {
          case StageResult.Waiting w -> w.retryAfter();
          case StageResult.Failing f ->
              told.nextRetry() == null
                  ? f.retryAfter()
                  : Duration.between(now, Instant.parse(told.nextRetry())).plusSeconds(1);
          case StageResult.Stalled s -> Verification.PERIOD;
          case StageResult.Ready r -> period;
        };
    return Stream.of(byClock, byCandidate, Stream.of(byResult))
        .flatMap(waits -> waits)
        .min(Duration::compareTo)
        .orElse(Verification.PERIOD);
  }
}

package ru.scoliologic.staging.reconcile.check;

import io.fabric8.kubernetes.api.model.Pod;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.reconcile.observe.Background;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.plan.RolloutObservation;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.release.RolloutTarget;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CandidateChecks;
import ru.scoliologic.staging.validation.Verdicts;

/** Checks the version beside the serving one before it may receive the traffic. */
public final class CandidateChecker {
  /** A failure may be transient: it counts once it has lasted this long. */
  static final Duration PATIENCE = Duration.ofSeconds(9);

  private final CheckScheduler scheduler;

  public CandidateChecker(
      Background background,
      Consumer<ResourceID> ended,
      Clock clock,
      OperatorMetrics metrics,
      EnvironmentMemories memories) {
    this(
        new CheckScheduler(
            target -> CandidateChecks.run(target), background, ended, clock, metrics, memories));
  }

  public CandidateChecker(CheckScheduler scheduler) {
    this.scheduler = scheduler;
  }

  /**
   * The result of the checks.
   *
   * @param version that was checked, by its id
   * @param state of a version that came up and has not passed yet
   */
  public record Look(String version, Checks checks, Optional<StageResult> state) {
    public static final Look NOTHING = new Look("", Checks.UNKNOWN, Optional.empty());

    /**
     * The result for the version that will run beside the serving one after all.
     *
     * @param blames whether a failure counts against the version: its dependencies are available
     */
    public Look of(Optional<AppVersion> candidate, boolean blames) {
      if (candidate.filter(found -> found.id().equals(version)).isEmpty()) {
        return NOTHING;
      }
      return checks != Checks.FAILED || blames
          ? this
          : new Look(
              version,
              Checks.INCONCLUSIVE,
              state.map(said ->
                  new StageResult.Waiting(
                      Reason.CHECKS_RUNNING,
                      "%s is not marked as failed while PostgreSQL, Redis or Traefik is unhealthy: %s"
                          .formatted(candidate.get().title(), said.message()),
                      StageResult.Waiting.SOON)));
    }
  }

  /** Checks the version beside the serving one, once it can serve. */
  public Look look(Snapshot snapshot, Settings settings, ConfigurationHash configuration) {
    var seen = Rollout.see(snapshot, id -> ReleaseCatalog.known(snapshot, id));
    var target = RolloutTarget.of(snapshot, seen.serving().isPresent());
    var candidate =
        RolloutObservation.candidate(seen, target).filter(v -> Rollout.available(snapshot, v));
    var pod = candidate.flatMap(version -> pod(snapshot, version));
    if (pod.isEmpty() || seen.serving().isEmpty()) {
      return Look.NOTHING;
    }
    var environment = snapshot.environment();
    var subject =
        CheckSubject.of(
            candidate.get().id(),
            // A retry requires a new result.
            ReleaseCatalog.find(snapshot, candidate.get().id())
                .map(release -> release.getSpec().retry())
                .orElse(""),
            pod.get().getMetadata().getUid(),
            configuration,
            CheckTargets.hash(settings));
    var answer =
        scheduler.answer(
            environment,
            subject,
            CheckTargets.candidate(snapshot, settings, pod.get().getStatus().getPodIP()));
    if (answer.isEmpty()) {
      return new Look(candidate.get().id(), Checks.UNKNOWN, Optional.empty());
    }
    var round = answer.get();
    if (round.waiting().isPresent()) {
      return new Look(candidate.get().id(), Checks.INCONCLUSIVE, round.waiting());
    }
    return judge(
        candidate.get(),
        round.results(),
        known(snapshot, seen.serving()),
        trouble(snapshot, scheduler.trouble(environment.getMetadata().getUid(), subject)));
  }

  /** A failure while its database was unavailable is no fault of the version. */
  private static Duration trouble(Snapshot snapshot, Duration whole) {
    var own = Duration.between(Dependencies.since(snapshot), snapshot.now());
    return own.compareTo(whole) < 0 ? own : whole;
  }

  private static Look judge(
      AppVersion version, List<Result> results, Set<String> known, Duration trouble) {
    var failures = Verdicts.criticalFailures(results);
    if (failures.isEmpty()) {
      return new Look(version.id(), Checks.PASSED, Optional.empty());
    }
    var said = Verdicts.criticalRemarks(results);
    if (known.containsAll(failures)) {
      return new Look(
          version.id(),
          Checks.INCONCLUSIVE,
          Optional.of(
              new StageResult.Waiting(
                  Reason.CHECKS_RUNNING,
                  "version %s fails only what the serving version fails too: %s"
                      .formatted(version.title(), said),
                  StageResult.Waiting.SOON)));
    }
    return trouble.compareTo(PATIENCE) < 0
        ? new Look(
            version.id(),
            Checks.UNKNOWN,
            Optional.of(
                new StageResult.Waiting(
                    Reason.CHECKS_RUNNING,
                    "version %s runs beside the serving one and does not pass yet: %s"
                        .formatted(version.title(), said),
                    StageResult.Waiting.SOON)))
        : new Look(
            version.id(),
            Checks.FAILED,
            Optional.of(new StageResult.Failing(Reason.CHECKS_FAILED, said)));
  }

  /** Names of the critical checks that a version failed in its last report. */
  public static Set<String> known(Snapshot snapshot, Optional<AppVersion> version) {
    return version
        .flatMap(v -> ReleaseCatalog.find(snapshot, v.id()))
        .map(StagingRelease::getStatus)
        .map(StagingReleaseStatus::report)
        .map(SmokeReport::results)
        .map(Verdicts::criticalFailures)
        .orElse(Set.of());
  }

  private static Optional<Pod> pod(Snapshot snapshot, AppVersion version) {
    return snapshot.ofVersion(ComponentName.APP, version.id()).pods().stream()
        .filter(pod -> pod.getStatus() != null && pod.getStatus().getPodIP() != null)
        .filter(PodStatuses::isReady)
        .findFirst();
  }
}

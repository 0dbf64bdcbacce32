package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.PodSays;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.release.Catalog;
import ru.scoliologic.staging.release.NextStep.Checks;
import ru.scoliologic.staging.release.Target;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CandidateChecks;
import ru.scoliologic.staging.validation.Verdicts;

/** Checks what runs beside the serving version before it may get the traffic. */
final class CandidateVerification {
  /** What fails once may have been a hiccup: so long it has to go on failing. */
  static final Duration PATIENCE = Duration.ofSeconds(9);

  private final Verification verification;

  CandidateVerification(Clock clock, Telemetry telemetry) {
    this(new Verification(target -> CandidateChecks.run(target), clock, telemetry));
  }

  CandidateVerification(Verification verification) {
    this.verification = verification;
  }

  /**
   * What was found.
   *
   * @param version that was looked at, by its id
   * @param state what there is to say of a version that came up and has not passed yet
   */
  record Look(String version, Checks checks, Optional<StageResult> state) {
    static final Look NOTHING = new Look("", Checks.UNKNOWN, Optional.empty());

    /**
     * What it says of the version that is to run beside the serving one after all.
     *
     * @param blames whether a version that fails is to blame: what it needs is there
     */
    Look of(Optional<Version> candidate, boolean blames) {
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
                      "%s is not to blame while PostgreSQL, Redis or Traefik is not well: %s"
                          .formatted(candidate.get().title(), said.message()),
                      StageResult.Waiting.SOON)));
    }
  }

  /** Looks at what runs beside the serving version, once it can serve. */
  Look look(Snapshot snapshot, Settings settings, String configuration) {
    var seen = Rollout.see(snapshot, id -> Catalog.known(snapshot, id));
    var target = Target.of(snapshot, seen.serving().isPresent());
    var candidate = Situations.candidate(seen, target).filter(v -> Rollout.available(snapshot, v));
    var pod = candidate.flatMap(version -> pod(snapshot, version));
    if (pod.isEmpty() || seen.serving().isEmpty()) {
      return Look.NOTHING;
    }
    var uid = snapshot.environment().getMetadata().getUid();
    var subject =
        String.join(
            "/",
            candidate.get().id(),
            // Whoever asks for another try wants another answer.
            Catalog.find(snapshot, candidate.get().id())
                .map(release -> release.getSpec().retry())
                .orElse(""),
            pod.get().getMetadata().getUid(),
            configuration,
            CheckTargets.hash(settings));
    var round =
        verification.answer(
            uid,
            subject,
            CheckTargets.candidate(snapshot, settings, pod.get().getStatus().getPodIP()));
    if (round.waiting().isPresent()) {
      return new Look(candidate.get().id(), Checks.INCONCLUSIVE, round.waiting());
    }
    return judge(
        candidate.get(),
        round.results(),
        known(snapshot, seen.serving()),
        trouble(snapshot, verification.trouble(uid, subject)));
  }

  /** What it failed while its database was away is no fault of its own. */
  private static Duration trouble(Snapshot snapshot, Duration whole) {
    var own = Duration.between(Needs.since(snapshot), snapshot.now());
    return own.compareTo(whole) < 0 ? own : whole;
  }

  private static Look judge(
      Version version, List<Result> results, Set<String> known, Duration trouble) {
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
                    "version %s is up beside the serving one and does not pass yet: %s"
                        .formatted(version.title(), said),
                    StageResult.Waiting.SOON)))
        : new Look(
            version.id(),
            Checks.FAILED,
            Optional.of(new StageResult.Failing(Reason.CHECKS_FAILED, said)));
  }

  /** Names of the critical checks that a version failed when it last was checked. */
  static Set<String> known(Snapshot snapshot, Optional<Version> version) {
    return version
        .flatMap(v -> Catalog.find(snapshot, v.id()))
        .map(StagingRelease::getStatus)
        .map(StagingReleaseStatus::report)
        .map(SmokeReport::results)
        .map(Verdicts::criticalFailures)
        .orElse(Set.of());
  }

  private static Optional<Pod> pod(Snapshot snapshot, Version version) {
    return snapshot.ofVersion(AppResources.COMPONENT, version.id()).pods().stream()
        .filter(pod -> pod.getStatus() != null && pod.getStatus().getPodIP() != null)
        .filter(PodSays::isReady)
        .findFirst();
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    verification.keepOnly(uids);
  }
}

package ru.scoliologic.staging.reconcile;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Checks.Round;
import ru.scoliologic.staging.validation.Target;
import ru.scoliologic.staging.validation.Verdicts;

/**
 * Decides when the checks run: at once when what is checked changed, after a short while when they
 * did not pass, and on a period when they did. In between the last answer holds.
 */
final class Verification {
  static final Duration PERIOD = Duration.ofMinutes(5);
  private static final Duration PATIENT_AFTER = Duration.ofMinutes(3);

  private final Runner runner;
  private final Clock clock;
  private final Telemetry telemetry;
  private final Map<String, Last> answers = new ConcurrentHashMap<>();

  /** What runs one round of checks. */
  @FunctionalInterface
  interface Runner {
    Round run(Target target) throws IOException, GeneralSecurityException;
  }

  Verification(Runner runner, Clock clock, Telemetry telemetry) {
    this.runner = runner;
    this.clock = clock;
    this.telemetry = telemetry;
  }

  /**
   * The outcomes for an environment.
   *
   * @param uid of the environment
   * @param subject what the answer depends on: another subject is checked anew
   */
  Round answer(String uid, String subject, Target target) {
    var now = clock.instant();
    var last = answers.get(uid);
    if (last != null && last.subject().equals(subject) && now.isBefore(last.due())) {
      return last.round();
    }
    var round = run(target);
    boolean well = well(round);
    boolean sameTrouble = last != null && last.subject().equals(subject) && !well(last.round());
    var troubleSince = sameTrouble ? last.troubleSince() : now;
    var period = Duration.ofSeconds(target.spec().periodSeconds());
    answers.put(
        uid,
        new Last(subject, round, troubleSince, now.plus(wait(well, period, troubleSince, now))));
    return round;
  }

  private Round run(Target target) {
    return telemetry.checked(
        () -> {
          try {
            return runner.run(target);
          } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("the checks could not be run", e);
          }
        },
        Verification::well);
  }

  private static boolean well(Round round) {
    return round.waiting().isEmpty() && Verdicts.of(round.results()) != Verdict.Failed;
  }

  private static Duration wait(boolean well, Duration period, Instant troubleSince, Instant now) {
    if (well) {
      return period;
    }
    return now.isBefore(troubleSince.plus(PATIENT_AFTER))
        ? Duration.ofSeconds(3)
        : StageResult.Waiting.LATER;
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    answers.keySet().retainAll(uids);
  }

  /** For how long the checks of this subject have not passed; zero when they did. */
  Duration trouble(String uid, String subject) {
    var last = answers.get(uid);
    return last == null || !last.subject().equals(subject) || well(last.round())
        ? Duration.ZERO
        : Duration.between(last.troubleSince(), clock.instant());
  }

  private record Last(String subject, Round round, Instant troubleSince, Instant due) {}
}

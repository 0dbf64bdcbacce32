package ru.scoliologic.staging.reconcile;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Checks;
import ru.scoliologic.staging.validation.Target;

/**
 * Decides when the checks run: at once when what is checked changed, after a short while when they
 * did not pass, and on a period when they did. In between the last answer holds.
 */
final class Verification {
  static final Duration PERIOD = Duration.ofMinutes(5);
  private static final Duration PATIENT_AFTER = Duration.ofMinutes(3);

  private final Checks checks;
  private final Clock clock;
  private final Telemetry telemetry;
  private final Map<String, Last> answers = new ConcurrentHashMap<>();

  Verification(Checks checks, Clock clock, Telemetry telemetry) {
    this.checks = checks;
    this.clock = clock;
    this.telemetry = telemetry;
  }

  /**
   * The answer for an environment.
   *
   * @param uid of the environment
   * @param subject what the answer depends on: another subject is checked anew
   */
  StageResult answer(String uid, String subject, Target target) {
    var now = clock.instant();
    var last = answers.get(uid);
    if (last != null && last.subject().equals(subject) && now.isBefore(last.due())) {
      return last.result();
    }
    var result = telemetry.checked(() -> checks.run(target));
    boolean sameTrouble =
        last != null && last.subject().equals(subject) && !last.result().isReady();
    var troubleSince = sameTrouble ? last.troubleSince() : now;
    answers.put(
        uid, new Last(subject, result, troubleSince, now.plus(wait(result, troubleSince, now))));
    return result;
  }

  private static Duration wait(StageResult result, Instant troubleSince, Instant now) {
    if (result.isReady()) {
      return PERIOD;
    }
    return now.isBefore(troubleSince.plus(PATIENT_AFTER))
        ? Duration.ofSeconds(3)
        : StageResult.Waiting.LATER;
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    answers.keySet().retainAll(uids);
  }

  private record Last(String subject, StageResult result, Instant troubleSince, Instant due) {}
}

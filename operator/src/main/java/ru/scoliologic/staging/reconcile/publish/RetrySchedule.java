package ru.scoliologic.staging.reconcile.publish;

import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Schedules retries: soon at first, then at growing intervals, because each published time is a
 * write of the status. Watched changes still take effect at once.
 */
final class RetrySchedule {
  /** Longest interval between two tries. */
  static final Duration MOST = Duration.ofMinutes(5);

  /** The interval is this fraction of the time since the failure began. */
  private static final int PART = 4;

  private RetrySchedule() {}

  /**
   * The next try, in whole seconds. A published time in the future is kept, so that a pass in
   * between writes nothing.
   *
   * @param since when the failure began
   * @param told the published time; null for none
   */
  static Instant next(StageResult.Failing failing, Instant since, String told, Instant now) {
    var due = now.plus(wait(failing, since, now)).truncatedTo(ChronoUnit.SECONDS);
    return Optional.ofNullable(told)
        .map(Instant::parse)
        .filter(last -> last.isAfter(now) && !last.isAfter(due))
        .orElse(due);
  }

  private static Duration wait(StageResult.Failing failing, Instant since, Instant now) {
    var grown = Duration.between(since, now).dividedBy(PART);
    var least = failing.retryAfter();
    if (grown.compareTo(least) < 0) {
      return least;
    }
    return grown.compareTo(MOST) < 0 ? grown : MOST;
  }

  /** Since when the first failing stage, or else Ready, has not been True; now if it just was. */
  static Instant since(List<Condition> last, Map<Stage, StageResult> results, Instant now) {
    return Stream.of(Stage.values())
        .filter(stage -> results.get(stage) instanceof StageResult.Failing)
        .map(Stage::condition)
        .findFirst()
        .or(() -> Optional.of(Conditions.READY))
        .flatMap(type -> Conditions.find(last, type))
        .filter(condition -> "False".equals(condition.getStatus()))
        .map(condition -> Instant.parse(condition.getLastTransitionTime()))
        .orElse(now);
  }
}

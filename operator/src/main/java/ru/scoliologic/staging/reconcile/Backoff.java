package ru.scoliologic.staging.reconcile;

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
 * When what fails is tried again (pure): soon at first, then less and less often, for each moment
 * that is told is a write of the status. What can be watched is noticed at once all the same.
 */
final class Backoff {
  /** Between two tries at most. */
  static final Duration MOST = Duration.ofMinutes(5);

  /** Of the time for which something has failed, the part that passes until the next try. */
  private static final int PART = 4;

  private Backoff() {}

  /**
   * The next try, in whole seconds. One that was told already and still lies ahead stays, so that a
   * pass in between writes nothing.
   *
   * @param since when it began to fail
   * @param told what the status says now; null for nothing
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

  /** Since when the first stage that fails has not been True, or else Ready; now if it just was. */
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

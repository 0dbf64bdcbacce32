package ru.scoliologic.staging.stage;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Converts stage results to conditions. The contract is kstatus: waiting shows as Reconciling, a
 * fault that needs a user's action as Stalled, never both.
 */
public final class Conditions {
  public static final String READY = "Ready";
  public static final String RECONCILING = "Reconciling";
  public static final String STALLED = "Stalled";
  private static final int MAX_MESSAGE = 8_000;

  private final List<Condition> previous;
  private final long generation;
  private final String now;

  public Conditions(List<Condition> previous, long generation, Instant now) {
    this.previous = previous == null ? List.of() : previous;
    this.generation = generation;
    this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /**
   * All conditions of a pass.
   *
   * @param stages of the environment
   * @param results of the assessed stages; a stage without one keeps its last condition, or awaits
   *     the previous stage
   * @param overall result for Ready
   */
  public List<Condition> of(
      List<Stage> stages, Map<Stage, StageResult> results, StageResult overall) {
    var conditions = new ArrayList<Condition>();
    for (var stage : stages) {
      var result = results.get(stage);
      if (result != null) {
        conditions.add(stageCondition(stage, result));
      } else {
        conditions.add(
            find(previous, stage.condition())
                .map(last ->
                    condition(
                        last.getType(), last.getStatus(), last.getReason(), last.getMessage()))
                .orElseGet(() -> awaiting(stage)));
      }
    }
    conditions.add(
        condition(
            READY,
            overall.isReady() ? "True" : "False",
            overall.reason().camelCase(),
            overall.message()));
    if (overall instanceof StageResult.Waiting) {
      conditions.add(
          condition(RECONCILING, "True", overall.reason().camelCase(), overall.message()));
    }
    if (overall instanceof StageResult.Stalled) {
      conditions.add(condition(STALLED, "True", overall.reason().camelCase(), overall.message()));
    }
    return conditions;
  }

  /**
   * All conditions of a pass that ended with an error: no stage was fully assessed, so each becomes
   * Unknown. A stage that awaits the previous one keeps awaiting it.
   */
  public List<Condition> notAssessed(List<Stage> stages, StageResult overall) {
    var conditions = new ArrayList<Condition>();
    for (var stage : stages) {
      var last = find(previous, stage.condition());
      boolean awaits =
          last.map(c -> c.getReason().equals(Reason.AWAITING_PREVIOUS_STAGE.camelCase()))
              .orElse(stage.previous().isPresent());
      conditions.add(awaits ? awaiting(stage) : notAssessed(stage, last));
    }
    conditions.addAll(of(List.of(), Map.of(), overall));
    return conditions;
  }

  private Condition notAssessed(Stage stage, Optional<Condition> last) {
    var reason = Reason.NOT_ASSESSED.camelCase();
    var message =
        last.filter(c -> c.getReason().equals(reason))
            .map(Condition::getMessage)
            .orElseGet(() ->
                "not assessed since %s, for the operator meets an error: see the condition Ready%s"
                    .formatted(
                        now,
                        last.map(c ->
                                "; before that it was %s: %s"
                                    .formatted(c.getStatus(), c.getMessage()))
                            .orElse("")));
    return condition(stage.condition(), "Unknown", reason, message);
  }

  private Condition stageCondition(Stage stage, StageResult result) {
    return condition(
        stage.condition(),
        result.isReady() ? "True" : "False",
        result.reason().camelCase(),
        result.message());
  }

  private Condition awaiting(Stage stage) {
    return condition(
        stage.condition(),
        "Unknown",
        Reason.AWAITING_PREVIOUS_STAGE.camelCase(),
        "waits until "
            + stage.previous().map(Stage::condition).orElse("the operator")
            + " has been True");
  }

  private Condition condition(String type, String status, String reason, String message) {
    var since =
        find(previous, type)
            .filter(last -> status.equals(last.getStatus()))
            .map(Condition::getLastTransitionTime)
            .orElse(now);
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withReason(reason)
        .withMessage(
            message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE) + "…")
        .withObservedGeneration(generation)
        .withLastTransitionTime(since)
        .build();
  }

  public static Optional<Condition> find(List<Condition> conditions, String type) {
    return conditions == null
        ? Optional.empty()
        : conditions.stream().filter(c -> type.equals(c.getType())).findFirst();
  }

  public static boolean isTrue(List<Condition> conditions, String type) {
    return find(conditions, type).filter(c -> "True".equals(c.getStatus())).isPresent();
  }

  /**
   * Whether the gate of a stage has opened: the previous stage has been True once. Read from the
   * stage's own condition, which awaits the previous stage until then and never again.
   */
  public static boolean gateOpened(List<Condition> conditions, Stage stage) {
    return stage.previous().isEmpty()
        || find(conditions, stage.condition())
            .filter(c -> !Reason.AWAITING_PREVIOUS_STAGE.camelCase().equals(c.getReason()))
            .isPresent();
  }
}

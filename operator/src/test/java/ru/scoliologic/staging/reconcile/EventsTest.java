package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.stage.Reason;

class EventsTest {
  private static Condition because(Reason reason) {
    return new ConditionBuilder()
        .withType("Deployed")
        .withStatus("False")
        .withReason(reason.camelCase())
        .build();
  }

  @ParameterizedTest
  @EnumSource(
      value = Reason.class,
      names = {"COMPONENTS_STARTING", "MODELS_PULLING", "MIGRATION_RUNNING", "CANDIDATE_STARTING"})
  void what_is_on_its_way_is_no_warning(Reason reason) {
    assertThat(Events.waits(because(reason))).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Reason.class,
      names = {"MODEL_PULL_FAILED", "MIGRATION_FAILED", "CANDIDATE_FAILED", "CONTAINER_CRASHING"})
  void what_failed_is_one(Reason reason) {
    assertThat(Events.waits(because(reason))).isFalse();
  }
}

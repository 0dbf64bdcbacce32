package ru.scoliologic.staging.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.stage.Reason;

class PodTroubleTest {
  private static Pod pod(String name) {
    return new KubernetesSerialization()
        .unmarshal(Given.resource("/pods/" + name + ".yaml"), Pod.class);
  }

  private static Optional<PodTrouble> trouble(String name) {
    return PodTrouble.among(
        List.of(pod(name)), Map.of("p", "starting\ncannot connect\n"), Given.NOW);
  }

  @ParameterizedTest
  @CsvSource({
    "image-pull, IMAGE_PULL_FAILED, image nowhere/app:1 cannot be pulled: not found",
    "crash-loop, CONTAINER_CRASHING, container app ended with exit code 1; its last lines: starting",
    "out-of-memory, OUT_OF_MEMORY, killed for using more memory",
    "unschedulable, UNSCHEDULABLE, no node can take it: 0/1 nodes are available",
    "config-error, CONTAINER_CONFIG_ERROR, secret \"x\" not found"
  })
  void a_terminal_cause_is_named(String name, Reason reason, String message) {
    var trouble = trouble(name).orElseThrow();

    assertThat(trouble.reason()).isEqualTo(reason);
    assertThat(trouble.message()).contains(message);
  }

  @Test
  void a_pod_that_only_starts_is_no_trouble() {
    assertThat(trouble("starting")).isEmpty();
  }

  @Test
  void a_pod_that_recovered_is_no_trouble() {
    assertThat(trouble("recovered")).isEmpty();
    assertThat(PodTrouble.crashed(pod("recovered"))).isFalse();
  }
}

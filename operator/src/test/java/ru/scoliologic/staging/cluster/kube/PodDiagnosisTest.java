package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.stage.Reason;

class PodDiagnosisTest {
  private static Pod pod(String name) {
    return new KubernetesSerialization()
        .unmarshal(Given.resource("/pods/" + name + ".yaml"), Pod.class);
  }

  private static Optional<PodDiagnosis> trouble(String name) {
    return PodDiagnosis.among(
        List.of(pod(name)),
        Map.of("p", ProgramLog.of("starting\ncannot connect\n", "app")),
        Given.NOW);
  }

  @ParameterizedTest
  @CsvSource({
    "image-pull, IMAGE_PULL_FAILED, image nowhere/app:1 cannot be pulled: not found",
    "crash-loop, CONTAINER_CRASHING, container app ended with exit code 1: cannot connect",
    "out-of-memory, OUT_OF_MEMORY, 'container app was killed for using more memory than its limit of 64Mi: raise its resources.limits.memory\nits last lines: starting\ncannot connect'",
    "killed-at-create, OUT_OF_MEMORY, killed for using more memory than its limit of 8Mi: raise its",
    "killed-by-the-runtime, OUT_OF_MEMORY, killed for using more memory than its limit of 8Mi: raise its",
    "ends-at-once, CONTAINER_CRASHING, 'ended with exit code 0, each time it was started: cannot connect'",
    "ends-often, CONTAINER_CRASHING, 'ended with exit code 0, each time it was started: cannot connect'",
    "image-absent, IMAGE_PULL_FAILED, Container image \"nowhere/app:1\" is not present with pull policy of Never",
    "registry-unavailable, IMAGE_PULL_FAILED, no such host",
    "unschedulable, UNSCHEDULABLE, no node can take it: 0/1 nodes are available",
    "startup-kill, NOT_HEALTHY, 'container app was restarted, because its health check did not pass within 120 s; its log says: cannot connect'",
    "config-error, CONTAINER_CONFIG_ERROR, secret \"x\" not found"
  })
  void a_terminal_cause_is_named(String name, Reason reason, String message) {
    var trouble = trouble(name).orElseThrow();

    assertThat(trouble.reason()).isEqualTo(reason);
    assertThat(trouble.message()).contains(message);
  }

  @ParameterizedTest
  @CsvSource({
    "137, 2026-01-02T03:00:20Z, it was killed before the probe could have failed",
    "137, 2026-01-02T09:00:00Z, it had run for hours",
    "1, 2026-01-02T03:02:35Z, it ended by itself"
  })
  void what_the_startup_probe_did_not_end_is_a_crash(int code, String end, String why) {
    var pod = pod("startup-kill");
    var last = pod.getStatus().getContainerStatuses().getFirst().getLastState().getTerminated();
    last.setExitCode(code);
    last.setFinishedAt(end);

    var trouble = PodDiagnosis.among(List.of(pod), Map.of(), Given.NOW).orElseThrow();

    assertThat(trouble.reason()).as(why).isEqualTo(Reason.CONTAINER_CRASHING);
  }

  @Test
  void a_startup_kill_that_ended_well_by_the_signal_is_told_too() {
    var pod = pod("startup-kill");
    pod.getStatus().getContainerStatuses().getFirst().getLastState().getTerminated().setExitCode(0);

    assertThat(PodDiagnosis.crashed(pod)).isTrue();
    assertThat(PodDiagnosis.among(List.of(pod), Map.of(), Given.NOW).orElseThrow().reason())
        .isEqualTo(Reason.NOT_HEALTHY);
  }

  @Test
  void a_command_that_does_not_exist_is_told_in_the_words_of_the_node() {
    var trouble =
        PodDiagnosis.among(List.of(pod("no-such-command")), Map.of(), Given.NOW).orElseThrow();

    assertThat(trouble.reason()).isEqualTo(Reason.CONTAINER_CRASHING);
    assertThat(trouble.message())
        .isEqualTo(
            "container app ended with exit code 128: exec: \"servr\": executable file not found");
  }

  @Test
  void what_the_node_says_has_its_cure_too() {
    var pod = pod("no-such-command");
    PodStatuses.ends(pod.getStatus().getContainerStatuses().getFirst())
        .forEach(end -> end.setMessage("exec /app/server: exec format error"));

    assertThat(PodDiagnosis.among(List.of(pod), Map.of(), Given.NOW).orElseThrow().message())
        .contains("exec format error; the image is built for another processor");
  }

  @ParameterizedTest
  @ValueSource(strings = {"crash-loop", "out-of-memory", "ends-at-once", "ends-often"})
  void the_log_of_what_ended_badly_is_worth_reading(String name) {
    assertThat(PodDiagnosis.crashed(pod(name))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"starting", "ended-well", "restarted-once"})
  void a_pod_that_only_starts_or_is_done_is_no_trouble(String name) {
    assertThat(trouble(name)).isEmpty();
    assertThat(PodDiagnosis.crashed(pod(name))).isFalse();
  }

  @Test
  void a_pod_that_recovered_is_no_trouble() {
    assertThat(trouble("recovered")).isEmpty();
    assertThat(PodDiagnosis.crashed(pod("recovered"))).isFalse();
  }
}

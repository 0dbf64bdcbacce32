package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.stage.Reason;

class ArchitecturesTest {
  private static final Node AMD = node("one", "amd64");
  private static final Node ARM = node("two", "arm64");

  private static Node node(String name, String architecture) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withNewStatus()
        .withNewNodeInfo()
        .withArchitecture(architecture)
        .endNodeInfo()
        .endStatus()
        .build();
  }

  private static Pod pod(String node) {
    var crashing =
        new KubernetesSerialization().unmarshal(Given.resource("/pods/crash-loop.yaml"), Pod.class);
    return new PodBuilder(crashing).editOrNewSpec().withNodeName(node).endSpec().build();
  }

  private static PodDiagnosis trouble(String log, List<Node> nodes) {
    var pods = List.of(pod("two"));
    var name = pods.getFirst().getMetadata().getName();
    return Architectures.explain(
        PodDiagnosis.among(pods, Map.of(name, ProgramLog.of(log, "app")), Given.NOW).orElseThrow(),
        pods,
        nodes);
  }

  @Test
  void among_nodes_of_two_architectures_the_version_is_not_to_blame_and_both_are_named() {
    var trouble = trouble("exec /usr/local/bin/node: exec format error", List.of(AMD, ARM));

    assertThat(trouble.reason()).isEqualTo(Reason.OTHER_ARCHITECTURE);
    assertThat(trouble.message())
        .contains(
            "exec format error",
            "its node is arm64",
            "nodes of amd64 and arm64",
            "nodeSelector {kubernetes.io/arch: ...}");
  }

  @Test
  void among_nodes_of_one_architecture_no_other_node_helps_and_the_cause_is_named() {
    var trouble = trouble("exec /start.sh: exec format error", List.of(ARM));

    assertThat(trouble.reason()).isEqualTo(Reason.CONTAINER_CRASHING);
    assertThat(trouble.message()).contains("the image is not for arm64", "#!");
  }

  @Test
  void any_other_crash_is_left_as_it_is() {
    var trouble = trouble("cannot connect", List.of(AMD, ARM));

    assertThat(trouble.reason()).isEqualTo(Reason.CONTAINER_CRASHING);
    assertThat(trouble.message()).doesNotContain("amd64");
  }
}

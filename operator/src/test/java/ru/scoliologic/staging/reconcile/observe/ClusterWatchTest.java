package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class ClusterWatchTest {
  private static final Node NODE =
      new NodeBuilder()
          .withNewMetadata()
          .withName("node")
          .withResourceVersion("1")
          .endMetadata()
          .withNewSpec()
          .endSpec()
          .withNewStatus()
          .addToAllocatable("cpu", new Quantity("2"))
          .addNewCondition()
          .withType("Ready")
          .withStatus("True")
          .withLastHeartbeatTime("2026-01-01T00:00:00Z")
          .endCondition()
          .endStatus()
          .build();

  private static boolean matters(UnaryOperator<NodeBuilder> edit) {
    return ClusterWatch.matters(NODE, edit.apply(new NodeBuilder(NODE)).build());
  }

  @Test
  void a_heartbeat_of_a_node_is_no_change() {
    assertThat(
            matters(node ->
                node.editMetadata()
                    .withResourceVersion("2")
                    .endMetadata()
                    .editStatus()
                    .editFirstCondition()
                    .withLastHeartbeatTime("2026-01-01T00:05:00Z")
                    .endCondition()
                    .addNewImage()
                    .withNames("app:1")
                    .endImage()
                    .endStatus()))
        .isFalse();
  }

  @Test
  void more_room_an_uncordoned_node_and_one_that_becomes_ready_are_changes() {
    assertThat(
            matters(
                node -> node.editStatus().addToAllocatable("cpu", new Quantity("4")).endStatus()))
        .isTrue();
    assertThat(matters(node -> node.editSpec().withUnschedulable(true).endSpec())).isTrue();
    assertThat(
            matters(
                node -> node.editSpec().addNewTaint("NoSchedule", "gpu", null, "yes").endSpec()))
        .isTrue();
    assertThat(matters(node -> node.editMetadata().addToLabels("disk", "ssd").endMetadata()))
        .isTrue();
    assertThat(
            matters(node ->
                node.editStatus()
                    .editFirstCondition()
                    .withStatus("False")
                    .endCondition()
                    .endStatus()))
        .isTrue();
  }

  @Test
  void a_class_that_was_edited_is_a_change_and_one_that_was_read_again_is_none() {
    var before =
        new StorageClassBuilder().withNewMetadata().withResourceVersion("1").endMetadata().build();
    var edited =
        new StorageClassBuilder(before)
            .editMetadata()
            .withResourceVersion("2")
            .endMetadata()
            .build();

    assertThat(ClusterWatch.matters(before, edited)).isTrue();
    assertThat(ClusterWatch.matters(before, new StorageClassBuilder(before).build())).isFalse();
  }
}

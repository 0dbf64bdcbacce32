package ru.scoliologic.staging.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.stage.Reason;

class ComponentTest {
  private static DeploymentStatusBuilder status(int all, int updated, int available) {
    return new DeploymentStatusBuilder()
        .withObservedGeneration(1L)
        .withReplicas(all)
        .withUpdatedReplicas(updated)
        .withAvailableReplicas(available);
  }

  private static Component of(int asked, DeploymentStatus status) {
    Deployment deployment =
        new DeploymentBuilder()
            .withNewMetadata()
            .withName("stage-app-1")
            .withGeneration(1L)
            .endMetadata()
            .withNewSpec()
            .withReplicas(asked)
            .endSpec()
            .withStatus(status)
            .build();
    return Component.of(Given.aGoodStart().snapshot(), "app", "app:1", Optional.of(deployment));
  }

  @Test
  void it_is_ready_when_every_pod_is_of_the_newest_template_and_available() {
    assertThat(of(2, status(2, 2, 2).build()).ready()).isTrue();
  }

  @Test
  void old_pods_that_go_on_serving_do_not_make_a_stuck_roll_ready() {
    var component = of(1, status(2, 1, 1).build());
    assertThat(component.ready()).isFalse();
    assertThat(component.reason()).isEqualTo(Reason.COMPONENTS_STARTING);
  }

  @Test
  void one_pod_of_two_is_not_ready() {
    assertThat(of(2, status(2, 2, 1).build()).ready()).isFalse();
  }

  @Test
  void a_roll_that_takes_too_long_is_told_although_an_old_pod_serves() {
    var stuck =
        status(2, 1, 1)
            .addNewCondition()
            .withType("Progressing")
            .withStatus("False")
            .withReason("ProgressDeadlineExceeded")
            .endCondition()
            .build();
    assertThat(of(1, stuck).reason()).isEqualTo(Reason.NOT_HEALTHY);
  }
}

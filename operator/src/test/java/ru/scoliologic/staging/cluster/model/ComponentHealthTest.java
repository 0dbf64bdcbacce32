package ru.scoliologic.staging.cluster.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStateWaitingBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.stage.Reason;

class ComponentHealthTest {
  private static DeploymentStatusBuilder status(int all, int updated, int available) {
    return new DeploymentStatusBuilder()
        .withObservedGeneration(1L)
        .withReplicas(all)
        .withUpdatedReplicas(updated)
        .withAvailableReplicas(available);
  }

  private static ComponentHealth of(int asked, DeploymentStatus status) {
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
    return ComponentHealth.of(
        Given.aGoodStart().snapshot(), ComponentName.APP, "app:1", Optional.of(deployment));
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
    assertThat(of(1, stuck).reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
    assertThat(of(1, stuck).overdue()).isTrue();
  }

  /** One that was made at 03:00:00 and whose container runs since 03:01:00. */
  private static Pod running() {
    return new KubernetesSerialization()
        .unmarshal(Given.resource("/pods/not-healthy.yaml"), Pod.class);
  }

  private static ComponentHealth postgres(Instant now, Pod... pods) {
    var given = Given.aGoodStart().at(now).logTail("p", "ready to accept connections");
    List.of(pods).forEach(given::pod);
    return ComponentHealth.ofStateful(
        given.snapshot(),
        ComponentName.POSTGRES,
        "postgres:17",
        Optional.of(
            new StatefulSetBuilder()
                .withNewMetadata()
                .withName("demo-postgres")
                .withGeneration(1L)
                .withCreationTimestamp("2026-01-02T03:00:00Z")
                .endMetadata()
                .withNewStatus()
                .withObservedGeneration(1L)
                .withUpdateRevision("r2")
                .endStatus()
                .build()));
  }

  @Test
  void a_pod_may_take_its_time_until_the_deadline() {
    var component = postgres(Instant.parse("2026-01-02T03:09:59Z"), running());

    assertThat(component.reason()).isEqualTo(Reason.COMPONENTS_STARTING);
    assertThat(component.overdue()).isFalse();
    assertThat(component.due()).contains(Instant.parse("2026-01-02T03:10:00Z"));
  }

  @Test
  void what_its_health_check_got_is_told_while_it_starts_and_when_it_is_late() {
    var given =
        Given.aGoodStart()
            .pod(running())
            .amid(
                Given.aGoodStart()
                    .snapshot()
                    .surroundings()
                    .withWarnings(Map.of("Pod/p", "its health check says: LOADING")));
    var set =
        Optional.of(
            new StatefulSetBuilder()
                .withNewMetadata()
                .withName("demo-redis")
                .withGeneration(1L)
                .endMetadata()
                .build());

    var early = given.at(Instant.parse("2026-01-02T03:01:30Z")).snapshot();
    var late = given.at(Instant.parse("2026-01-02T03:10:00Z")).snapshot();

    assertThat(ComponentHealth.ofStateful(early, ComponentName.POSTGRES, "postgres:17", set))
        .satisfies(component -> {
          assertThat(component.reason()).isEqualTo(Reason.COMPONENTS_STARTING);
          assertThat(component.found()).contains("its health check says: LOADING");
        });
    assertThat(
            ComponentHealth.ofStateful(late, ComponentName.POSTGRES, "postgres:17", set).message())
        .isEqualTo(
            "not up for longer than its deadline of 600 s: its health check says: LOADING; it runs,"
                + " but its health check fails");
  }

  @Test
  void a_set_whose_pod_never_serves_says_so_with_its_last_lines() {
    var component = postgres(Instant.parse("2026-01-02T03:10:00Z"), running());

    assertThat(component.reason()).isEqualTo(Reason.NOT_HEALTHY);
    assertThat(component.overdue()).isTrue();
    assertThat(component.message())
        .isEqualTo(
            "not up for longer than its deadline of 600 s: it runs, but its health check fails\n"
                + "its last lines: ready to accept connections");
  }

  @Test
  void a_container_that_was_started_late_is_not_called_unhealthy() {
    var late = running();
    late.getStatus()
        .getContainerStatuses()
        .getFirst()
        .getState()
        .getRunning()
        .setStartedAt("2026-01-02T03:09:00Z");

    var component = postgres(Instant.parse("2026-01-02T03:10:00Z"), late);

    assertThat(component.reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
    assertThat(component.message())
        .contains("container postgres was started only at 2026-01-02T03:09:00Z");
    assertThat(postgres(Instant.parse("2026-01-02T03:14:00Z"), late).reason())
        .isEqualTo(Reason.NOT_HEALTHY);
  }

  @Test
  void a_container_that_the_node_does_not_start_is_told_after_the_deadline() {
    var waiting = running();
    var state = waiting.getStatus().getContainerStatuses().getFirst().getState();
    state.setRunning(null);
    state.setWaiting(new ContainerStateWaitingBuilder().withReason("ContainerCreating").build());

    var component = postgres(Instant.parse("2026-01-02T03:10:00Z"), waiting);

    assertThat(component.reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
    assertThat(component.message())
        .contains("container postgres is not started yet (ContainerCreating)");
  }

  @Test
  void a_named_cause_stays_named_after_the_deadline() {
    var pod =
        new KubernetesSerialization().unmarshal(Given.resource("/pods/image-pull.yaml"), Pod.class);
    pod.getMetadata().setLabels(running().getMetadata().getLabels());
    pod.getMetadata().setCreationTimestamp("2026-01-02T03:00:00Z");

    var component = postgres(Instant.parse("2026-01-02T03:10:00Z"), pod);

    assertThat(component.reason()).isEqualTo(Reason.IMAGE_PULL_FAILED);
    assertThat(component.overdue()).isTrue();
    assertThat(component.message())
        .startsWith("not up for longer than its deadline of 600 s: image nowhere/app:1 cannot be");
  }

  @Test
  void a_pod_of_an_older_template_says_nothing_about_what_is_asked_now() {
    var old = running();
    old.getMetadata().getLabels().put("controller-revision-hash", "r1");

    var component = postgres(Instant.parse("2026-01-02T04:00:00Z"), old);

    assertThat(component.reason()).isEqualTo(Reason.COMPONENTS_STARTING);
    assertThat(component.overdue()).isFalse();
  }

  @Test
  void a_pod_that_served_has_its_deadline_from_when_it_stopped() {
    var lost = running();
    lost.getStatus().getConditions().getFirst().setLastTransitionTime("2026-01-02T09:00:00Z");

    assertThat(postgres(Instant.parse("2026-01-02T09:09:59Z"), lost).overdue()).isFalse();
    assertThat(postgres(Instant.parse("2026-01-02T09:10:00Z"), lost).overdue()).isTrue();
  }

  @Test
  void a_roll_has_its_deadline_from_its_own_begin() {
    var pod = running();
    pod.getMetadata().getLabels().putAll(Map.of(Labels.COMPONENT, "app"));
    var snapshot = Given.aGoodStart().pod(pod).at(Instant.parse("2026-01-02T03:05:00Z")).snapshot();
    var deployment =
        new DeploymentBuilder()
            .withNewMetadata()
            .withGeneration(2L)
            .endMetadata()
            .withStatus(
                status(1, 1, 0)
                    .withObservedGeneration(2L)
                    .addNewCondition()
                    .withType("Progressing")
                    .withStatus("True")
                    .withLastUpdateTime("2026-01-02T03:04:00Z")
                    .endCondition()
                    .build())
            .build();

    var component =
        ComponentHealth.of(snapshot, ComponentName.APP, "app:1", Optional.of(deployment));

    assertThat(component.overdue()).isFalse();
    assertThat(component.due()).contains(Instant.parse("2026-01-02T03:07:00Z"));
  }
}

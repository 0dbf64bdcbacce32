package ru.scoliologic.staging.reconcile.assess;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class DeploymentAssessmentTest {
  private static ComponentHealth available(ComponentName name) {
    return new ComponentHealth(name, true, name + ":1", null, "available");
  }

  private static Plan plan(Snapshot snapshot) {
    return Plan.of(snapshot, Configuration.resolve(snapshot));
  }

  @Test
  void all_components_available_are_named() {
    var result =
        DeploymentAssessment.deployment(
            List.of(
                available(ComponentName.TRAEFIK),
                available(ComponentName.APP),
                available(ComponentName.PROMETHEUS)));

    assertThat(result)
        .isEqualTo(
            new StageResult.Ready(Reason.DEPLOYED, "traefik, app and prometheus are available"));
  }

  @Test
  void one_that_starts_is_waited_for_and_one_that_fails_is_told_first() {
    var components = new ArrayList<>(List.of(available(ComponentName.TRAEFIK)));
    components.add(
        new ComponentHealth(
            ComponentName.APP, false, "app:1", Reason.COMPONENTS_STARTING, "not created yet"));
    assertThat(DeploymentAssessment.deployment(components).message()).isEqualTo("starting: app");

    components.add(
        new ComponentHealth(
            ComponentName.REDIS,
            false,
            "r:1",
            Reason.COMPONENTS_STARTING,
            "starting; its health check says: LOADING"));
    assertThat(DeploymentAssessment.deployment(components).message())
        .isEqualTo("starting: app, redis; redis: its health check says: LOADING");

    components.add(
        new ComponentHealth(
            ComponentName.GRAFANA, false, "g:1", Reason.IMAGE_PULL_FAILED, "cannot be pulled"));
    assertThat(DeploymentAssessment.deployment(components).message())
        .isEqualTo("grafana: cannot be pulled");
  }

  @Test
  void what_the_application_needs_and_has_not_is_told_before_it_and_with_it() {
    var crashing =
        new ComponentHealth(
            ComponentName.APP,
            false,
            "app:1",
            Reason.CONTAINER_CRASHING,
            "container app ended with exit code 1: Error: no database\nits last lines: bye");
    var away =
        new ComponentHealth(
            ComponentName.POSTGRES, false, "p:17", Reason.UNSCHEDULABLE, "no node can take it");
    var starting =
        new ComponentHealth(
            ComponentName.POSTGRES, false, "p:17", Reason.COMPONENTS_STARTING, "starting");

    var both =
        DeploymentAssessment.deployment(List.of(away, available(ComponentName.REDIS), crashing));
    assertThat(both.reason()).isEqualTo(Reason.UNSCHEDULABLE);
    assertThat(both.message())
        .isEqualTo(
            "postgres: no node can take it; app: container app ended with exit code 1: Error: no"
                + " database");
    assertThat(
            DeploymentAssessment.deployment(
                    List.of(starting, available(ComponentName.REDIS), crashing))
                .message())
        .startsWith("postgres: starting; app: container app ended with exit code 1: Error: no");
  }

  @Test
  void one_that_starts_and_says_why_it_cannot_is_quoted_while_it_is_waited_for() {
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withLabels(Map.of(Labels.COMPONENT, "app"))
            .endMetadata()
            .withNewStatus()
            .addNewContainerStatus()
            .withName("app")
            .withReady(false)
            .withNewState()
            .withNewRunning(Given.NOW.toString())
            .endState()
            .endContainerStatus()
            .endStatus()
            .build();
    var app =
        ComponentHealth.of(
            Given.aGoodStart()
                .pod(pod)
                .logTail("p", "error: password authentication failed for user \"app\"\nwaiting\n")
                .snapshot(),
            ComponentName.APP,
            "app:1",
            Optional.of(deployment(Given.aGoodStart().snapshot())));

    var result = DeploymentAssessment.deployment(List.of(available(ComponentName.POSTGRES), app));

    assertThat(result).isInstanceOf(StageResult.Waiting.class);
    assertThat(result.message())
        .startsWith(
            "starting: app; app: its log says: error: password authentication failed for user"
                + " \"app\"; PostgreSQL refuses that login");
  }

  private static Deployment deployment(Snapshot snapshot) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-app-" + plan(snapshot).rollout().serving().id())
        .withGeneration(1L)
        .endMetadata()
        .build();
  }

  @Test
  void a_first_version_tells_its_own_trouble_until_it_is_up() {
    var given = Given.aGoodStart();
    var hash = plan(given.snapshot()).rollout().serving().id();
    given.owning(deployment(given.snapshot()));
    assertThat(DeploymentAssessment.serving(given.snapshot(), plan(given.snapshot())).orElseThrow())
        .isInstanceOfSatisfying(
            StageResult.Waiting.class,
            waiting -> assertThat(waiting.reason()).isEqualTo(Reason.COMPONENTS_STARTING));

    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withLabels(Map.of(Labels.COMPONENT, "app", Labels.VERSION, hash))
            .endMetadata()
            .withStatus(crashing())
            .build();
    var crashing = given.pod(pod).snapshot();

    assertThat(DeploymentAssessment.serving(crashing, plan(crashing)).orElseThrow())
        .isInstanceOfSatisfying(
            StageResult.Failing.class,
            failing -> assertThat(failing.reason()).isEqualTo(Reason.CONTAINER_CRASHING));
  }

  private static PodStatus crashing() {
    return new PodStatusBuilder()
        .addNewContainerStatus()
        .withName("app")
        .withReady(false)
        .withNewState()
        .withNewTerminated()
        .withExitCode(1)
        .endTerminated()
        .endState()
        .endContainerStatus()
        .build();
  }

  @Test
  void data_that_the_server_cannot_read_stalls_for_only_the_spec_can_help() {
    var postgres =
        new ComponentHealth(
            ComponentName.POSTGRES, false, "p:1", Reason.DATA_OF_OTHER_VERSION, "set it to 16");

    assertThat(DeploymentAssessment.deployment(List.of(available(ComponentName.TRAEFIK), postgres)))
        .isEqualTo(new StageResult.Stalled(Reason.DATA_OF_OTHER_VERSION, "postgres: set it to 16"));
  }

  @Test
  void a_task_that_waits_for_postgres_does_not_hide_why_postgres_is_not_there() {
    var marks = "staging.scoliologic.ru/";
    var snapshot =
        Given.aGoodStart()
            .edited("  services:\n", "  services:\n    postgres: {version: '17', reset: again}\n")
            .owning(
                new PersistentVolumeClaimBuilder()
                    .withNewMetadata()
                    .withName("demo-postgres")
                    .withUid("claim-1")
                    .addToAnnotations(marks + "database-tasks", "seed=done reset=00000000")
                    .addToAnnotations(marks + "postgres-major", "16")
                    .endMetadata()
                    .withNewSpec()
                    .withNewResources()
                    .addToRequests("storage", new Quantity("10Gi"))
                    .endResources()
                    .endSpec()
                    .build())
            .snapshot();
    var plan = plan(snapshot);

    assertThat(plan.databaseTasks().step()).isPresent();
    var result =
        DeploymentAssessment.deployment(
            DeploymentAssessment.components(snapshot, plan), snapshot, plan);
    assertThat(result).isInstanceOf(StageResult.Stalled.class);
    assertThat(result.reason()).isEqualTo(Reason.DATA_OF_OTHER_VERSION);
  }

  @Test
  void the_rows_of_monitoring_are_there_while_it_is_on() {
    var off = Given.aGoodStart().snapshot();
    var on =
        Given.aGoodStart()
            .edited(
                "traefik: traefik.staging.test",
                "traefik: traefik.staging.test\n    grafana: grafana.staging.test")
            .snapshot();

    assertThat(DeploymentAssessment.components(off, plan(off)))
        .extracting(ComponentHealth::name)
        .containsExactly(
            ComponentName.TRAEFIK, ComponentName.POSTGRES, ComponentName.REDIS, ComponentName.APP);
    assertThat(DeploymentAssessment.components(on, plan(on)))
        .extracting(ComponentHealth::name)
        .containsExactly(
            ComponentName.TRAEFIK,
            ComponentName.POSTGRES,
            ComponentName.REDIS,
            ComponentName.APP,
            ComponentName.PROMETHEUS,
            ComponentName.GRAFANA);
  }
}

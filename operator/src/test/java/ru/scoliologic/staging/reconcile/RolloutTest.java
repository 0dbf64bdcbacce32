package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision.Checks;

class RolloutTest {
  private static final AppVersion OLD = AppVersion.ofImage("sample-app:0");
  private static final AppVersion WANTED = AppVersion.ofImage("sample-app:1");

  private static Rollout decide(Snapshot snapshot) {
    return Plan.of(snapshot, Configuration.resolve(snapshot), Checks.PASSED).rollout();
  }

  private static Service serving(AppVersion version, Instant since) {
    return serving(version, since, Map.of());
  }

  private static Service serving(AppVersion version, Instant since, Map<String, String> more) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-app")
        .withAnnotations(more)
        .addToAnnotations(Labels.SWITCHED_AT, since.toString())
        .endMetadata()
        .withNewSpec()
        .withSelector(Map.of(Labels.VERSION, version.id()))
        .endSpec()
        .build();
  }

  private static Deployment deployment(AppVersion version, int available) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-app-" + version.id())
        .withLabels(Map.of(Labels.VERSION, version.id()))
        .withAnnotations(Map.of(Labels.IMAGE, version.image()))
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .endTemplate()
        .endSpec()
        .withNewStatus()
        .withAvailableReplicas(available)
        .endStatus()
        .build();
  }

  private static StagingRelease verified(AppVersion version) {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder().withName("demo-" + version.id()).withGeneration(1L).build());
    release.setSpec(StagingReleaseSpec.ofImage("demo", version.image()));
    var condition =
        new ConditionBuilder().withType(ReleaseLedger.VERIFIED).withStatus("True").build();
    release.setStatus(Given.releaseStatus("Serving", List.of(condition)));
    return release;
  }

  @Test
  void the_first_version_serves_at_once() {
    var rollout = decide(Given.aGoodStart().snapshot());

    assertThat(rollout.serving()).isEqualTo(WANTED);
    assertThat(rollout.candidate()).isEmpty();
  }

  @Test
  void a_new_version_starts_beside_the_serving_one() {
    var rollout =
        decide(
            Given.aGoodStart()
                .owning(serving(OLD, Given.NOW.minusSeconds(999)), deployment(OLD, 1))
                .snapshot());

    assertThat(rollout.serving()).isEqualTo(OLD);
    assertThat(rollout.candidate()).contains(WANTED);
    assertThat(rollout.kept()).containsExactly(OLD, WANTED);
  }

  @Test
  void a_new_version_that_does_not_come_up_never_serves() {
    var rollout =
        decide(
            Given.aGoodStart()
                .owning(
                    serving(OLD, Given.NOW.minusSeconds(999)),
                    deployment(OLD, 1),
                    deployment(WANTED, 0))
                .snapshot());

    assertThat(rollout.serving()).isEqualTo(OLD);
  }

  @Test
  void a_new_version_serves_once_it_is_available_and_the_old_one_is_kept_for_a_while() {
    var rollout =
        decide(
            Given.aGoodStart()
                .owning(
                    serving(OLD, Given.NOW.minusSeconds(999)),
                    deployment(OLD, 1),
                    deployment(WANTED, 1))
                .snapshot());

    assertThat(rollout.serving()).isEqualTo(WANTED);
    assertThat(rollout.previous()).contains(OLD);
    assertThat(rollout.switchedAt()).isEqualTo(Given.NOW);
  }

  @Test
  void the_old_version_is_kept_until_its_grace_has_passed() {
    var given =
        Given.aGoodStart()
            .owning(
                serving(WANTED, Given.NOW, Map.of(Labels.PREVIOUS, OLD.id())),
                deployment(OLD, 1),
                deployment(WANTED, 1),
                verified(WANTED));

    var during = decide(given.at(Given.NOW.plus(Rollout.GRACE).minusSeconds(1)).snapshot());
    var after = decide(given.at(Given.NOW.plus(Rollout.GRACE)).snapshot());

    assertThat(during.kept()).containsExactly(WANTED, OLD);
    assertThat(during.nextStep()).contains(Given.NOW.plus(Rollout.GRACE));
    assertThat(after.kept()).containsExactly(WANTED);
    assertThat(after.switchedAt()).isEqualTo(Given.NOW);
  }

  @Test
  void going_back_while_the_old_version_is_kept_is_immediate() {
    var rollout =
        decide(
            Given.aGoodStart()
                .edited("sample-app:1", "sample-app:0")
                .owning(
                    serving(WANTED, Given.NOW.minus(Duration.ofSeconds(10))),
                    deployment(OLD, 1),
                    deployment(WANTED, 1))
                .snapshot());

    assertThat(rollout.serving()).isEqualTo(OLD);
    assertThat(rollout.previous()).contains(WANTED);
  }

  @Test
  void going_back_to_one_that_was_never_verified_takes_no_longer_than_its_checks() {
    var given =
        Given.aGoodStart()
            .edited("sample-app:1", "sample-app:0")
            .owning(
                serving(
                    WANTED,
                    Given.NOW.minus(Duration.ofSeconds(10)),
                    Map.of(Labels.PREVIOUS, OLD.id())),
                deployment(OLD, 1),
                deployment(WANTED, 1));

    assertThat(decide(given.snapshot()).serving()).isEqualTo(OLD);
    var snapshot = given.snapshot();
    var unchecked = Plan.of(snapshot, Configuration.resolve(snapshot)).rollout();
    assertThat(unchecked.serving()).isEqualTo(WANTED);
    assertThat(unchecked.kept()).containsExactly(WANTED, OLD);
  }

  @Test
  void a_version_that_is_down_does_not_get_the_traffic_back_before_it_is_up() {
    var given =
        Given.aGoodStart()
            .edited("sample-app:1", "sample-app:0")
            .owning(
                serving(
                    WANTED,
                    Given.NOW.minus(Duration.ofSeconds(10)),
                    Map.of(Labels.PREVIOUS, OLD.id())),
                deployment(OLD, 0),
                deployment(WANTED, 1),
                verified(OLD));

    var rollout = decide(given.snapshot());

    assertThat(rollout.serving()).isEqualTo(WANTED);
    assertThat(rollout.kept()).containsExactly(WANTED, OLD);
  }

  @Test
  void a_first_version_that_never_came_up_is_replaced_without_waiting() {
    var rollout =
        decide(
            Given.aGoodStart()
                .owning(serving(OLD, Given.NOW.minusSeconds(999)), deployment(OLD, 0))
                .snapshot());

    assertThat(rollout.kept()).containsExactly(WANTED);
  }

  @Test
  void a_first_version_that_was_never_made_is_replaced_without_waiting() {
    var given = Given.aGoodStart().firstDeploying(OLD.image()).owning(serving(OLD, Given.NOW));

    assertThat(decide(given.snapshot()).kept()).containsExactly(WANTED);
  }

  @Test
  void with_the_service_deleted_the_version_that_can_serve_goes_on_serving() {
    var rollout =
        decide(Given.aGoodStart().owning(deployment(OLD, 1), deployment(WANTED, 0)).snapshot());

    assertThat(rollout.serving()).isEqualTo(OLD);
    assertThat(rollout.candidate()).contains(WANTED);
  }

  @Test
  void a_selector_edited_by_hand_makes_no_version_serve() {
    var snapshot =
        Given.aGoodStart()
            .serving(OLD.image())
            .owning(
                serving(WANTED, Given.NOW.minusSeconds(999)),
                deployment(OLD, 1),
                deployment(WANTED, 0))
            .snapshot();

    assertThat(decide(snapshot).serving()).isEqualTo(OLD);
  }

  @Test
  void the_deleted_deployment_of_the_serving_version_is_made_again() {
    var rollout =
        decide(
            Given.aGoodStart()
                .serving(OLD.image())
                .owning(serving(OLD, Given.NOW.minusSeconds(999)), deployment(WANTED, 0))
                .snapshot());

    assertThat(rollout.serving()).isEqualTo(OLD);
    assertThat(rollout.kept()).containsExactly(OLD, WANTED);
  }

  @ParameterizedTest
  @EnumSource(
      value = Checks.class,
      names = {"PASSED"},
      mode = EnumSource.Mode.EXCLUDE)
  void only_checks_that_passed_move_a_plan_a_failure_is_marked_before_anything_is_removed(
      Checks candidate) {
    var snapshot =
        Given.aGoodStart()
            .owning(
                serving(OLD, Given.NOW.minusSeconds(999)),
                deployment(OLD, 1),
                deployment(WANTED, 1))
            .snapshot();
    var settings = Configuration.resolve(snapshot);

    // Also after a Secret was refused the pass plans with what the checks said.
    var plan = Plan.of(snapshot, settings, candidate);

    assertThat(plan.rollout()).isEqualTo(Plan.of(snapshot, settings).rollout());
    assertThat(plan.rollout().candidate()).contains(WANTED);
    assertThat(plan.forecast()).isEqualTo(Plan.of(snapshot, settings).forecast());
    assertThat(plan.keys()).contains("Deployment/demo-app-" + WANTED.id());
  }
}

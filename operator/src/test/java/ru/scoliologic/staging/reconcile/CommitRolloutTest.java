package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.assess.DeploymentAssessment;
import ru.scoliologic.staging.reconcile.assess.GitopsAssessment;
import ru.scoliologic.staging.reconcile.assess.Readiness;
import ru.scoliologic.staging.reconcile.assess.ReadinessTest;
import ru.scoliologic.staging.reconcile.assess.RolloutOutcome;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** Which commit serves and which starts, as an environment is planned that follows a branch. */
class CommitRolloutTest {
  private static final String OLD = "a".repeat(40);
  private static final String NEW = "b".repeat(40);
  private static final String DIGEST = "sha256:" + "0".repeat(64);
  private static final String BRANCH =
      "  gitops: {repository: https://git.staging.test/app.git, %s}\n";

  private static Given following(String more) {
    return Given.aGoodStart()
        .edited(yaml ->
            yaml.replace("      image: sample-app:1\n", "")
                .replaceFirst("(?m)^spec:\n", "spec:\n" + BRANCH.formatted(more)))
        .owning(registry());
  }

  private static Service registry() {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-registry")
        .endMetadata()
        .withNewSpec()
        .addNewPort()
        .withPort(5000)
        .withNodePort(30123)
        .endPort()
        .endSpec()
        .build();
  }

  private static String id(String commit) {
    return Names.commitVersion(commit, "c0ffee");
  }

  private static StagingRelease release(
      String commit, BuildState state, int age, Boolean approved, boolean verified, String failed) {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder()
            .withName("demo-" + id(commit))
            .withGeneration(1L)
            .withCreationTimestamp(Given.NOW.minusSeconds(age).toString())
            .build());
    release.setSpec(
        new StagingReleaseSpec(
            "demo",
            null,
            new StagingReleaseSpec.Commit(commit, "main", "A. Author", "a change", null),
            "c0ffee",
            approved,
            null,
            null,
            null,
            List.of()));
    var conditions =
        verified
            ? List.of(
                new ConditionBuilder().withType(ReleaseLedger.VERIFIED).withStatus("True").build())
            : List.<Condition>of();
    release.setStatus(
        new StagingReleaseStatus(
            1L,
            null,
            null,
            conditions,
            Timings.NONE,
            null,
            failed,
            null,
            null,
            null,
            null,
            new BuildStatus(
                state,
                null,
                null,
                state == BuildState.Built ? DIGEST : null,
                1,
                null,
                null,
                null,
                null,
                null),
            null,
            null));
    return release;
  }

  private static StagingRelease built(String commit, int age) {
    return release(commit, BuildState.Built, age, null, false, null);
  }

  private static StagingRelease verified(String commit, int age) {
    return release(commit, BuildState.Built, age, null, true, null);
  }

  private static Service serving(String commit) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-app")
        .addToAnnotations(Labels.SWITCHED_AT, Given.NOW.minusSeconds(999).toString())
        .addToAnnotations(Labels.SERVING, id(commit))
        .endMetadata()
        .withNewSpec()
        .withSelector(Map.of(Labels.VERSION, id(commit)))
        .endSpec()
        .build();
  }

  private static Deployment deployment(String commit, int available) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-app-" + id(commit))
        .withLabels(Map.of(Labels.VERSION, id(commit)))
        .withAnnotations(Map.of(Labels.IMAGE, "127.0.0.1:30123/app@" + DIGEST))
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

  private static Plan plan(Given given, Checks candidate) {
    var snapshot = given.snapshot();
    return Plan.of(snapshot, Configuration.resolve(snapshot), candidate);
  }

  private static Plan plan(Given given) {
    return plan(given, Checks.UNKNOWN);
  }

  @Test
  void without_an_image_nothing_serves_until_a_commit_is_built_and_stage_3_says_so() {
    var given =
        following("branch: main").owning(release(OLD, BuildState.Building, 9, null, false, null));
    var plan = plan(given);

    assertThat(plan.rollout().serving()).isEqualTo(AppVersion.NONE);
    assertThat(plan.rollout().kept()).isEmpty();
    var app =
        DeploymentAssessment.components(given.snapshot(), plan).stream()
            .filter(component -> component.name() == ComponentName.APP)
            .findFirst()
            .orElseThrow();
    assertThat(app.reason()).isEqualTo(Reason.AWAITING_FIRST_BUILD);
  }

  @Test
  void the_first_commit_that_is_built_serves_by_its_digest() {
    var plan = plan(following("branch: main").owning(built(OLD, 9)));

    assertThat(plan.rollout().serving().id()).isEqualTo(id(OLD));
    assertThat(plan.rollout().serving().image()).isEqualTo("127.0.0.1:30123/app@" + DIGEST);
    assertThat(plan.rollout().serving().title()).isEqualTo("aaaaaaaa \"a change\"");
  }

  @Test
  void an_image_that_the_spec_names_serves_before_the_first_commit_does() {
    var given =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replaceFirst("(?m)^spec:\n", "spec:\n" + BRANCH.formatted("branch: main")))
            .owning(built(NEW, 1), registry());

    assertThat(plan(given).rollout().serving()).isEqualTo(AppVersion.ofImage("sample-app:1"));
    given
        .serving("sample-app:1")
        .owning(
            new DeploymentBuilder(deployment(OLD, 1))
                .editMetadata()
                .withName("demo-app-" + AppVersion.ofImage("sample-app:1").id())
                .withLabels(Map.of(Labels.VERSION, AppVersion.ofImage("sample-app:1").id()))
                .withAnnotations(Map.of(Labels.IMAGE, "sample-app:1"))
                .endMetadata()
                .build());
    assertThat(plan(given).wanted().id()).isEqualTo(Names.commitVersion(NEW, "c0ffee"));
  }

  @Test
  void the_newest_commit_starts_beside_the_serving_one_and_takes_over_when_it_passes() {
    var given =
        following("branch: main")
            .owning(verified(OLD, 9), built(NEW, 1), serving(OLD), deployment(OLD, 1));
    assertThat(plan(given).rollout().candidate().map(AppVersion::id)).contains(id(NEW));

    given.owning(deployment(NEW, 1));
    assertThat(plan(given).rollout().serving().id()).isEqualTo(id(OLD));
    assertThat(plan(given, Checks.FAILED).rollout().serving().id()).isEqualTo(id(OLD));
    var switched = plan(given, Checks.PASSED).rollout();
    assertThat(switched.serving().id()).isEqualTo(id(NEW));
    assertThat(switched.previous().map(AppVersion::id)).contains(id(OLD));
    assertThat(switched.switchedAt()).isEqualTo(Given.NOW);
  }

  @Test
  void the_head_is_what_the_agent_says_also_when_it_is_an_older_commit() {
    var given =
        following("branch: main")
            .owning(
                verified(OLD, 9),
                verified(NEW, 1),
                serving(NEW),
                deployment(NEW, 1),
                agentSays(OLD));

    assertThat(plan(given).wanted().id()).isEqualTo(id(OLD));
  }

  private static ConfigMap agentSays(String head) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName("demo-gitops-agent-state")
        .endMetadata()
        .withData(new AgentContract.State("demo-" + id(head), "Following", "", "").data())
        .build();
  }

  private static String stateOf(Given given, String commit) {
    var snapshot = given.snapshot();
    var plan = plan(given);
    var facts =
        new RolloutOutcome(
                snapshot,
                plan,
                plan.forecast(),
                RolloutOutcome.States.NONE,
                Optional.empty(),
                List.of())
            .facts();
    return ReleaseLedger.of(snapshot, facts).stream()
        .filter(release -> release.getMetadata().getName().equals("demo-" + id(commit)))
        .findFirst()
        .orElseThrow()
        .getStatus()
        .state();
  }

  private static Given building(int age, String head) {
    return following("branch: main")
        .owning(
            verified(OLD, 99),
            release(NEW, BuildState.Building, age, null, false, null),
            serving(OLD),
            deployment(OLD, 1),
            agentSays(head));
  }

  @Test
  void a_new_commit_is_not_superseded_before_the_agents_word_of_the_head_is_seen() {
    assertThat(stateOf(building(1, OLD), NEW)).isEqualTo("Building");
    assertThat(stateOf(building(40, OLD), NEW)).isEqualTo("Superseded");
  }

  @Test
  void a_commit_that_is_older_than_the_head_is_superseded_at_once() {
    var newest = "e".repeat(40);
    var given = building(5, newest).owning(release(newest, null, 1, null, false, null));

    assertThat(stateOf(given, NEW)).isEqualTo("Superseded");
  }

  private static String followed(Given given) {
    return GitopsAssessment.assess(given.snapshot(), plan(given)).message();
  }

  private static Given upAndRunning(String more) {
    return following(more)
        .owning(
            verified(OLD, 9),
            serving(OLD),
            deployment(OLD, 1),
            agentSays(NEW),
            up("demo-gitops-agent"),
            up("demo-registry"));
  }

  private static Deployment up(String name) {
    return new DeploymentBuilder(deployment(OLD, 1))
        .editMetadata()
        .withName(name)
        .withAnnotations(Map.of())
        .withGeneration(1L)
        .endMetadata()
        .editSpec()
        .withReplicas(1)
        .endSpec()
        .editStatus()
        .withObservedGeneration(1L)
        .withReplicas(1)
        .withUpdatedReplicas(1)
        .withReadyReplicas(1)
        .endStatus()
        .build();
  }

  @Test
  void of_a_commit_whose_build_failed_nothing_is_promised_even_before_its_release_says_so() {
    var failed = release(NEW, BuildState.Failed, 1, null, false, null);

    assertThat(followed(upAndRunning("branch: main").owning(failed)))
        .contains("bbbbbbbb")
        .contains("failed and got no traffic")
        .doesNotContain("next");
  }

  @Test
  void a_verified_commit_that_a_pin_holds_back_is_not_promised_either() {
    assertThat(followed(upAndRunning("pin: " + OLD).owning(verified(NEW, 1))))
        .contains("bbbbbbbb")
        .contains("is held back by a pin or a requested release");
  }

  @Test
  void a_bad_commit_gets_no_workload() {
    var configuration = plan(following("branch: main")).configuration().value();
    var given =
        following("branch: main")
            .owning(
                verified(OLD, 9),
                release(NEW, BuildState.Built, 1, null, false, configuration),
                serving(OLD),
                deployment(OLD, 1),
                deployment(NEW, 1));

    assertThat(plan(given, Checks.PASSED).rollout().kept())
        .extracting(AppVersion::id)
        .containsExactly(id(OLD));
  }

  @Test
  void without_auto_deploy_a_commit_awaits_its_approval() {
    var given =
        following("autoDeploy: false").owning(verified(OLD, 9), serving(OLD), deployment(OLD, 1));

    given.owning(built(NEW, 1));
    assertThat(plan(given).wanted().id()).isEqualTo(id(OLD));
    var approved =
        following("autoDeploy: false")
            .owning(
                verified(OLD, 9),
                serving(OLD),
                deployment(OLD, 1),
                release(NEW, BuildState.Built, 1, true, false, null));
    assertThat(plan(approved).wanted().id()).isEqualTo(id(NEW));
  }

  @Test
  void a_pin_goes_before_the_head_and_one_that_is_not_known_yet_changes_nothing() {
    var pinned =
        following("pin: " + OLD)
            .owning(verified(OLD, 9), verified(NEW, 1), serving(NEW), deployment(NEW, 1));
    var unknown =
        following("pin: " + "d".repeat(40))
            .owning(verified(OLD, 9), verified(NEW, 1), serving(NEW), deployment(NEW, 1));

    assertThat(plan(pinned).wanted().id()).isEqualTo(id(OLD));
    assertThat(plan(unknown).wanted().id()).isEqualTo(id(NEW));
  }

  @Test
  void a_commit_of_the_branch_that_starts_leaves_the_environment_ready_and_a_pinned_one_does_not() {
    var starts =
        Optional.<StageResult>of(
            new StageResult.Waiting(Reason.CANDIDATE_STARTING, "bbbbbbbb starts"));

    assertThat(Readiness.ofTheSpec(starts, plan(beside("branch: main")))).isEmpty();
    assertThat(Readiness.ofTheSpec(starts, plan(beside("pin: " + NEW)))).isEqualTo(starts);
  }

  private static Given beside(String more) {
    return following(more)
        .owning(verified(OLD, 9), built(NEW, 1), serving(OLD), deployment(OLD, 1));
  }

  @Test
  void the_last_answer_of_the_checks_holds_while_they_run_for_a_new_commit_of_the_same_spec() {
    var plan = plan(beside("branch: main"));
    var running =
        Map.<Stage, StageResult>of(
            Stage.VALIDATION, new StageResult.Waiting(Reason.CHECKS_RUNNING, "e2e still runs"));
    var environment = beside("branch: main").snapshot().environment();
    environment.setStatus(Given.status("a", "app.staging.test"));

    assertThat(Readiness.shown(running, environment, plan).get(Stage.VALIDATION).isReady())
        .as("nothing was ever verified")
        .isFalse();

    environment.getMetadata().setGeneration(2L);
    var passed = new StageResult.Ready(Reason.CHECKS_PASSED, "8 of 8 checks passed");
    environment.setStatus(
        ReadinessTest.with(
            new Conditions(List.of(), 2, Given.NOW)
                .of(Stage.of(true), Map.of(Stage.VALIDATION, passed), passed)));
    assertThat(Readiness.shown(running, environment, plan)).containsEntry(Stage.VALIDATION, passed);

    environment.getMetadata().setGeneration(3L);
    assertThat(Readiness.shown(running, environment, plan).get(Stage.VALIDATION).isReady())
        .as("another spec may ask for other checks")
        .isFalse();
  }
}

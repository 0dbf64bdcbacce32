package ru.scoliologic.staging.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Wiped;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

class FirstDeploymentTest {
  private static final String UID = "11111111-2222-3333-4444-555555555555";
  private static final ConfigurationHash CONFIGURATION = new ConfigurationHash("c");
  private static final FirstDeployment.Attempt ATTEMPT = new FirstDeployment.Attempt("a");
  private static final StageResult FAILURE =
      new StageResult.Failing(Reason.NOT_HEALTHY, "postgres: does not serve");

  private static Given wiping() {
    return Given.aGoodStart()
        .edited("\nspec:\n", "\nspec:\n  rollback: {firstDeployment: Wipe}\n")
        .told(failing("AwaitingPreviousStage"), null);
  }

  private static List<Condition> failing(String validated) {
    return List.of(
        condition("Deployed", "False", "NotHealthy"), condition("Validated", "Unknown", validated));
  }

  private static Condition condition(String type, String status, String reason) {
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withReason(reason)
        .withObservedGeneration(3L)
        .build();
  }

  private static PersistentVolumeClaim claim(String name, String mark) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName(name)
        .withAnnotations(mark == null ? Map.of() : Map.of(Labels.FIRST_DEPLOYMENT, mark))
        .endMetadata()
        .build();
  }

  private static HasMetadata set(String name) {
    return new StatefulSetBuilder().withNewMetadata().withName(name).endMetadata().build();
  }

  private static HasMetadata going(HasMetadata object) {
    object.getMetadata().setDeletionTimestamp("2026-01-02T03:00:00Z");
    return object;
  }

  private static FirstDeployment.Attempt attempt(Snapshot snapshot) {
    return FirstDeployment.attempt(
        snapshot, RolloutTarget.of(snapshot, true).desired().orElseThrow(), CONFIGURATION);
  }

  private static boolean isWiped(Snapshot snapshot) {
    return FirstDeployment.decide(snapshot, FAILURE, true, attempt(snapshot)).isPresent();
  }

  /** As after the decision, with the same attempt. */
  private static Given decided(HasMetadata... objects) {
    var with = attempt(wiping().snapshot());
    return wiping()
        .told(
            failing("AwaitingPreviousStage"),
            new Wiped("2026-01-02T03:00:00Z", "its cause", with.hash()))
        .owning(objects);
  }

  private static FirstDeployment.Teardown underWay(Given given) {
    var snapshot = given.snapshot();
    return FirstDeployment.underWay(snapshot, attempt(snapshot)).orElseThrow();
  }

  private static StagingRelease release(String verified, String retry) {
    var release = new StagingRelease();
    release.getMetadata().setName("demo-1");
    release.setSpec(
        new StagingReleaseSpec(
            "demo", "sample-app:1", null, null, null, retry, null, null, List.of()));
    release.setStatus(
        Given.releaseStatus(null, List.of(condition("Verified", verified, "ChecksPassed"))));
    return release;
  }

  @Test
  void one_that_failed_for_good_is_wiped_when_that_is_asked_for() {
    var snapshot = wiping().owning(claim("demo-postgres", UID)).snapshot();

    var wiped = FirstDeployment.decide(snapshot, FAILURE, true, ATTEMPT).orElseThrow();

    assertThat(wiped).isEqualTo(new Wiped("2026-01-02T03:04:05Z", "postgres: does not serve", "a"));
  }

  @Test
  void keep_is_the_default_and_keeps() {
    var snapshot =
        Given.aGoodStart()
            .told(failing("AwaitingPreviousStage"), null)
            .owning(claim("demo-postgres", UID))
            .snapshot();

    assertThat(isWiped(snapshot)).isFalse();
    assertThat(FirstDeployment.spared(snapshot, FAILURE, true)).isEmpty();
  }

  @Test
  void what_may_still_come_up_is_not_wiped() {
    var snapshot = wiping().owning(claim("demo-postgres", UID)).snapshot();

    assertThat(FirstDeployment.decide(snapshot, FAILURE, false, ATTEMPT)).isEmpty();
  }

  @Test
  void what_only_a_change_can_mend_has_failed_for_good() {
    var stalled = new StageResult.Stalled(Reason.NOT_HEALTHY, "the seed cannot be loaded");

    assertThat(FirstDeployment.decide(wiping().snapshot(), stalled, false, ATTEMPT)).isPresent();
  }

  @Test
  void the_failure_is_told_before_anything_is_decided() {
    var snapshot =
        wiping()
            .told(List.of(condition("Deployed", "False", "ComponentsStarting")), null)
            .snapshot();

    assertThat(isWiped(snapshot)).isFalse();
    assertThat(FirstDeployment.isAbout(snapshot, FAILURE, true)).isTrue();
  }

  @Test
  void one_that_was_deployed_before_is_never_wiped() {
    var snapshot =
        wiping().told(failing("ChecksFailed"), null).owning(claim("demo-postgres", UID)).snapshot();

    assertThat(isWiped(snapshot)).isFalse();
  }

  @Test
  void one_with_a_verified_release_is_never_wiped() {
    assertThat(isWiped(wiping().owning(release("True", null)).snapshot())).isFalse();
    assertThat(isWiped(wiping().owning(release("False", null)).snapshot())).isTrue();
  }

  @Test
  void adopted_data_keeps_everything_from_being_wiped_and_is_named() {
    var snapshot =
        wiping()
            .owning(
                claim("demo-postgres", "of-an-earlier-environment"),
                claim("demo-redis", UID),
                claim("demo-app-uploads", null))
            .snapshot();

    assertThat(isWiped(snapshot)).isFalse();
    assertThat(FirstDeployment.spared(snapshot, FAILURE, true).orElseThrow())
        .contains("PersistentVolumeClaim demo-postgres, PersistentVolumeClaim demo-app-uploads")
        .doesNotContain("redis");
  }

  @Test
  void the_sets_and_the_marked_claims_go_but_not_the_certificates() {
    var teardown =
        underWay(
            decided(
                set("demo-postgres"),
                claim("demo-postgres", UID),
                claim("demo-traefik", UID),
                claim("demo-adopted", "another"),
                going(claim("demo-redis", UID))));

    assertThat(teardown.objects())
        .extracting(o -> o.getKind() + "/" + o.getMetadata().getName())
        .containsExactly("StatefulSet/demo-postgres", "PersistentVolumeClaim/demo-postgres");
    assertThat(teardown.result()).isInstanceOf(StageResult.Waiting.class);
    assertThat(teardown.result().message()).contains("is being removed").contains("its cause");
  }

  @Test
  void once_all_is_gone_only_a_change_helps() {
    var teardown = underWay(decided(claim("demo-traefik", null)));

    assertThat(teardown.objects()).isEmpty();
    assertThat(teardown.result()).isInstanceOf(StageResult.Stalled.class);
    assertThat(teardown.result().reason()).isEqualTo(Reason.FIRST_DEPLOYMENT_WIPED);
  }

  @Test
  void a_changed_secret_has_it_deployed_anew() {
    var changed =
        decided()
            .secret("given", Map.of("ESIA_CLIENT_ID", "2", "TRAEFIK_AUTH", Given.DASHBOARD_USER))
            .snapshot();

    assertThat(FirstDeployment.underWay(changed, attempt(changed))).isEmpty();
  }

  @Test
  void a_request_for_another_try_has_it_deployed_anew() {
    var asked = decided(release("False", "again")).snapshot();

    assertThat(FirstDeployment.underWay(asked, attempt(asked))).isEmpty();
  }

  @Test
  void another_attempt_waits_for_what_is_on_its_way_out_and_deletes_nothing_more() {
    var teardown =
        underWay(
            decided(
                release("False", "again"),
                going(claim("demo-postgres", UID)),
                claim("demo-redis", UID)));

    assertThat(teardown.objects()).isEmpty();
    assertThat(teardown.result()).isInstanceOf(StageResult.Waiting.class);
  }

  @Test
  void a_record_does_no_harm_to_one_that_was_deployed() {
    var deployed =
        decided(claim("demo-postgres", UID))
            .told(
                failing("ChecksPassed"),
                new Wiped("2026-01-02T03:00:00Z", "x", attempt(wiping().snapshot()).hash()))
            .snapshot();

    assertThat(FirstDeployment.underWay(deployed, attempt(deployed))).isEmpty();
  }

  @Test
  void only_claims_that_are_made_for_it_get_the_mark() {
    var adopted = claim("demo-redis", null);
    var snapshot = wiping().owning(adopted, claim("demo-ollama", UID)).snapshot();
    var plan =
        List.of("demo-postgres", "demo-redis", "demo-ollama", "demo-traefik").stream()
            .map(name -> new PlannedObject(Stage.DEPLOYMENT, claim(name, null)))
            .toList();

    FirstDeployment.mark(snapshot, plan);

    assertThat(plan)
        .filteredOn(
            p -> UID.equals(p.object().getMetadata().getAnnotations().get(Labels.FIRST_DEPLOYMENT)))
        .extracting(p -> p.object().getMetadata().getName())
        .containsExactly("demo-postgres", "demo-ollama");
  }

  @Test
  void the_mark_is_taken_off_once_all_was_available() {
    var snapshot =
        wiping().told(failing("ChecksFailed"), null).owning(claim("demo-redis", UID)).snapshot();
    var plan = List.of(new PlannedObject(Stage.DEPLOYMENT, claim("demo-redis", null)));

    FirstDeployment.mark(snapshot, plan);

    assertThat(plan.getFirst().object().getMetadata().getAnnotations()).isEmpty();
    assertThat(FirstDeployment.hasMarks(snapshot)).isTrue();
  }
}

package ru.scoliologic.staging.reconcile.assess;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

public class ReadinessTest {
  private static final StageResult DEPLOYED =
      new StageResult.Ready(Reason.DEPLOYED, "traefik, postgres, redis and app are available");
  private static final StageResult REMARKS =
      new StageResult.Ready(Reason.PASSED_WITH_REMARKS, "6 of 8 checks passed; remarks: ...");

  /** The conditions of a status, of which nothing else is known. */
  public static StagingEnvironmentStatus with(List<Condition> conditions) {
    return new StagingEnvironmentStatus(
        1L,
        null,
        null,
        conditions,
        List.of(),
        null,
        null,
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null);
  }

  private static Result failed(String name) {
    return new Result(name, "smoke", Priority.Important, Outcome.Failed, "status 500");
  }

  private static StageResult of(StageResult validation, List<Result> checked) {
    return Readiness.of(
        Map.of(Stage.DEPLOYMENT, DEPLOYED, Stage.VALIDATION, validation),
        Optional.empty(),
        checked,
        "app.staging.test");
  }

  @Test
  void ready_with_remarks_says_so_and_how_many() {
    var two = of(REMARKS, List.of(failed("news"), failed("search")));

    assertThat(two)
        .isEqualTo(
            new StageResult.Ready(
                Reason.PASSED_WITH_REMARKS,
                "https://app.staging.test serves and is verified with 2 remarks: see the condition"
                    + " Validated"));
    assertThat(of(REMARKS, List.of(failed("news"))).message()).contains("with 1 remark:");
    assertThat(of(REMARKS, List.of()).message())
        .as("the answer of a round before this pass")
        .contains("with remarks:");
  }

  @Test
  void ready_says_that_a_volume_is_not_as_the_spec_says() {
    var deployed = new StageResult.Ready(Reason.STORAGE_CANNOT_SHRINK, "all are available; ...");

    assertThat(
            Readiness.of(Map.of(Stage.DEPLOYMENT, deployed), Optional.empty(), List.of(), "a.test"))
        .isEqualTo(
            new StageResult.Ready(
                Reason.READY,
                "https://a.test serves and is verified; a volume is not as the spec says: see the"
                    + " condition Deployed"));
  }

  @Test
  void what_the_spec_asks_for_and_does_not_serve_yet_keeps_ready_false() {
    var starts = new StageResult.Waiting(Reason.CANDIDATE_STARTING, "app:2 starts beside app:1");

    assertThat(
            Readiness.of(
                Map.of(Stage.DEPLOYMENT, DEPLOYED), Optional.of(starts), List.of(), "a.test"))
        .isEqualTo(starts);
  }

  /** A key whose new value the application is being given. */
  private static Given rotating() {
    return Given.aGoodStart()
        .owning(
            Given.secretOf(
                "demo-credentials",
                Map.of(
                    "JWT_SECRET",
                    "j".repeat(48),
                    "JWT_SECRET.next",
                    "k".repeat(48),
                    "JWT_SECRET.rotation",
                    """
                    {"done":0,"attempt":{"number":1,"step":"STARTING","begun":"%1$s","since":"%1$s",\
                    "switched":"%1$s","tries":0}}\
                    """
                        .formatted(Given.NOW),
                    "POSTGRES_PASSWORD",
                    "kept")));
  }

  private static ComponentHealth app(Given given, int available) {
    var before = Plan.of(given.snapshot(), Configuration.resolve(given.snapshot()));
    given.owning(
        new DeploymentBuilder()
            .withNewMetadata()
            .withName("demo-app-" + before.rollout().serving().id())
            .withGeneration(2L)
            .addToAnnotations(Labels.IMAGE, "sample-app:1")
            .endMetadata()
            .withNewSpec()
            .withReplicas(1)
            .endSpec()
            .withNewStatus()
            .withObservedGeneration(2L)
            .withReplicas(2)
            .withUpdatedReplicas(1)
            .withAvailableReplicas(available)
            .endStatus()
            .build());
    var snapshot = given.serving("sample-app:1").snapshot();
    return DeploymentAssessment.components(
            snapshot, Plan.of(snapshot, Configuration.resolve(snapshot)))
        .stream()
        .filter(component -> component.name() == ComponentName.APP)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void an_application_that_is_rolled_for_a_new_value_stays_available_while_its_old_pod_serves() {
    assertThat(app(rotating(), 1).ready()).isTrue();
    assertThat(app(rotating(), 0).ready()).as("nothing serves").isFalse();
    assertThat(app(Given.aGoodStart(), 1).ready())
        .as("a roll for a change of the spec is awaited")
        .isFalse();
  }

  @Test
  void a_rotation_under_way_is_no_reason_not_to_be_ready() {
    var rotations = Configuration.resolve(rotating().snapshot()).rotations();

    assertThat(rotations.active()).isTrue();
    assertThat(rotations.result().map(StageResult::reason)).contains(Reason.ROTATING);
    assertThat(Readiness.ofFailedRotation(rotations)).isEmpty();
  }
}

package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Wiped;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.check.CandidateChecker;
import ru.scoliologic.staging.reconcile.check.CheckScheduler;
import ru.scoliologic.staging.reconcile.check.DeniedTrafficExplainer;
import ru.scoliologic.staging.reconcile.check.ServingChecker;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.observe.KnownSecrets;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.reconcile.publish.PassOutcome;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.validation.CheckRunner.Round;

/** The whole flow of a pass over a cluster in memory: no API server, no network, no waiting. */
class EnvironmentPassTest {
  private Instant now = Given.NOW;
  private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
  private final FakeCluster cluster = new FakeCluster();
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final OperatorMetrics metrics = new OperatorMetrics();

  /** Names of the versions' pods whose checks fail, or "serving" for those through the ingress. */
  private final Set<String> failing = new HashSet<>();

  private boolean checksEnd = true;
  private Given given = Given.aGoodStart();
  private StagingEnvironment environment = given.snapshot().environment();

  private final EnvironmentPass pass =
      new EnvironmentPass(
          cluster,
          new CandidateChecker(scheduler("beside")),
          new StageRunner(cluster, new ServingChecker(scheduler("serving"), cluster)),
          new DeniedTrafficExplainer(cluster::networkPolicies, clock),
          new KnownSecrets(memories));

  private CheckScheduler scheduler(String whose) {
    return new CheckScheduler(
        target ->
            new Round(
                Optional.empty(),
                List.of(
                    new Result(
                        "front page",
                        "declared",
                        Priority.Critical,
                        failing.contains(whose) ? Outcome.Failed : Outcome.Passed,
                        null))),
        (namespace, work) -> {
          var task = new FutureTask<Void>(work, null);
          if (checksEnd) {
            task.run();
          }
          return task;
        },
        done -> {},
        clock,
        metrics,
        memories);
  }

  /** One pass; its status and releases are kept as publishing keeps them. */
  private Optional<PassOutcome> run() {
    cluster.surroundings(given.at(now));
    var outcome = pass.run(environment, List.of());
    outcome.ifPresent(found -> {
      var opened =
          Conditions.gateOpened(
              environment.getStatus() == null ? null : environment.getStatus().conditions(),
              Stage.DEPLOYMENT);
      environment.setStatus(found.status(environment, environment.getStatus(), clock));
      found
          .versions()
          .filter(versions -> opened)
          .ifPresent(versions ->
              ReleaseLedger.of(versions.snapshot(), found.facts(versions))
                  .forEach(cluster::release));
    });
    return outcome;
  }

  /** As many passes as it takes until nothing is written, at most twenty. */
  private PassOutcome settled() {
    Optional<PassOutcome> last = Optional.empty();
    for (int n = 0; n < 20; n++) {
      now = now.plus(Duration.ofSeconds(5));
      cluster.writes.clear();
      last = run();
      if (n > 3 && cluster.writes.isEmpty()) {
        break;
      }
    }
    assertThat(cluster.writes).isEmpty();
    return last.orElseThrow();
  }

  private void edit(String what, String with) {
    var before = environment;
    given = given.edited(what, with);
    environment = given.snapshot().environment();
    environment.setStatus(before.getStatus());
    environment.getMetadata().setUid(before.getMetadata().getUid());
    environment.getMetadata().setGeneration(before.getMetadata().getGeneration() + 1);
  }

  private List<String> deployments() {
    return cluster.owned(environment).list(Deployment.class).stream()
        .map(deployment -> deployment.getMetadata().getName())
        .filter(name -> name.startsWith("demo-app"))
        .toList();
  }

  /** Image of the version that the last status says serves. */
  private String serving() {
    return environment.getStatus().app().serving();
  }

  private static Reason reason(PassOutcome outcome, Stage stage) {
    return outcome.results().get(stage).reason();
  }

  @Test
  void from_nothing_every_stage_becomes_ready_in_order() {
    var reached = new ArrayList<Integer>();
    for (int n = 0; n < 6; n++) {
      now = now.plus(Duration.ofSeconds(5));
      reached.add(run().orElseThrow().results().size());
    }

    assertThat(reached).isSorted().endsWith(4);
    assertThat(settled().overall().reason()).isEqualTo(Reason.READY);
  }

  @Test
  void a_pass_over_what_is_as_the_spec_says_writes_nothing() {
    settled();
    now = now.plus(Duration.ofHours(1));

    run();

    assertThat(cluster.writes).isEmpty();
  }

  @Test
  void an_invalid_spec_touches_nothing_that_runs() {
    settled();
    edit("app: app.staging.test", "app: app_staging");

    var outcome = run().orElseThrow();

    assertThat(outcome.overall().reason()).isEqualTo(Reason.INVALID_SPEC);
    assertThat(outcome.records()).isEmpty();
    assertThat(cluster.writes).isEmpty();
  }

  @Test
  void while_a_stage_waits_nothing_of_the_next_one_is_made() {
    given = given.storageClasses(Map.of());

    var outcome = run().orElseThrow();

    assertThat(outcome.results()).containsOnlyKeys(Stage.INFRASTRUCTURE);
    assertThat(deployments()).isEmpty();
  }

  @Test
  void a_component_that_breaks_is_the_reason_of_its_stage_and_the_next_stage_waits() {
    cluster.breaks(object -> isOf(object, "postgres"));

    var outcome = settled();

    assertThat(outcome.results().get(Stage.DEPLOYMENT).isReady()).isFalse();
    assertThat(outcome.results()).doesNotContainKey(Stage.VALIDATION);
  }

  private static boolean isOf(HasMetadata object, String component) {
    return object.getMetadata().getName().equals("demo-" + component);
  }

  @Test
  void while_the_first_round_of_checks_runs_nothing_is_published_and_nothing_deleted() {
    checksEnd = false;
    Optional<PassOutcome> last = Optional.empty();
    for (int n = 0; n < 6; n++) {
      now = now.plus(Duration.ofSeconds(5));
      last = run();
    }

    assertThat(last).isEmpty();
    assertThat(cluster.writes).noneMatch(write -> write.startsWith("-"));
  }

  @Test
  void a_new_version_is_checked_beside_and_then_gets_the_traffic() {
    settled();
    edit("image: sample-app:1", "image: sample-app:2");

    var outcome = settled();

    assertThat(outcome.versions().orElseThrow().rollout().serving().image())
        .isEqualTo("sample-app:2");
    assertThat(outcome.overall().reason()).isEqualTo(Reason.READY);
  }

  @Test
  void a_new_version_that_fails_its_checks_never_serves() {
    settled();
    failing.add("beside");
    edit("image: sample-app:1", "image: sample-app:2");

    var outcome = settled();

    assertThat(outcome.versions().orElseThrow().rollout().serving().image())
        .isEqualTo("sample-app:1");
    assertThat(outcome.overall().isReady()).isFalse();
  }

  @Test
  void a_version_that_fails_through_the_ingress_is_taken_back() {
    settled();
    edit("image: sample-app:1", "image: sample-app:2");
    while (!serving().equals("sample-app:2")) {
      now = now.plus(Duration.ofSeconds(5));
      run();
    }
    failing.add("serving");
    for (int n = 0; n < 8 && serving().equals("sample-app:2"); n++) {
      now = now.plus(Duration.ofSeconds(5));
      run();
    }

    assertThat(serving()).isEqualTo("sample-app:1");
  }

  @Test
  void refused_credentials_leave_what_runs_with_those_that_are_stored() {
    settled();
    var before = cluster.writes.size();
    cluster.refuses(object -> object instanceof Secret && isOf(object, "credentials"));
    failing.add("beside");
    edit("image: sample-app:1", "image: sample-app:2");

    var outcome = settled();

    assertThat(before).isZero();
    assertThat(reason(outcome, Stage.CONFIGURATION)).isEqualTo(Reason.ADMISSION_REFUSED);
    assertThat(outcome.versions().orElseThrow().rollout().serving().image())
        .isEqualTo("sample-app:1");
  }

  @Test
  void a_domain_that_another_environment_holds_is_not_taken() {
    var other = Given.environment("demo");
    other.getMetadata().setName("older");
    other.getMetadata().setUid("older");
    other.setStatus(Given.status("sample-app:1", "app.staging.test"));

    var outcome = pass.run(environment, List.of(other)).orElseThrow();

    assertThat(outcome.overall().reason()).isEqualTo(Reason.DOMAIN_CLAIMED);
    assertThat(cluster.writes).isEmpty();
  }

  @Test
  void while_a_first_deployment_is_removed_its_infrastructure_is_judged_as_if_it_were_there() {
    edit(
        "  services:\n",
        "  rollback: {firstDeployment: Wipe}\n  services:\n    postgres: {storageClassName: fast}\n");
    cluster.surroundings(given);
    var snapshot = cluster.snapshot(environment, List.of());
    var plan = Plan.of(snapshot, Configuration.resolve(snapshot));
    var attempt = FirstDeployment.attempt(snapshot, plan.wanted(), plan.configuration());
    environment.setStatus(
        given
            .told(List.of(), new Wiped(now.toString(), "it crashed", attempt.hash()))
            .snapshot()
            .environment()
            .getStatus());

    var outcome = run().orElseThrow();

    assertThat(reason(outcome, Stage.DEPLOYMENT)).isEqualTo(Reason.FIRST_DEPLOYMENT_WIPED);
    assertThat(reason(outcome, Stage.INFRASTRUCTURE)).isEqualTo(Reason.STORAGE_CLASS_NOT_FOUND);
    assertThat(cluster.writes).noneMatch(write -> write.contains("postgres"));
  }
}

package ru.scoliologic.staging.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.release.ReleaseLedger.Candidate;
import ru.scoliologic.staging.release.ReleaseLedger.Facts;
import ru.scoliologic.staging.release.ReleaseLedger.Migrations;
import ru.scoliologic.staging.release.ReleaseLedger.Serving;
import ru.scoliologic.staging.release.ReleaseLedger.Validation;
import ru.scoliologic.staging.release.ReleaseLedger.Workloads;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class ReleaseLedgerTest {
  private static final String OLD = "sample-app:0";
  private static final String WANTED = "sample-app:1";
  private static final ConfigurationHash CONFIGURATION = new ConfigurationHash("c0ffee");
  private static final StageResult PASSED =
      new StageResult.Ready(Reason.CHECKS_PASSED, "all passed");
  private static final StageResult CRASHES =
      new StageResult.Failing(Reason.CANDIDATE_FAILED, "it ends with exit code 1");

  private static final StageResult STARTS =
      new StageResult.Waiting(Reason.CANDIDATE_STARTING, "it starts");

  private static final Migrations NOT_MIGRATED = new Migrations(Set.of(), Map.of());

  private static AppVersion version(String image) {
    return AppVersion.ofImage(image);
  }

  private static RolloutTarget target(String image) {
    return new RolloutTarget(Optional.of(version(image)), Optional.empty(), Optional.empty());
  }

  /** What was decided upon: who is wanted, and what is marked. */
  private static RolloutDecision step(
      String wanted, Optional<String> verified, Optional<String> bad, String... superseded) {
    return new RolloutDecision(
        Optional.of(version(wanted).id()),
        Optional.of(version(wanted).id()),
        new RolloutDecision.Placement(Optional.empty(), Optional.empty(), Optional.empty()),
        new RolloutDecision.Marks(
            verified.map(image -> version(image).id()),
            bad.map(image -> version(image).id()),
            Stream.of(superseded).map(image -> version(image).id()).collect(Collectors.toSet())),
        Map.of());
  }

  private static Workloads up(AppVersion version) {
    return new Workloads(
        new Serving(version, true, Optional.empty()), Optional.empty(), Optional.empty());
  }

  private static Workloads down(AppVersion version, StageResult state) {
    return new Workloads(
        new Serving(version, false, Optional.of(state)), Optional.empty(), Optional.empty());
  }

  private static Validation checked(Optional<StageResult> result) {
    return new Validation(result, Optional.empty());
  }

  private static Facts serving(String image, StageResult validation, String... superseded) {
    var passed = Optional.ofNullable(validation).filter(StageResult::isReady).map(v -> image);
    return new Facts(
        target(image),
        step(image, passed, Optional.empty(), superseded),
        CONFIGURATION,
        up(version(image)),
        checked(Optional.ofNullable(validation)),
        NOT_MIGRATED);
  }

  private static Facts trying(boolean failed) {
    return trying(failed, CRASHES);
  }

  private static Facts trying(boolean failed, StageResult state) {
    return new Facts(
        target(WANTED),
        step(WANTED, Optional.of(OLD), Optional.of(WANTED).filter(w -> failed)),
        CONFIGURATION,
        new Workloads(
            new Serving(version(OLD), true, Optional.empty()),
            Optional.of(new Candidate(version(WANTED), Optional.of(state))),
            Optional.empty()),
        checked(Optional.of(PASSED)),
        NOT_MIGRATED);
  }

  /** A release as an earlier pass left it, at second {@code age}. */
  private static StagingRelease release(
      String image, int age, StagingReleaseSpec spec, StagingReleaseStatus status) {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder()
            .withName("demo-" + version(image).id())
            .withGeneration(1L)
            .withCreationTimestamp(Given.NOW.plusSeconds(age).toString())
            .build());
    release.setSpec(spec);
    release.setStatus(status);
    return release;
  }

  private static StagingReleaseSpec asked(String image, String retry, String serve) {
    return new StagingReleaseSpec("demo", image, null, null, null, retry, serve, null, List.of());
  }

  private static StagingReleaseStatus statusOf(List<StagingRelease> releases, String image) {
    return releases.stream()
        .filter(release -> release.getSpec().image().equals(image))
        .findFirst()
        .orElseThrow()
        .getStatus();
  }

  @Test
  void a_request_that_comes_while_a_pass_works_is_left_to_the_next_one() {
    var known = release(OLD, 0, StagingReleaseSpec.ofImage("demo", OLD), null);
    var meanwhile = release(OLD, 0, asked(OLD, "again", "please"), null);
    var seen = Given.aGoodStart().owning(known).snapshot();

    var made = seen.after(new OwnedObjects(List.of(meanwhile)));

    assertThat(statusOf(ReleaseLedger.of(made, serving(WANTED, PASSED)), OLD).handled())
        .isEqualTo(Handled.NOTHING);
    assertThat(
            statusOf(
                    ReleaseLedger.of(
                        Given.aGoodStart().owning(meanwhile).snapshot(), serving(WANTED, PASSED)),
                    OLD)
                .handled())
        .isEqualTo(new Handled("again", "please", null));
  }

  private static StagingReleaseStatus failed() {
    return statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), trying(true)), WANTED);
  }

  private static Optional<String> condition(StagingReleaseStatus status, String type) {
    return Conditions.find(status.conditions(), type).map(Condition::getStatus);
  }

  @Test
  void a_version_that_serves_and_passes_is_verified_with_the_time_of_each_step() {
    var status =
        statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), serving(WANTED, PASSED)), WANTED);

    assertThat(status.state()).isEqualTo("Serving");
    assertThat(condition(status, ReleaseLedger.ROLLED_OUT)).contains("True");
    assertThat(condition(status, ReleaseLedger.VERIFIED)).contains("True");
    assertThat(status.timings().verified()).isEqualTo("2026-01-02T03:04:05Z");
    assertThat(status.timings().secondsToVerified()).isZero();
  }

  @Test
  void checks_that_pass_and_do_not_count_yet_say_nothing() {
    var fresh =
        new Facts(
            target(WANTED),
            step(WANTED, Optional.empty(), Optional.empty()),
            CONFIGURATION,
            up(version(WANTED)),
            checked(Optional.of(PASSED)),
            NOT_MIGRATED);

    var status = statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), fresh), WANTED);

    assertThat(status.state()).isEqualTo("Serving");
    assertThat(condition(status, ReleaseLedger.VERIFIED)).isEmpty();
  }

  @Test
  void a_pass_with_nothing_new_says_the_same_again() {
    var facts = serving(WANTED, PASSED);
    var first = statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), facts), WANTED);
    var later =
        Given.aGoodStart()
            .owning(release(WANTED, 0, asked(WANTED, null, null), first))
            .at(Given.NOW.plusSeconds(600))
            .snapshot();

    assertThat(statusOf(ReleaseLedger.of(later, facts), WANTED)).isEqualTo(first);
  }

  @Test
  void a_verified_version_stays_verified_when_a_check_fails_later() {
    var verified =
        statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), serving(WANTED, PASSED)), WANTED);
    var later =
        Given.aGoodStart()
            .owning(release(WANTED, 0, asked(WANTED, null, null), verified))
            .snapshot();
    var down = new StageResult.Failing(Reason.CHECKS_FAILED, "found status 503");

    var status = statusOf(ReleaseLedger.of(later, serving(WANTED, down)), WANTED);

    assertThat(condition(status, ReleaseLedger.VERIFIED)).contains("True");
  }

  @Test
  void a_failed_version_keeps_its_evidence_and_is_given_up_with_that_configuration_only() {
    var failed = failed();
    var snapshot =
        Given.aGoodStart().owning(release(WANTED, 0, asked(WANTED, null, null), failed)).snapshot();

    assertThat(failed.state()).isEqualTo("Failed");
    assertThat(failed.message()).isEqualTo("it ends with exit code 1");
    assertThat(ReleaseLedger.gaveUp(snapshot, version(WANTED), CONFIGURATION)).isTrue();
    assertThat(ReleaseLedger.gaveUp(snapshot, version(WANTED), new ConfigurationHash("another")))
        .isFalse();
    var kept =
        new Facts(
            target(WANTED),
            step(OLD, Optional.of(OLD), Optional.empty()),
            CONFIGURATION,
            up(version(OLD)),
            checked(Optional.of(PASSED)),
            NOT_MIGRATED);
    assertThat(statusOf(ReleaseLedger.of(snapshot, kept), WANTED)).isEqualTo(failed);
  }

  @Test
  void a_failed_version_is_tried_again_when_somebody_asks() {
    var snapshot =
        Given.aGoodStart()
            .owning(release(WANTED, 0, asked(WANTED, "please", null), failed()))
            .snapshot();

    assertThat(ReleaseLedger.gaveUp(snapshot, version(WANTED), CONFIGURATION)).isFalse();
    var status = statusOf(ReleaseLedger.of(snapshot, trying(false)), WANTED);
    assertThat(status.failedWith()).isNull();
    assertThat(status.handled().retry()).isEqualTo("please");
    assertThat(status.state()).isEqualTo("Starting");
  }

  /** A failed version in an environment that names another one, which serves. */
  private static StagingReleaseStatus notNamed(StagingReleaseStatus status, String retry) {
    return statusOf(ReleaseLedger.of(with(status, retry), serving(OLD, PASSED, WANTED)), WANTED);
  }

  @Test
  void a_retry_of_a_failed_version_that_is_not_asked_for_says_why_nothing_is_tried() {
    var asked = notNamed(failed(), "please");

    assertThat(asked.state()).isEqualTo("Failed");
    assertThat(asked.message())
        .startsWith("it ends with exit code 1; spec.retry has no effect yet, because " + OLD)
        .contains("set spec.serve of this release as well");
    assertThat(notNamed(asked, "please")).as("the same in each pass").isEqualTo(asked);
    assertThat(notNamed(asked, null).message()).isEqualTo("it ends with exit code 1");

    var named = statusOf(ReleaseLedger.of(with(asked, "please"), trying(false)), WANTED);
    assertThat(named.state()).as("once it is asked for").isEqualTo("Starting");
    assertThat(named.handled().retry()).isEqualTo("please");
  }

  @Test
  void why_a_version_failed_stays_told_when_it_is_tried_again_and_overtaken() {
    var again = statusOf(ReleaseLedger.of(with(failed(), null), trying(false, STARTS)), WANTED);
    assertThat(again.state()).isEqualTo("Starting");

    var overtaken = notNamed(again, null);

    assertThat(overtaken.state()).isEqualTo("Superseded");
    assertThat(overtaken.message())
        .isEqualTo(
            OLD
                + " was requested before this version was verified; it had failed: it ends with exit"
                + " code 1");
    assertThat(notNamed(overtaken, null)).isEqualTo(overtaken);
    assertThat(
            statusOf(ReleaseLedger.of(with(again, null), serving(WANTED, PASSED)), WANTED)
                .failure())
        .as("once it is verified")
        .isNull();
  }

  @Test
  void before_the_environment_can_have_versions_a_release_says_what_it_waits_for() {
    var made = release(WANTED, 0, asked(WANTED, null, null), null);
    var snapshot = Given.aGoodStart().owning(made).snapshot();

    var releases = ReleaseLedger.awaiting(snapshot, serving(OLD, null), "waits for a Secret");

    assertThat(releases).as("none is made yet").hasSize(1);
    assertThat(statusOf(releases, WANTED).state()).isEqualTo("Waiting");
    assertThat(statusOf(releases, WANTED).message()).isEqualTo("waits for a Secret");
  }

  private static Facts first(boolean failed, ConfigurationHash configuration) {
    var crashes = new StageResult.Failing(Reason.CONTAINER_CRASHING, "it ends with exit code 1");
    return new Facts(
        target(WANTED),
        step(WANTED, Optional.empty(), Optional.of(WANTED).filter(w -> failed)),
        configuration,
        down(version(WANTED), crashes),
        checked(Optional.empty()),
        NOT_MIGRATED);
  }

  private static Snapshot with(StagingReleaseStatus status, String retry) {
    return Given.aGoodStart()
        .owning(release(WANTED, 0, asked(WANTED, retry, null), status))
        .snapshot();
  }

  @Test
  void a_first_version_that_comes_up_is_starting_and_its_trouble_is_told() {
    var status =
        statusOf(
            ReleaseLedger.of(Given.aGoodStart().snapshot(), first(false, CONFIGURATION)), WANTED);

    assertThat(status.state()).isEqualTo("Starting");
    assertThat(status.message()).isEqualTo("it ends with exit code 1");
    assertThat(status.failedWith()).isNull();
    assertThat(Conditions.find(status.conditions(), ReleaseLedger.ROLLED_OUT).orElseThrow())
        .matches(c -> c.getStatus().equals("False") && c.getReason().equals("ContainerCrashing"));
  }

  @Test
  void a_first_version_is_given_up_and_stays_so_until_it_is_up_after_all() {
    var failed =
        statusOf(
            ReleaseLedger.of(Given.aGoodStart().snapshot(), first(true, CONFIGURATION)), WANTED);
    var later = statusOf(ReleaseLedger.of(with(failed, null), first(false, CONFIGURATION)), WANTED);
    var up = statusOf(ReleaseLedger.of(with(failed, null), serving(WANTED, null)), WANTED);

    assertThat(failed.state()).isEqualTo("Failed");
    assertThat(failed.message()).isEqualTo("it ends with exit code 1");
    assertThat(failed.failedWith()).isEqualTo(CONFIGURATION.value());
    assertThat(later).isEqualTo(failed);
    assertThat(up.state()).isEqualTo("Serving");
    assertThat(up.failedWith()).isNull();
  }

  @Test
  void a_first_version_is_tried_again_when_somebody_asks_or_its_configuration_changes() {
    var failed =
        statusOf(
            ReleaseLedger.of(Given.aGoodStart().snapshot(), first(true, CONFIGURATION)), WANTED);
    var asked =
        statusOf(ReleaseLedger.of(with(failed, "please"), first(false, CONFIGURATION)), WANTED);
    var changed =
        statusOf(
            ReleaseLedger.of(with(failed, null), first(false, new ConfigurationHash("another"))),
            WANTED);

    assertThat(asked.state()).isEqualTo("Starting");
    assertThat(asked.handled().retry()).isEqualTo("please");
    assertThat(changed.state()).isEqualTo("Starting");
  }

  @Test
  void a_version_that_was_up_once_goes_on_serving_whatever_it_meets() {
    var up =
        statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), serving(WANTED, PASSED)), WANTED);
    var status = statusOf(ReleaseLedger.of(with(up, null), first(false, CONFIGURATION)), WANTED);

    assertThat(status.state()).isEqualTo("Serving");
    assertThat(condition(status, ReleaseLedger.ROLLED_OUT)).contains("True");
  }

  @Test
  void a_first_version_that_failed_is_told_as_failed_after_another_took_its_place() {
    var failed =
        statusOf(
            ReleaseLedger.of(Given.aGoodStart().snapshot(), first(true, CONFIGURATION)), WANTED);

    var status =
        statusOf(ReleaseLedger.of(with(failed, null), serving("sample-app:2", PASSED)), WANTED);

    assertThat(status.state()).isEqualTo("Failed");
    assertThat(status.message()).isEqualTo("it ends with exit code 1");
  }

  @Test
  void a_version_overtaken_before_it_served_is_superseded() {
    var starting = statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), trying(false)), WANTED);
    var overtaken =
        Given.aGoodStart()
            .owning(release(WANTED, 0, asked(WANTED, null, null), starting))
            .snapshot();

    var status =
        statusOf(ReleaseLedger.of(overtaken, serving("sample-app:2", PASSED, WANTED)), WANTED);

    assertThat(status.state()).isEqualTo("Superseded");
    assertThat(condition(status, ReleaseLedger.SUPERSEDED)).contains("True");
  }

  @Test
  void a_release_that_asks_to_serve_is_the_target_until_the_spec_names_another_version() {
    var asking = release(OLD, 0, asked(OLD, null, "now"), null);
    var handled =
        statusOf(
            ReleaseLedger.of(Given.aGoodStart().owning(asking).snapshot(), serving(OLD, PASSED)),
            OLD);

    var target = RolloutTarget.of(Given.aGoodStart().owning(asking).snapshot(), true);
    var done = release(OLD, 0, asked(OLD, null, "now"), handled);
    var meanwhile = Given.aGoodStart().owning(done).pinned(OLD, WANTED).snapshot();
    var lapsed = Given.aGoodStart().owning(done).pinned(OLD, "sample-app:older").snapshot();

    assertThat(target.desired()).contains(version(OLD));
    assertThat(target.head()).contains(version(WANTED));
    assertThat(handled.handled().serve()).isEqualTo("now");
    assertThat(RolloutTarget.of(meanwhile, true).desired()).contains(version(OLD));
    assertThat(RolloutTarget.of(lapsed, true).desired()).contains(version(WANTED));
  }

  @Test
  void a_version_that_failed_and_is_asked_to_serve_holds_nothing_else_back() {
    var asking = release(OLD, 0, asked(OLD, null, "now"), failed());
    var retried = release(OLD, 0, asked(OLD, "again", "now"), failed());

    assertThat(RolloutTarget.of(Given.aGoodStart().owning(asking).snapshot(), true).desired())
        .contains(version(WANTED));
    assertThat(RolloutTarget.of(Given.aGoodStart().owning(retried).snapshot(), true).desired())
        .contains(version(OLD));
  }

  @Test
  void an_environment_that_follows_a_branch_says_how_many_releases_stay() {
    var given =
        Given.aGoodStart()
            .edited(
                "  services:\n",
                "  gitops: {repository: 'https://git.test/app.git', registry: {keep: 2}}\n  services:\n")
            .owning(release(WANTED, 0, asked(WANTED, null, null), null));
    IntStream.range(1, 4)
        .forEach(n -> {
          var image = "sample-app:r" + n;
          given.owning(release(image, n, asked(image, null, null), null));
        });

    assertThat(ReleaseLedger.surplus(given.snapshot(), serving(WANTED, PASSED)))
        .extracting(release -> release.getSpec().image())
        .containsExactly("sample-app:r1", "sample-app:r2");
  }

  @Test
  void the_oldest_releases_go_but_never_one_that_is_needed() {
    var given = Given.aGoodStart().owning(release(WANTED, 0, asked(WANTED, null, null), null));
    IntStream.range(1, ReleaseLedger.KEPT + 3)
        .forEach(n -> {
          var image = "sample-app:r" + n;
          given.owning(release(image, n, asked(image, null, null), null));
        });

    assertThat(ReleaseLedger.surplus(given.snapshot(), serving(WANTED, PASSED)))
        .extracting(release -> release.getSpec().image())
        .containsExactly("sample-app:r1", "sample-app:r2", "sample-app:r3");
  }

  @Test
  void a_wiped_first_deployment_forgets_what_its_volumes_held_and_says_why() {
    var wiped =
        new Facts(
            target(WANTED),
            step(WANTED, Optional.empty(), Optional.of(WANTED)),
            CONFIGURATION,
            down(
                version(WANTED),
                new StageResult.Waiting(
                    Reason.FIRST_DEPLOYMENT_WIPED, "is being removed: redis is late")),
            checked(Optional.empty()),
            new Migrations(Set.of(version(WANTED).id(), version(OLD).id()), Map.of()));
    var last = statusOf(ReleaseLedger.of(Given.aGoodStart().snapshot(), serving(OLD, null)), OLD);
    var before =
        Given.aGoodStart()
            .owning(
                release(WANTED, 0, asked(WANTED, null, null), failed()),
                release(OLD, 0, asked(OLD, null, null), last))
            .snapshot();
    assertThat(ReleaseLedger.isForgotten(before)).isFalse();

    var releases = ReleaseLedger.of(before, wiped);

    assertThat(statusOf(releases, WANTED).state()).isEqualTo("Failed");
    assertThat(statusOf(releases, WANTED).message()).isEqualTo("is being removed: redis is late");
    var after = Given.aGoodStart().owning(releases.toArray(StagingRelease[]::new)).snapshot();
    assertThat(ReleaseLedger.isForgotten(after)).isTrue();
    assertThat(ReleaseLedger.gaveUp(after, version(WANTED), CONFIGURATION)).isFalse();
    assertThat(ReleaseLedger.settled(after, version(OLD).id())).isFalse();
  }
}

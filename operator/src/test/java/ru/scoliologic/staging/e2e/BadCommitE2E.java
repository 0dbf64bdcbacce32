package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ru.scoliologic.staging.e2e.GitopsWorld.GITOPS;
import static ru.scoliologic.staging.e2e.ReleaseView.BUILT;
import static ru.scoliologic.staging.e2e.ReleaseView.ROLLED_OUT;
import static ru.scoliologic.staging.e2e.ReleaseView.VERIFIED;
import static ru.scoliologic.staging.e2e.ReleaseView.build;
import static ru.scoliologic.staging.e2e.ReleaseView.condition;
import static ru.scoliologic.staging.e2e.ReleaseView.isBad;
import static ru.scoliologic.staging.e2e.ReleaseView.state;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.api.StagingRelease;

/** A bad commit never serves, or no longer than its checks take, and is told of and remembered. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BadCommitE2E {
  private static final String GOOD = "Good";

  @TempDir private static Path folder;
  private static GitopsWorld world;
  private static String good;
  private static String bad;
  private static String mended;

  @BeforeAll
  static void a_verified_commit_serves() {
    world = new GitopsWorld("badcommit", folder, 5);
    good = world.push(GOOD);
    world.verified(good);
  }

  @AfterAll
  static void it_is_removed() {
    if (world != null) {
      world.close();
    }
  }

  private static void assertOnlyGoodServes(Load load) {
    assertThat(load.answers()).hasSize(1).allMatch(page -> page.contains("<h1>" + GOOD + "</h1>"));
    world.serves(good);
  }

  private static void assertNeverServed(StagingRelease release) {
    assertThat(release.getStatus().timings().switched()).isNull();
    assertThat(release.getStatus().timings().verified()).isNull();
  }

  @Test
  @Order(10)
  void one_that_does_not_build_is_told_with_the_last_lines_and_changes_nothing_else() {
    var versions = world.versions();
    try (var load = world.load()) {
      var commit = world.push("Not built", Edit.DOES_NOT_BUILD);

      var release =
          world.await(
              commit,
              "BuildFailed",
              r -> ReleaseView.is(r, BUILT, "False", "BuildFailed") && state(r).equals("Failed"));

      assertThat(condition(release, BUILT).getMessage()).contains("the pages are missing");
      assertThat(build(release).orElseThrow().logTail()).contains("the pages are missing");
      assertNeverServed(release);
      assertThat(world.versions()).isEqualTo(versions);
      world.awaitCondition(GITOPS, "True", "CommitFailed");
      load.assertNoneLost("a commit that does not build");
      assertOnlyGoodServes(load);
    }
  }

  @Test
  @Order(20)
  void one_that_ends_at_start_is_given_up_with_its_last_lines_and_no_secret() {
    try (var load = world.load()) {
      var commit = world.push("Ends", Edit.ENDS_AT_START);

      var release = world.bad(commit, ROLLED_OUT, "CandidateCrashed");

      assertThat(condition(release, ROLLED_OUT).getMessage())
          .contains("this version is broken on purpose")
          .contains("postgresql://app:***@");
      assertNeverServed(release);
      world.awaitCondition(GITOPS, "True", "CommitFailed");
      load.assertNoneLost("a commit that ends at start");
      assertOnlyGoodServes(load);
      awaitVersions(1);
    }
  }

  @Test
  @Order(30)
  void one_that_is_not_healthy_by_the_deadline_is_given_up() {
    try (var load = world.load()) {
      var commit = world.push("Unhealthy", Edit.NEVER_HEALTHY);

      var release = world.bad(commit, ROLLED_OUT, "CandidateUnhealthy");

      assertNeverServed(release);
      load.assertNoneLost("a commit that is never healthy");
      assertOnlyGoodServes(load);
      awaitVersions(1);
    }
  }

  @Test
  @Order(40)
  void one_that_fails_a_critical_check_beside_the_serving_version_never_gets_the_traffic() {
    try (var load = world.load()) {
      var commit = world.push("Lacks a page", Edit.LACKS_A_PAGE);

      var release = world.bad(commit, VERIFIED, "ChecksFailed");

      assertThat(condition(release, VERIFIED).getMessage())
          .contains("messages page")
          .contains("404");
      assertNeverServed(release);

      world.patch(release, "{\"retry\":\"look again\"}");
      world.await(commit, "another try", r -> !isBad(r));
      assertNeverServed(world.bad(commit, VERIFIED, "ChecksFailed"));
      load.assertNoneLost("a commit that fails a check beside the serving version");
      assertOnlyGoodServes(load);
      awaitVersions(1);
    }
  }

  private static void awaitVersions(int count) {
    Awaitility.await(count + " Deployments of the application")
        .atMost(Staging.SOON)
        .until(() -> world.versions().size() == count);
  }

  @Test
  @Order(50)
  void one_that_fails_only_through_the_ingress_is_taken_back_at_once() {
    try (var load = world.load()) {
      var commit = world.push("Distrusts", Edit.DISTRUSTS_THE_PROXY);

      var release = world.bad(commit, VERIFIED, "ChecksFailed");

      world.awaitCondition(GITOPS, "True", "RolledBack");
      world.serves(good);
      assertThat(condition(release, VERIFIED).getMessage())
          .contains("devices page")
          .contains("502");
      var timings = release.getStatus().timings();
      assertThat(timings.switched()).isNotNull();
      assertThat(timings.verified()).isNull();
      System.out.printf(
          "figure  a version that fails through the ingress served for at most %d s%n",
          Duration.between(Instant.parse(timings.switched()), Instant.now()).toSeconds());
      load.assertNoneLost("a switch and the way back");
      assertThat(load.answers()).hasSize(2);
    }
    bad = commitOfHead();
  }

  private static String commitOfHead() {
    return world.repository().git("rev-parse", "HEAD");
  }

  @Test
  @Order(60)
  void a_bad_one_is_still_bad_after_restarts_of_everything_and_is_not_tried() {
    var before = world.release(bad);
    // The Git server and the receiver have no volume.
    world.kubectl("delete", "pod", "-l", "app notin (git, receiver)", "--wait=false");
    world.staging().admin().pods().inNamespace(Staging.OPERATOR).delete();
    world.awaitOperator();

    world.serves(good);
    world.awaitCondition(GITOPS, "True", "RolledBack");
    awaitVersions(1);
    Staging.stays(
        "nobody to try it",
        Duration.ofSeconds(20),
        () -> world.versions().size() == 1 && isBad(world.release(bad)));

    var after = world.release(bad);
    assertThat(build(after)).isEqualTo(build(before));
    assertThat(after.getStatus().timings()).isEqualTo(before.getStatus().timings());
    assertThat(state(after)).isEqualTo("Failed");
  }

  @Test
  @Order(70)
  void a_fix_on_top_is_verified() {
    try (var load = world.load()) {
      var fix = world.push("Mended");

      world.verified(fix);

      world.awaitCondition(GITOPS, "True", "Following");
      load.assertNoneLost("the switch to the fix");
      assertThat(isBad(world.release(bad))).isTrue();
      mended = fix;
    }
  }

  @Test
  @Order(80)
  void everybody_was_told_by_every_way_and_of_nothing_twice() {
    Awaitility.await("the last news by the webhook")
        .atMost(Staging.SOON)
        .until(() -> occasions(mended).contains("Recovered"));

    assertThat(occasions(good)).containsExactly("Verified");
    assertThat(occasions(bad)).containsExactly("RolledBack");
    assertThat(occasions(mended)).containsExactly("Recovered");
    assertThat(by("webhook"))
        .extracting(told -> told.at("/body/id").asText())
        .doesNotHaveDuplicates();
    var failed =
        by("webhook").stream()
            .filter(told -> told.at("/body/occasion").asText().equals("Failed"))
            .findFirst()
            .orElseThrow();
    assertThat(failed.at("/body/commit/subject").asText()).isEqualTo("Not built");
    assertThat(failed.at("/body/message").asText()).contains("the pages are missing");

    for (var way : List.of("slack", "telegram", "mail")) {
      Awaitility.await("the last news by " + way)
          .atMost(Staging.SOON)
          .untilAsserted(() ->
              assertThat(by(way).stream().map(BadCommitE2E::body))
                  .as(way)
                  .hasSameSizeAs(by("webhook"))
                  .anyMatch(body -> body.contains("Mended") && body.contains(mended)));
    }
    assertThat(states(good)).containsExactly("pending", "success");
    assertThat(states(bad)).containsExactly("pending", "failure");
    assertThat(states(mended)).containsExactly("pending", "success");
  }

  /** As it was written: a mail breaks long lines. */
  private static String body(JsonNode told) {
    return told.path("body").toString().replace("=\\n", "");
  }

  private static List<JsonNode> by(String way) {
    return world.told().stream().filter(told -> told.path("way").asText().equals(way)).toList();
  }

  private static List<String> occasions(String commit) {
    return by("webhook").stream()
        .filter(told -> told.at("/body/commit/hash").asText().equals(commit))
        .map(told -> told.at("/body/occasion").asText())
        .toList();
  }

  /** What GitHub was told of a commit. */
  private static List<String> states(String commit) {
    return by("github").stream()
        .filter(told -> told.path("about").asText().equals(commit))
        .map(told -> told.at("/body/state").asText())
        .toList();
  }
}

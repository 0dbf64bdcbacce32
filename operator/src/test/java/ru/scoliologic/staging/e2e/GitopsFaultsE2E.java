package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ru.scoliologic.staging.e2e.GitopsWorld.GITOPS;
import static ru.scoliologic.staging.e2e.ReleaseView.BUILT;
import static ru.scoliologic.staging.e2e.ReleaseView.ROLLED_OUT;
import static ru.scoliologic.staging.e2e.ReleaseView.VERIFIED;
import static ru.scoliologic.staging.e2e.ReleaseView.build;
import static ru.scoliologic.staging.e2e.ReleaseView.condition;
import static ru.scoliologic.staging.e2e.ReleaseView.is;
import static ru.scoliologic.staging.e2e.ReleaseView.isBad;
import static ru.scoliologic.staging.e2e.ReleaseView.state;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;

/**
 * What goes on in spite of faults that are none of the commit's, the serving version throughout.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class GitopsFaultsE2E {
  private static final String REGISTRY_DOWN = "staging-test/registry-down";

  @TempDir private static Path folder;
  private static GitopsWorld world;

  @BeforeAll
  static void a_verified_commit_serves() {
    world = new GitopsWorld("faults", folder, 5);
    world.verified(world.push("First"));
  }

  @AfterAll
  static void it_is_removed() {
    if (world != null) {
      world.close();
    }
  }

  @Test
  @Order(10)
  void an_agent_killed_in_mid_build_builds_the_same_release_again() {
    try (var load = world.load()) {
      var commit = world.push("Killed in build", Edit.slow(10));
      world.await(
          commit,
          "a build under way",
          r -> build(r).filter(b -> b.state() == BuildState.Building).isPresent());

      NodeProcess.kill(world.staging(), "java .*operator.jar agent");

      var release = world.verified(commit);
      assertThat(build(release).orElseThrow().attempt()).isGreaterThan(1);
      load.assertNoneLost("a build with the agent killed");
    }
  }

  @Test
  @Order(20)
  void an_agent_and_an_engine_killed_in_mid_push_push_the_same_release() {
    try (var load = world.load()) {
      var commit = world.push("Killed in push", Edit.large(150));
      world.await(
          commit,
          "a push under way",
          r -> build(r).filter(b -> b.state() == BuildState.Pushing).isPresent());

      NodeProcess.kill(world.staging(), "java .*operator.jar agent");
      NodeProcess.kill(world.staging(), "dockerd ");

      var release = world.verified(commit);
      assertThat(build(release).orElseThrow().attempt()).isGreaterThan(1);
      load.assertNoneLost("a push with the agent and the engine killed");
    }
  }

  @Test
  @Order(30)
  void an_operator_killed_after_each_step_of_a_roll_out_ends_it_as_one_that_lives() {
    try (var load = world.load()) {
      String commit;
      try (var killing = new KillsAtEachStep(world)) {
        commit = world.push("Killed in roll-out");
        world.await(commit, "verification", r -> is(r, VERIFIED, "True", "ChecksPassed"));
        System.out.printf("kills of the operator in a roll-out: %d%n", killing.kills());
        assertThat(killing.kills()).isGreaterThanOrEqualTo(3);
      }
      world.verified(commit);
      world.answers("Killed in roll-out");
      load.assertNoneLost("a roll-out with the operator killed");
      assertThat(load.answers()).hasSize(2);
    }
  }

  @Test
  @Order(40)
  void an_operator_killed_after_each_step_of_a_roll_back_ends_it_as_one_that_lives()
      throws IOException {
    var serving = world.heading();
    try (var load = world.load()) {
      try (var killing = new KillsAtEachStep(world)) {
        var commit = world.push("Killed in roll-back", Edit.DISTRUSTS_THE_PROXY);
        world.bad(commit, VERIFIED, "ChecksFailed");
        world.awaitCondition(GITOPS, "True", "RolledBack");
        System.out.printf("kills of the operator in a roll-back: %d%n", killing.kills());
        assertThat(killing.kills()).isGreaterThanOrEqualTo(3);
      }
      load.assertNoneLost("a roll-back with the operator killed");
    }
    world.answers(serving);
  }

  /** No node takes it any more; the application tolerates that. */
  private static void registryGoes() {
    taint(REGISTRY_DOWN + "=:NoSchedule");
    world.kubectl("delete", "pod", "-l", "app.kubernetes.io/component=registry", "--now");
  }

  private static void registryReturns() {
    taint(REGISTRY_DOWN + "-");
  }

  private static void taint(String taint) {
    world.staging().cluster().kubectl("taint", "nodes", "--all", taint);
  }

  @Test
  @Order(50)
  void a_registry_that_is_down_at_the_push_is_waited_for() {
    try (var load = world.load()) {
      registryGoes();
      String commit;
      try {
        commit = world.push("Pushed late");
        var release =
            world.await(
                commit,
                "a word of the registry",
                r ->
                    build(r)
                        .filter(b -> b.state() == BuildState.Waiting)
                        .filter(b -> "RegistryUnreachable".equals(b.reason()))
                        .isPresent());
        assertThat(condition(release, BUILT).getStatus()).isNotEqualTo("True");
        world
            .staging()
            .await(
                world.namespace(),
                GitopsWorld.NAME,
                "GitOpsActive to be False",
                Staging.LONG,
                e -> "False".equals(Staging.condition(e, GITOPS).getStatus()));
        assertThat(isBad(world.release(commit))).isFalse();
      } finally {
        registryReturns();
      }

      world.verified(commit);
      world.awaitCondition(GITOPS, "True", "Following");
      load.assertNoneLost("a registry down at the push");
    }
  }

  @Test
  @Order(60)
  void a_registry_that_is_down_at_the_pull_is_waited_for_beyond_the_deadline() {
    world.patch("{\"gitops\":{\"autoDeploy\":false}}");
    try (var load = world.load()) {
      var commit = world.push("Pulled late");
      var release =
          world.await(commit, "approval to be awaited", r -> state(r).equals("AwaitingApproval"));
      registryGoes();
      try {
        world.patch(release, "{\"approved\":true}");
        world.await(
            commit,
            "a word of the pull",
            r ->
                condition(r, ROLLED_OUT).getStatus().equals("False")
                    && condition(r, ROLLED_OUT).getMessage().contains("pull"));
        Staging.stays(
            "nobody to blame the commit, for longer than its deadline of 45 s",
            Duration.ofSeconds(50),
            () -> !isBad(world.release(commit)));
      } finally {
        registryReturns();
      }

      world.verified(commit);
      load.assertNoneLost("a registry down at the pull");
    }
    world.patch("{\"gitops\":{\"autoDeploy\":true}}");
  }

  private static void gitServerSelects(String app) {
    world.kubectl(
        "patch",
        "service",
        "git",
        "--type=merge",
        "-p",
        "{\"spec\":{\"selector\":{\"app\":\"%s\"}}}".formatted(app));
  }

  @Test
  @Order(70)
  void a_remote_that_is_down_is_told_of_and_followed_again_by_itself() {
    try (var load = world.load()) {
      gitServerSelects("nobody");
      try {
        world.awaitCondition(GITOPS, "False", "RepositoryUnreachable");
        Staging.stays(
            "it to last for a minute",
            Duration.ofSeconds(60),
            () -> Staging.has(world.environment(), GITOPS, "False", "RepositoryUnreachable"));
      } finally {
        gitServerSelects("git");
      }

      world.verified(world.push("After the remote"));
      world.awaitCondition(GITOPS, "True", "Following");
      load.assertNoneLost("a remote that is down");
    }
  }

  @Test
  @Order(80)
  void a_token_that_is_revoked_is_told_of_and_the_next_one_is_used_by_itself() {
    try (var load = world.load()) {
      world.kubectl("exec", "deployment/git", "--", "cp", "/given/after", "/etc/git-server/users");
      world.awaitCondition(GITOPS, "False", "CredentialsRefused");
      var commit = world.push("With the next token");

      world
          .staging()
          .admin()
          .secrets()
          .inNamespace(world.namespace())
          .withName("git")
          .edit(secret -> {
            secret.setStringData(java.util.Map.of("token", world.word("nextToken")));
            return secret;
          });

      world.verified(commit);
      world.awaitCondition(GITOPS, "True", "Following");
      load.assertNoneLost("a token that is revoked");
    }
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.throwaway.GitRepository;

/**
 * An environment that the real kustomize-controller of Flux keeps as Git has it, in its default
 * settings and with {@code wait: true}, step after step. Part of {@code make gitops} alone.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WithFlux {
  private static final String SUCCEEDED = "ReconciliationSucceeded";
  private static final String HEALTH_CHECK_FAILED = "HealthCheckFailed";

  @TempDir private static Path folder;
  private static Staging staging;
  private static SyncedEnvironment environment;
  private static Flux flux;
  private static String commit;
  private static Map<String, String> data;

  @BeforeAll
  static void flux_is_installed() {
    staging = Staging.shared();
    var git = GitRepository.create(folder, "app");
    environment = new SyncedEnvironment(staging, git);
    flux = Flux.install(staging, git, folder);
    flux.apply();
  }

  @AfterAll
  static void all_is_removed() {
    flux.delete();
    staging.remove(SyncedEnvironment.NAMESPACE);
    staging.remove(Flux.NAMESPACE);
  }

  private static void publish(String hash) {
    flux.publish(hash);
    commit = hash;
  }

  private static void awaitReady(String status, String reason, Duration limit) throws Exception {
    environment.await(
        "the Kustomization to be Ready %s %s at %s".formatted(status, reason, commit),
        limit,
        () -> flux.is(commit, status, reason),
        flux::account);
  }

  /** At the first look at which Flux says Ready. */
  private static void awaitReadyWith(String image) throws Exception {
    awaitReady("True", SUCCEEDED, Staging.LONG);
    environment.isReadyWith(image);
  }

  private static void stillWaits(String why) {
    Staging.stays(
        "Flux waiting " + why,
        Duration.ofSeconds(10),
        () -> flux.is(commit, "Unknown", "Progressing"));
  }

  @Test
  @Order(10)
  void plain_wait_is_for_an_environment_that_no_operator_has_seen() throws Exception {
    staging.shipped(0);
    try {
      publish(environment.addEnvironment());
      awaitReady("Unknown", "Progressing", Staging.SOON);
      environment.await(
          "the environment made", Staging.SOON, () -> environment.now() != null, flux::account);

      stillWaits("while no operator runs");
    } finally {
      staging.shipped(1);
    }
  }

  @Test
  @Order(20)
  void plain_wait_is_for_a_missing_secret_and_ends_when_it_came() throws Exception {
    staging.awaitReason(
        SyncedEnvironment.NAMESPACE, SyncedEnvironment.NAME, "ConfigurationReady", "SecretMissing");
    stillWaits("for the Secret");

    environment.giveSecret();
    awaitReadyWith("sample-app:1");
    data = environment.data();
  }

  @Test
  @Order(30)
  void plain_wait_is_for_a_change_to_serve() throws Exception {
    publish(environment.change("image: sample-app:1", "image: sample-app:2"));

    awaitReadyWith("sample-app:2");
  }

  @Test
  @Order(40)
  void plain_wait_fails_early_when_only_a_change_helps() throws Exception {
    publish(environment.spoilVariable());
    // Far from the time-out of five minutes.
    awaitReady("False", HEALTH_CHECK_FAILED, Staging.SOON);
    assertThat(flux.account()).contains("stalled");
    assertThat(Staging.condition(environment.now(), "Stalled").getReason()).isEqualTo("KeyInvalid");

    publish(environment.mendVariable());
    awaitReadyWith("sample-app:2");
  }

  @Test
  @Order(50)
  void a_change_of_the_secret_alone_is_told_at_the_next_look() throws Exception {
    publish(environment.addSecret());
    awaitReadyWith("sample-app:2");

    // It gives the environment no generation that could be waited for.
    publish(environment.spoilSecret());
    awaitReady("False", HEALTH_CHECK_FAILED, Staging.LONG);
    assertThat(Staging.condition(environment.now(), "Stalled").getReason()).isEqualTo("KeyInvalid");

    publish(environment.addSecret());
    awaitReadyWith("sample-app:2");
  }

  @Test
  @Order(60)
  void the_expressions_wait_for_the_same_and_fail_as_early() throws Exception {
    flux.setHealthCheckExpressions();

    publish(environment.change("image: sample-app:2", "image: sample-app:1"));
    awaitReadyWith("sample-app:1");
    publish(environment.spoilVariable());
    awaitReady("False", HEALTH_CHECK_FAILED, Staging.SOON);
    publish(environment.mendVariable());
    awaitReadyWith("sample-app:1");
  }

  @Test
  @Order(70)
  void a_suspended_environment_holds_nothing_up() throws Exception {
    publish(environment.change("spec:\n", "spec:\n  suspend: true\n"));
    awaitReady("True", SUCCEEDED, Staging.SOON);
    assertThat(Staging.condition(environment.now(), "Ready").getReason()).isEqualTo("Suspended");

    publish(environment.change("  suspend: true\n", ""));
    awaitReadyWith("sample-app:1");
  }

  @Test
  @Order(80)
  void a_broken_image_fails_early_once_it_is_given_up() throws Exception {
    publish(environment.change("image: sample-app:1", "image: sample-app:broken"));
    awaitReady("False", HEALTH_CHECK_FAILED, Staging.LONG);
    assertThat(flux.account()).contains("stalled");

    publish(environment.change("image: sample-app:broken", "image: sample-app:1"));
    awaitReadyWith("sample-app:1");
  }

  @Test
  @Order(90)
  void an_image_that_cannot_be_pulled_is_waited_for_until_the_time_out() throws Exception {
    flux.set("timeout", "\"40s\"");
    publish(environment.change("image: sample-app:1", "image: sample-app:absent"));
    awaitReady("False", HEALTH_CHECK_FAILED, Staging.LONG);
    assertThat(flux.account()).contains("timeout waiting for");
    assertThat(Staging.condition(environment.now(), "Stalled")).isNull();

    publish(environment.change("image: sample-app:absent", "image: sample-app:1"));
    flux.set("timeout", "\"5m\"");
    awaitReadyWith("sample-app:1");
  }

  @Test
  @Order(100)
  void forced_changes_that_cannot_be_cost_no_environment() throws Exception {
    flux.set("force", "true");
    var uid = environment.uid();

    publish(environment.change("  services:\n", "  services:\n    redis:\n      storage: 512Mi\n"));
    awaitReadyWith("sample-app:1");
    assertThat(Staging.told(environment.now())).contains("StorageCannotShrink");

    publish(
        environment.change("  services:\n", "  services:\n    postgres:\n      database: other\n"));
    awaitReady("False", HEALTH_CHECK_FAILED, Staging.SOON);
    assertThat(Staging.condition(environment.now(), "Stalled").getReason())
        .isEqualTo("FieldCannotChange");

    publish(environment.change("    postgres:\n      database: other\n", ""));
    publish(environment.change("    redis:\n      storage: 512Mi\n", ""));
    awaitReadyWith("sample-app:1");
    assertThat(environment.uid()).isEqualTo(uid);
    assertThat(environment.data()).isEqualTo(data);
    flux.set("force", "false");
  }

  @Test
  @Order(110)
  void neither_it_nor_the_operator_writes_to_an_environment_that_is_as_git_has_it() {
    var uid = environment.uid();

    var writes = environment.writesWhile("ready", () -> Staging.ready(environment.now()));

    assertThat(environment.uid()).isEqualTo(uid);
    assertThat(writes.keySet())
        .noneMatch(write -> write.startsWith(Flux.CONTROLLER) || write.contains(Staging.OPERATOR));
  }

  @Test
  @Order(120)
  void with_its_feature_a_fixing_commit_is_taken_while_an_image_cannot_be_pulled()
      throws Exception {
    flux.enable("CancelHealthCheckOnNewRevision");
    publish(environment.change("image: sample-app:1", "image: sample-app:absent"));
    staging.awaitReason(
        SyncedEnvironment.NAMESPACE, SyncedEnvironment.NAME, "Ready", "CandidateFailed");
    awaitReady("Unknown", "Progressing", Staging.SOON);

    publish(environment.change("image: sample-app:absent", "image: sample-app:2"));

    // The time-out of the health check, five minutes, is longer than this.
    awaitReadyWith("sample-app:2");
  }

  @Test
  @Order(130)
  void an_environment_that_leaves_git_goes_but_for_its_data_and_comes_back_with_it()
      throws Exception {
    publish(environment.removeEnvironment());
    environment.awaitNothingButData();
    assertThat(environment.data()).isEqualTo(data);

    publish(environment.addEnvironment());
    awaitReadyWith("sample-app:1");
    assertThat(environment.data()).isEqualTo(data);
  }

  @Test
  @Order(140)
  void the_kustomization_deleted_with_all_it_brought_leaves_the_data() {
    flux.delete();

    environment.awaitNothingButData();
    assertThat(environment.data()).isEqualTo(data);
  }
}

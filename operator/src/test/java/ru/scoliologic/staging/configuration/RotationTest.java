package ru.scoliologic.staging.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** That the serving application can log in at every moment is asserted by the world itself. */
class RotationTest {
  private static final String POSTGRES = "POSTGRES_PASSWORD";
  private static final String REDIS = "REDIS_PASSWORD";
  private static final String JWT = "JWT_SECRET";

  private static Map<String, String> rotated(RotationWorld world) {
    assertThat(world.rows())
        .isNotEmpty()
        .allSatisfy(row -> assertThat(row.step()).as(row.message()).isEqualTo("Done"));
    assertThat(world.last.rotations().result()).isEmpty();
    assertThat(world.last.rotations().tasks()).isEmpty();
    assertThat(world.credentials.keySet())
        .noneMatch(name -> name.endsWith(".next") || name.endsWith(".owner"));
    return world.serving;
  }

  @Test
  void a_new_environment_has_the_value_that_is_asked_for() {
    var world = new RotationWorld().ask(JWT, 5).ask(POSTGRES, 2);

    world.pass();

    assertThat(world.rows()).isEmpty();
    assertThat(world.credentials)
        .containsEntry("JWT_SECRET.rotation", "5")
        .containsEntry("POSTGRES_PASSWORD.rotation", "2")
        .doesNotContainKey("REDIS_PASSWORD.rotation");
  }

  @Test
  void a_key_of_the_application_alone_needs_no_job() {
    var world = RotationWorld.running().ask(JWT, 1);
    var before = world.serving.get(JWT);

    world.pass();
    assertThat(world.row(JWT).step()).isEqualTo("Starting");
    assertThat(world.credentials).containsEntry(JWT, before);
    world.settles();

    assertThat(rotated(world).get(JWT)).isNotEqualTo(before);
    assertThat(world.credentials).containsEntry(JWT, world.serving.get(JWT));
  }

  @Test
  void the_application_leaves_the_owner_whose_password_then_changes() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    var known = world.roles.get("app");

    world.settles();

    assertThat(rotated(world).get("DATABASE_URL")).startsWith("postgresql://app_a:");
    assertThat(world.roles).containsOnlyKeys("app", "app_a").doesNotContainValue(known);
    assertThat(world.credentials).containsEntry(POSTGRES, world.roles.get("app"));
  }

  @ParameterizedTest
  @ValueSource(strings = {JWT, POSTGRES, REDIS})
  void the_application_goes_from_the_old_configuration_to_the_new_one_once(String key) {
    var world = RotationWorld.running();

    world.ask(key, 1).settles();

    rotated(world);
    assertThat(world.templates).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {JWT, POSTGRES, REDIS})
  void it_never_goes_back_whichever_pass_was_the_last_of_its_operator(String key) {
    var world = RotationWorld.running();
    world.ask(key, 1);
    for (int step = 0; step < 12; step++) {
      world.pass(true);
      world.pass(false);
      world.jobsEnd();
      world.rolls();
    }

    rotated(world);
    assertThat(world.templates).hasSize(2);
  }

  @Test
  void two_roles_alternate_and_the_owner_stays_as_it_is() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    world.settles();
    var owner = world.roles.get("app");

    world.ask(POSTGRES, 2).settles();
    assertThat(rotated(world).get("DATABASE_URL")).startsWith("postgresql://app_b:");
    assertThat(world.roles).containsOnlyKeys("app", "app_b").containsEntry("app", owner);

    world.ask(POSTGRES, 3).settles();
    assertThat(rotated(world).get("DATABASE_URL")).startsWith("postgresql://app_a:");
    assertThat(world.roles).containsOnlyKeys("app", "app_a").containsEntry("app", owner);
  }

  @Test
  void the_old_login_stays_as_long_as_a_pod_that_ends_may_need_it() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    var known = world.roles.get("app");
    world.lingers();

    world.settles();
    assertThat(world.row(POSTGRES).step()).isEqualTo("Starting");
    assertThat(world.serving.get("DATABASE_URL")).startsWith("postgresql://app_a:");
    assertThat(world.roles).containsEntry("app", known);

    world.lingering = null;
    world.settles();
    rotated(world);
    assertThat(world.roles).doesNotContainValue(known);
  }

  @Test
  void redis_accepts_both_passwords_until_the_application_has_the_new_one() {
    var world = RotationWorld.running().ask(REDIS, 1);
    world.pass();
    world.jobsEnd();
    assertThat(world.redisPasswords).hasSize(2);
    assertThat(world.last.redisPasswords()).hasSize(2);

    world.settles();

    rotated(world);
    assertThat(world.redisPasswords).containsExactly(world.credentials.get(REDIS));
    assertThat(world.last.redisPasswords()).containsExactly(world.credentials.get(REDIS));
  }

  @Test
  void a_redis_that_restarts_is_told_again_if_it_ever_was_told() {
    var world = RotationWorld.running();
    world.redisServer = "redis-2";
    world.pass();
    assertThat(world.jobs()).isEmpty();
    world.ask(REDIS, 1).settles();

    world.redisServer = "redis-3";
    world.pass();
    assertThat(world.jobs()).hasSize(1);
    world.settles();

    rotated(world);
    assertThat(world.jobs()).isEmpty();
  }

  @Test
  void one_rotation_at_a_time() {
    var world = RotationWorld.running().ask(JWT, 1).ask(POSTGRES, 1).ask(REDIS, 1);

    world.pass();
    assertThat(world.rows().stream().map(row -> row.step()))
        .containsExactly("Starting", "Waiting", "Waiting");
    assertThat(world.row(REDIS).message()).isEqualTo("waits for the rotation of JWT_SECRET");
    assertThat(world.last.result().reason()).isEqualTo(Reason.ROTATING);
    world.settles();

    rotated(world);
  }

  static Stream<List<Integer>> deaths() {
    return IntStream.range(0, 24)
        .boxed()
        .flatMap(first -> Stream.of(1, 3).map(number -> List.of(first, number)));
  }

  /** The operator dies after writing the credentials, in any pass and any number of passes. */
  @ParameterizedTest
  @MethodSource("deaths")
  void a_death_after_any_step_changes_nothing(List<Integer> death) {
    var world = RotationWorld.running().ask(JWT, 1).ask(POSTGRES, 1).ask(REDIS, 1);

    for (int pass = 0; pass < 48; pass++) {
      boolean dies = pass >= death.getFirst() && pass < death.getFirst() + death.getLast();
      world.pass(dies && pass % 2 == 0);
      world.jobsEnd();
      world.rolls();
    }
    world.settles();

    assertThat(rotated(world).get("DATABASE_URL")).startsWith("postgresql://app_a:");
    assertThat(world.roles).containsOnlyKeys("app", "app_a");
    assertThat(world.redisPasswords).hasSize(1);
  }

  @Test
  void what_nothing_has_changed_for_is_decided_alike_any_number_of_times() {
    var world = RotationWorld.running().ask(POSTGRES, 1);

    for (int step = 0; step < 8; step++) {
      world.pass();
      for (int again = 0; again < 3; again++) {
        var credentials = world.credentials;
        var variables = world.template;
        if (!world.last.rotations().moved()) {
          world.pass();
          assertThat(world.credentials).isEqualTo(credentials);
          assertThat(world.template).isEqualTo(variables);
        }
      }
      world.jobsEnd();
      world.rolls();
    }
    world.settles();
    rotated(world);
  }

  @ParameterizedTest
  @ValueSource(strings = {POSTGRES, REDIS, JWT})
  void a_value_that_the_application_does_not_come_up_with_is_taken_back(String key) {
    var world = RotationWorld.running().ask(key, 1);
    var before = Map.copyOf(world.serving);
    world.appRefuses = variables -> !variables.equals(before);

    world.settles();

    assertThat(world.serving).isEqualTo(before);
    assertThat(world.template).isEqualTo(before);
    assertThat(world.roles).containsOnlyKeys("app");
    assertThat(world.redisPasswords).hasSize(1);
    assertThat(world.row(key).step()).isEqualTo("Failed");
    assertThat(world.last.rotations().result().orElseThrow())
        .isInstanceOf(StageResult.Stalled.class)
        .satisfies(result -> {
          assertThat(result.reason()).isEqualTo(Reason.ROTATION_FAILED);
          assertThat(result.message())
              .contains("rotation 1 of " + key)
              .contains("the application does not become healthy with it")
              .contains("longer than its deadline");
        });
    assertThat(world.last.result().isReady()).isTrue();

    // The same number is not tried again, another one is.
    world.appRefuses = variables -> false;
    world.settles();
    assertThat(world.serving).isEqualTo(before);
    world.ask(key, 2).settles();
    assertThat(rotated(world)).isNotEqualTo(before);
  }

  @Test
  void a_death_in_the_middle_of_taking_back_changes_nothing() {
    for (int death = 0; death < 12; death++) {
      var world = RotationWorld.running().ask(POSTGRES, 1);
      var before = Map.copyOf(world.serving);
      world.appRefuses = variables -> !variables.equals(before);
      for (int pass = 0; pass < 12; pass++) {
        world.pass(pass == death);
        world.jobsEnd();
        world.rolls();
      }
      world.settles();

      assertThat(world.row(POSTGRES).step()).isEqualTo("Failed");
      assertThat(world.roles).containsOnlyKeys("app");
    }
  }

  @Test
  void a_component_that_does_not_take_the_value_ends_the_rotation_with_its_words_masked() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    world.jobFails = task -> task.verb().equals("admit");
    var before = Map.copyOf(world.serving);

    world.settles();

    assertThat(world.serving).isEqualTo(before);
    assertThat(world.row(POSTGRES).message())
        .isEqualTo("reverted, the value before stays in force: it said; why, and ***");
  }

  @Test
  void what_was_verified_is_not_given_up_when_the_old_value_cannot_be_withdrawn() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    var failures = new ArrayList<String>();
    world.jobFails =
        task -> task.verb().equals("disown") && failures.add(task.job()) && failures.size() < 4;

    world.settles();

    assertThat(failures).hasSizeGreaterThan(3).doesNotHaveDuplicates();
    assertThat(rotated(world).get("DATABASE_URL")).startsWith("postgresql://app_a:");
  }

  @Test
  void a_request_that_is_taken_back_is_no_failure() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    var before = Map.copyOf(world.serving);
    world.pass();
    world.jobsEnd();
    world.pass();

    world.ask(POSTGRES, 0).settles();

    assertThat(world.serving).isEqualTo(before);
    assertThat(world.rows()).isEmpty();
    assertThat(world.roles).containsOnlyKeys("app");
  }

  @Test
  void on_new_data_the_application_logs_in_as_the_owner() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    world.settles();

    world.claim = "claim-2";
    world.roles.clear();
    world.roles.put("app", world.credentials.get(POSTGRES));
    world.serving = Map.of();
    world.settles();

    assertThat(world.serving.get("DATABASE_URL")).startsWith("postgresql://app:");
    assertThat(world.last.rotations().result()).isEmpty();
    world.ask(POSTGRES, 2).settles();
    assertThat(rotated(world).get("DATABASE_URL")).startsWith("postgresql://app_a:");
  }

  @Test
  void new_data_in_the_middle_of_a_rotation_begins_it_anew() {
    for (int passes = 1; passes < 6; passes++) {
      var world = RotationWorld.running().ask(POSTGRES, 1);
      for (int pass = 0; pass < passes; pass++) {
        world.pass();
        world.jobsEnd();
        world.rolls();
      }
      world.claim = "claim-2";
      world.roles.clear();
      world.roles.put("app", world.credentials.get(POSTGRES));
      world.serving = Map.of();
      world.settles();

      assertThat(world.logsIn(world.serving)).isTrue();
      assertThat(world.row(POSTGRES).step()).isEqualTo("Done");
    }
  }

  @Test
  void it_waits_for_a_version_that_is_being_rolled_out() {
    var world = RotationWorld.running().ask(JWT, 1);
    var before = world.serving.get(JWT);
    world.candidate = "sample-app:2";

    world.settles();
    assertThat(world.serving).containsEntry(JWT, before);
    assertThat(world.row(JWT).message()).contains("version");

    world.candidate = null;
    world.settles();
    assertThat(rotated(world).get(JWT)).isNotEqualTo(before);
  }

  @Test
  void an_application_that_does_not_come_up_anyway_may_get_another_value() {
    var world = RotationWorld.running();
    var before = world.serving.get(JWT);
    world.appRefuses = variables -> before.equals(variables.get(JWT));
    world.rolls();

    world.ask(JWT, 1).settles();

    assertThat(rotated(world).get(JWT)).isNotEqualTo(before);
  }

  @Test
  void a_value_that_a_secret_gives_is_not_rotated() {
    var world = RotationWorld.running();
    world.given = true;
    var before = Map.copyOf(world.serving);

    world.ask(REDIS, 1).settles();

    assertThat(world.serving).isEqualTo(before);
    assertThat(world.rows()).isEmpty();
  }

  @Test
  void a_login_stays_when_the_key_is_no_longer_listed() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    world.settles();
    var rotated = rotated(world);

    world.ask(POSTGRES, 0).settles();

    assertThat(world.serving).isEqualTo(rotated);
  }

  @Test
  void the_state_is_no_secret_and_the_values_are() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    world.pass();

    assertThat(world.last.secrets())
        .contains(
            world.credentials.get("POSTGRES_PASSWORD.next"),
            world.credentials.get("POSTGRES_PASSWORD.owner"))
        .noneMatch(secret -> secret.contains("PREPARING"));
  }

  @Test
  void what_is_stored_is_read_back() {
    var world = RotationWorld.running().ask(POSTGRES, 1);
    world.pass();
    var text = world.credentials.get("POSTGRES_PASSWORD.rotation");

    assertThat(RotationState.of(text).text()).isEqualTo(text);
    assertThat(RotationState.of("7").done()).isEqualTo(7);
    assertThat(RotationState.of("7").text()).isEqualTo("7");
    assertThat(RotationState.of("nonsense")).isEqualTo(RotationState.NEVER);
  }
}

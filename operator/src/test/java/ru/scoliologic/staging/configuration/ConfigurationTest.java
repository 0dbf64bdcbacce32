package ru.scoliologic.staging.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class ConfigurationTest {
  private static final String AUTH = Given.DASHBOARD_USER;
  private static final String TRAEFIK = "traefik: traefik.staging.test";
  private static final String GRAFANA = TRAEFIK + "\n    grafana: grafana.staging.test";

  private static Settings resolve(Given given) {
    return Configuration.resolve(given.snapshot());
  }

  @Test
  void all_keys_present_make_the_stage_ready() {
    var settings = resolve(Given.aGoodStart());

    assertThat(settings.result().reason()).isEqualTo(Reason.CONFIGURATION_READY);
    assertThat(settings.appEnvironment())
        .containsEntry("ESIA_CLIENT_ID", "client-1")
        .containsEntry("JWT_SECRET", "g".repeat(48))
        .containsEntry("PORT", "3000")
        .containsEntry(
            "DATABASE_URL", "postgresql://app:" + "g".repeat(32) + "@demo-postgres:5432/app")
        .doesNotContainKeys("POSTGRES_PASSWORD", "REDIS_PASSWORD");
  }

  @Test
  void a_missing_secret_is_waited_for_by_name() {
    var result = resolve(Given.aGoodStart().withoutSecret("given")).result();

    assertThat(result).isInstanceOf(StageResult.Waiting.class);
    assertThat(result.reason()).isEqualTo(Reason.SECRET_MISSING);
    assertThat(result.message()).contains("given").contains("ESIA_CLIENT_ID");
  }

  @Test
  void a_missing_key_is_waited_for_by_name() {
    var result = resolve(Given.aGoodStart().secret("given", Map.of("TRAEFIK_AUTH", AUTH))).result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_MISSING);
    assertThat(result.message()).isEqualTo("keys that no Secret has: ESIA_CLIENT_ID");
  }

  @Test
  void a_short_value_is_named_with_the_length_found_and_needed_but_never_shown() {
    var result =
        resolve(
                Given.aGoodStart()
                    .secret(
                        "given",
                        Map.of(
                            "TRAEFIK_AUTH", AUTH, "ESIA_CLIENT_ID", "c", "JWT_SECRET", "tooshort")))
            .result();

    assertThat(result).isInstanceOf(StageResult.Stalled.class);
    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message())
        .isEqualTo("JWT_SECRET in Secret given has 8 characters and needs 32")
        .doesNotContain("tooshort");
  }

  @ParameterizedTest
  @ValueSource(strings = {"CHANGE_ME", "change_me_please", "your_client_id", "<client id>", "xxxx"})
  void a_placeholder_is_refused(String left) {
    var result =
        resolve(
                Given.aGoodStart()
                    .secret("given", Map.of("TRAEFIK_AUTH", AUTH, "ESIA_CLIENT_ID", left)))
            .result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message()).contains("ESIA_CLIENT_ID in Secret given is a placeholder");
  }

  @ParameterizedTest
  @CsvSource({
    "admin, is not user:hash in line 1",
    "admin:plain-password, is not user:hash in line 1",
    "CHANGE_ME, is a placeholder"
  })
  void dashboard_users_that_are_not_user_and_hash_are_refused(String given, String expected) {
    var result =
        resolve(
                Given.aGoodStart()
                    .secret("given", Map.of("TRAEFIK_AUTH", given, "ESIA_CLIENT_ID", "c")))
            .result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message())
        .startsWith("TRAEFIK_AUTH in Secret given " + expected)
        .doesNotContain("plain-password");
  }

  @Test
  void dollar_signs_that_a_compose_file_doubled_are_made_single() {
    var settings =
        resolve(
            Given.aGoodStart()
                .secret(
                    "given",
                    Map.of("TRAEFIK_AUTH", AUTH.replace("$", "$$"), "ESIA_CLIENT_ID", "c")));

    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.dashboardUsers()).startsWith(AUTH + "\nstaging-operator:{SHA}");
  }

  @Test
  void a_generated_value_is_kept_once_it_was_made() {
    var settings =
        resolve(
            Given.aGoodStart()
                .owning(
                    Given.secretOf(
                        "demo-credentials",
                        Map.of("JWT_SECRET", "kept-jwt", "POSTGRES_PASSWORD", "kept-password"))));

    assertThat(settings.credentials())
        .containsEntry("JWT_SECRET", "kept-jwt")
        .containsEntry("POSTGRES_PASSWORD", "kept-password");
  }

  @Test
  void a_database_password_stays_what_the_database_was_made_with() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited("- {name: ESIA_CLIENT_ID}", "- {name: POSTGRES_PASSWORD}")
                .secret("given", Map.of("TRAEFIK_AUTH", AUTH, "POSTGRES_PASSWORD", "another-one"))
                .owning(
                    Given.secretOf(
                        "demo-credentials", Map.of("POSTGRES_PASSWORD", "the-first-one"))));

    assertThat(settings.postgresPassword()).isEqualTo("the-first-one");
  }

  @Test
  void a_value_that_does_not_match_its_pattern_is_named_and_never_shown() {
    var result =
        resolve(
                Given.aGoodStart()
                    .edited(
                        "- {name: ESIA_CLIENT_ID}",
                        "- {name: ESIA_CLIENT_ID, pattern: 'client-[0-9]+'}")
                    .secret("given", Map.of("TRAEFIK_AUTH", AUTH, "ESIA_CLIENT_ID", "someone")))
            .result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message())
        .isEqualTo("ESIA_CLIENT_ID in Secret given does not match client-[0-9]+")
        .doesNotContain("someone");
  }

  @Test
  void an_optional_key_may_be_absent_and_then_is_no_variable() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited("- {name: ESIA_CLIENT_ID}", "- {name: ESIA_CLIENT_ID, optional: true}")
                .secret("given", Map.of("TRAEFIK_AUTH", AUTH)));

    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.appEnvironment()).doesNotContainKey("ESIA_CLIENT_ID");
  }

  @Test
  void the_message_says_where_the_values_came_from() {
    assertThat(resolve(Given.aGoodStart()).result().message())
        .contains("1 from Secret given")
        .contains("1 generated");
  }

  @Test
  void the_first_secret_that_has_a_key_gives_it() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(
                    "- secretRef: {name: given}",
                    "- secretRef: {name: first}\n    - secretRef: {name: given}")
                .secret("first", Map.of("ESIA_CLIENT_ID", "client-of-the-first")));

    assertThat(settings.appEnvironment()).containsEntry("ESIA_CLIENT_ID", "client-of-the-first");
  }

  @Test
  void a_rotation_taken_back_keeps_the_value() {
    var later =
        resolve(
            Given.aGoodStart()
                .owning(
                    Given.secretOf(
                        "demo-credentials",
                        Map.of(
                            "JWT_SECRET",
                            "rotated",
                            "JWT_SECRET.rotation",
                            "2",
                            "POSTGRES_PASSWORD",
                            "kept"))));

    assertThat(later.credentials()).containsEntry("JWT_SECRET", "rotated");
  }

  @Test
  void whole_secrets_become_variables_below_the_keys_and_are_masked() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(
                    "  services:\n    app:",
                    "  services:\n    app:\n      envFrom: [{secretRef: {name: more}}]")
                .secret(
                    "more",
                    Map.of("EXTRA", "extra-value", "ESIA_CLIENT_ID", "lower", "not.a.name", "x")));

    assertThat(settings.appEnvironment())
        .containsEntry("EXTRA", "extra-value")
        .containsEntry("ESIA_CLIENT_ID", "client-1")
        .doesNotContainKey("not.a.name");
    assertThat(settings.masking().mask("it said extra-value")).isEqualTo("it said ***");
  }

  @Test
  void grafanas_password_is_made_when_grafana_runs_and_only_then() {
    var off = resolve(Given.aGoodStart());
    var on = resolve(Given.aGoodStart().edited(TRAEFIK, GRAFANA));

    assertThat(off.credentials()).doesNotContainKey("GRAFANA_ADMIN_PASSWORD");
    assertThat(on.credentials()).containsEntry("GRAFANA_ADMIN_PASSWORD", "g".repeat(32));
    assertThat(on.appEnvironment()).doesNotContainKey("GRAFANA_ADMIN_PASSWORD");
    assertThat(on.appEnvironment()).isEqualTo(off.appEnvironment());
    assertThat(on.grafanaPasswordKnown()).isTrue();
  }

  @Test
  void a_given_password_of_grafana_is_taken_and_does_not_reach_the_application() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(yaml ->
                    yaml.replace(TRAEFIK, GRAFANA)
                        .replace("name: ESIA_CLIENT_ID", "name: GRAFANA_ADMIN_PASSWORD"))
                .secret("given", Map.of("TRAEFIK_AUTH", AUTH, "GRAFANA_ADMIN_PASSWORD", "chosen")));

    assertThat(settings.credentials()).containsEntry("GRAFANA_ADMIN_PASSWORD", "chosen");
    assertThat(settings.appEnvironment()).doesNotContainKey("GRAFANA_ADMIN_PASSWORD");
  }

  @Test
  void a_grafana_that_is_switched_off_leaves_its_password_for_its_data() {
    var settings =
        resolve(
            Given.aGoodStart()
                .owning(
                    Given.secretOf(
                        "demo-credentials",
                        Map.of(
                            "POSTGRES_PASSWORD", "kept", "GRAFANA_ADMIN_PASSWORD", "kept too"))));

    assertThat(settings.credentials()).containsEntry("GRAFANA_ADMIN_PASSWORD", "kept too");
  }

  @Test
  void lost_credentials_of_an_existing_database_are_not_made_anew() {
    var settings =
        resolve(
            Given.aGoodStart()
                .owning(
                    new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withName("demo-postgres")
                        .endMetadata()
                        .build()));

    assertThat(settings.result()).isInstanceOf(StageResult.Stalled.class);
    assertThat(settings.result().reason()).isEqualTo(Reason.CREDENTIALS_LOST);
    assertThat(settings.credentials()).isEmpty();
    assertThat(settings.plan(Given.aGoodStart().snapshot()))
        .filteredOn(planned -> planned.object().getMetadata().getName().equals("demo-credentials"))
        .as("an empty Secret must not be made in its place")
        .allMatch(Planned::held);
  }

  @Test
  void while_a_key_is_missing_the_last_environment_stays_in_force() {
    var settings =
        resolve(
            Given.aGoodStart()
                .withoutSecret("given")
                .owning(
                    Given.secretOf("demo-app-env", Map.of("ESIA_CLIENT_ID", "as-before")),
                    Given.secretOf("demo-traefik-users", Map.of("users", "as-before"))));

    assertThat(settings.appEnvironment()).isEqualTo(Map.of("ESIA_CLIENT_ID", "as-before"));
    assertThat(settings.dashboardUsers()).isEqualTo("as-before");
  }

  @Test
  void an_unknown_name_in_a_composed_value_is_named_with_its_variable() {
    var result =
        resolve(Given.aGoodStart().edited("$(POSTGRES_DB)", "$(POSTGRES_DBNAME)")).result();

    assertThat(result.message())
        .contains("$(POSTGRES_DBNAME) in spec.services.app.env[DATABASE_URL] is not a known name");
  }

  @Test
  void every_secret_value_is_masked_in_text() {
    var settings = resolve(Given.aGoodStart());

    assertThat(settings.masking().mask("url " + settings.appEnvironment().get("DATABASE_URL")))
        .isEqualTo("url postgresql://app:***@demo-postgres:5432/app");
  }
}

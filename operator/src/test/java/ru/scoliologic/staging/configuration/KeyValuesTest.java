package ru.scoliologic.staging.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Which value is in force: the one that a Secret gives, or the one that was made. */
class KeyValuesTest {
  private static final String AUTH = Given.DASHBOARD_USER;
  private static final String LISTED = "- {name: ESIA_CLIENT_ID}";
  private static final String JWT = "- {name: JWT_SECRET, minLength: 32, generate: {length: 48}}";

  private static Settings resolve(Given given) {
    return Configuration.resolve(given.snapshot());
  }

  private static HasMetadata credentials(Map<String, String> values) {
    return Given.secretOf("demo-credentials", values);
  }

  private static Given listing(String key) {
    return Given.aGoodStart().edited(LISTED, key);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POSTGRES_PASSWORD", "REDIS_PASSWORD"})
  void a_password_that_is_given_late_wins_while_there_is_no_data(String name) {
    var key = "- {name: %s, generate: {length: 32}}".formatted(name);
    var waiting = resolve(listing(key).withoutSecret("given"));
    var later =
        resolve(
            listing(key)
                .secret("given", Map.of("TRAEFIK_AUTH", AUTH, name, "given-late"))
                .owning(credentials(waiting.credentials())));

    assertThat(waiting.result().reason()).isEqualTo(Reason.SECRET_MISSING);
    assertThat(waiting.credentials()).containsEntry(name, "g".repeat(32));
    assertThat(later.credentials()).containsEntry(name, "given-late");
    assertThat(later.result().message())
        .contains("1 from Secret given: " + name)
        .doesNotContain("not in force");
  }

  @Test
  void a_given_password_that_is_no_good_is_not_kept() {
    var settings =
        resolve(
            listing("- {name: POSTGRES_PASSWORD, minLength: 8}")
                .secret("given", Map.of("TRAEFIK_AUTH", AUTH, "POSTGRES_PASSWORD", "short"))
                .owning(credentials(Map.of("POSTGRES_PASSWORD", "made-before"))));

    assertThat(settings.result().reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(settings.credentials()).containsEntry("POSTGRES_PASSWORD", "made-before");
    assertThat(settings.masking().mask("it is short.")).isEqualTo("it is ***.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POSTGRES_PASSWORD", "REDIS_PASSWORD"})
  void a_password_that_is_listed_and_not_to_be_generated_is_waited_for(String name) {
    var settings = resolve(listing("- {name: %s}".formatted(name)));

    assertThat(settings.result()).isInstanceOf(StageResult.Waiting.class);
    assertThat(settings.result().message()).isEqualTo("keys that no Secret has: " + name);
    assertThat(settings.credentials()).doesNotContainKey(name);
  }

  @Test
  void a_password_taken_from_its_secret_stays_what_the_data_was_made_with() {
    var settings =
        resolve(
            listing("- {name: POSTGRES_PASSWORD}")
                .owning(
                    credentials(Map.of("POSTGRES_PASSWORD", "given-once")),
                    Given.claimOf("demo-postgres")));

    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.postgresPassword()).isEqualTo("given-once");
    assertThat(settings.result().message())
        .contains("1 kept: POSTGRES_PASSWORD")
        .contains("no Secret has POSTGRES_PASSWORD: the one in Secret demo-credentials")
        .doesNotContain("given-once");
  }

  @Test
  void a_password_is_in_force_and_no_warning_when_the_secret_still_gives_the_same() {
    var settings =
        resolve(
            listing("- {name: POSTGRES_PASSWORD}")
                .secret("given", Map.of("TRAEFIK_AUTH", AUTH, "POSTGRES_PASSWORD", "the-same"))
                .owning(
                    credentials(Map.of("POSTGRES_PASSWORD", "the-same")),
                    Given.claimOf("demo-postgres")));

    assertThat(settings.result().message())
        .contains("1 from Secret given: POSTGRES_PASSWORD")
        .doesNotContain("in force");
  }

  @Test
  void an_optional_password_is_generated_when_no_secret_has_it() {
    var settings = resolve(listing("- {name: REDIS_PASSWORD, optional: true}"));

    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.redisPasswords()).containsExactly("g".repeat(32));
  }

  @Test
  void a_generated_value_is_kept_while_a_secret_gives_another_one() {
    var made = resolve(Given.aGoodStart().drawing("made-at-first-and-long-enough-to-be-used"));
    var given =
        resolve(
            Given.aGoodStart()
                .secret(
                    "given",
                    Map.of(
                        "TRAEFIK_AUTH", AUTH,
                        "ESIA_CLIENT_ID", "client-1",
                        "JWT_SECRET", "given-by-a-secret-and-long-enough-too"))
                .owning(credentials(made.credentials())));
    var takenAway = resolve(Given.aGoodStart().owning(credentials(given.credentials())));

    assertThat(given.appEnvironment())
        .containsEntry("JWT_SECRET", "given-by-a-secret-and-long-enough-too");
    assertThat(given.credentials()).isEqualTo(made.credentials());
    assertThat(takenAway.appEnvironment())
        .containsEntry("JWT_SECRET", "made-at-first-and-long-enough-to-be-used");
  }

  @Test
  void a_key_taken_off_the_list_and_put_back_has_its_old_value() {
    var made = resolve(Given.aGoodStart().drawing("made-at-first-and-long-enough-to-be-used"));
    var off = resolve(Given.aGoodStart().edited(JWT, "").owning(credentials(made.credentials())));
    var back = resolve(Given.aGoodStart().owning(credentials(off.credentials())));

    assertThat(off.appEnvironment()).doesNotContainKey("JWT_SECRET");
    assertThat(back.appEnvironment())
        .containsEntry("JWT_SECRET", "made-at-first-and-long-enough-to-be-used");
    assertThat(back.credentials()).isEqualTo(made.credentials());
  }

  @Test
  void a_value_is_drawn_until_it_matches_the_pattern() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(JWT, "- {name: JWT_SECRET, pattern: '.*[0-9].*', generate: {length: 16}}")
                .drawing("onlylettersinhere", "stillonlyletters", "with1digitinside"));

    assertThat(settings.appEnvironment()).containsEntry("JWT_SECRET", "with1digitinside");
  }

  @Test
  void a_pattern_that_no_generated_value_has_is_refused_and_nothing_is_kept() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(JWT, "- {name: JWT_SECRET, pattern: '[!?]+', generate: {length: 16}}"));

    assertThat(settings.result()).isInstanceOf(StageResult.Stalled.class);
    assertThat(settings.result().message())
        .startsWith("JWT_SECRET cannot be generated: no value of 16 characters (Alphanumeric)")
        .contains("[!?]+");
    assertThat(settings.credentials()).doesNotContainKey("JWT_SECRET");
  }

  @Test
  void a_generated_value_that_no_longer_is_as_asked_is_told_and_kept() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(JWT, "- {name: JWT_SECRET, minLength: 64, generate: {length: 64}}")
                .owning(
                    credentials(Map.of("JWT_SECRET", "made-before", "POSTGRES_PASSWORD", "kept"))));

    assertThat(settings.result().message())
        .isEqualTo(
            "JWT_SECRET, which was generated before, has 11 characters and needs 64: raise its"
                + " generate.rotation, or ask less");
    assertThat(settings.credentials()).containsEntry("JWT_SECRET", "made-before");
  }

  @Test
  void what_could_not_be_stored_is_not_handed_on() {
    var given =
        Given.aGoodStart()
            .edited(
                "minLength: 32, generate: {length: 48}}",
                "generate: {length: 48}}\n    - {name: OTHER, generate: {length: 48}}")
            .owning(
                credentials(
                    Map.of(
                        "JWT_SECRET", "before",
                        "POSTGRES_PASSWORD", "kept",
                        "REDIS_PASSWORD", "kept-too")),
                Given.secretOf("demo-app-env", Map.of("JWT_SECRET", "before")),
                Given.secretOf("demo-traefik-users", Map.of("users", "as before")));
    var snapshot = given.snapshot();
    var settings = Configuration.resolve(snapshot);

    var refused = settings.asStored(snapshot);

    assertThat(settings.appEnvironment()).containsEntry("OTHER", "g".repeat(48));
    assertThat(refused.appEnvironment()).isEqualTo(Map.of("JWT_SECRET", "before"));
    assertThat(refused.redisPasswords()).containsExactly("kept-too");
    assertThat(refused.dashboardUsers()).isEqualTo("as before");
    assertThat(refused.masking().mask("g".repeat(48))).isEqualTo("***");
  }

  @Test
  void what_is_stored_already_is_handed_on_though_nothing_could_be_written() {
    var stored = resolve(Given.aGoodStart()).credentials();
    var snapshot = Given.aGoodStart().owning(credentials(stored)).snapshot();
    var settings = Configuration.resolve(snapshot);

    assertThat(settings.asStored(snapshot)).isSameAs(settings);
  }
}

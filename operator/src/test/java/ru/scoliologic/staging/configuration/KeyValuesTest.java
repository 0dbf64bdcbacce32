package ru.scoliologic.staging.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
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
    assertThat(settings.credentials()).containsEntry("POSTGRES_PASSWORD", "given-once");
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
            "JWT_SECRET, which was generated before, has 11 characters and needs 64: raise its generate.rotation, or lower the requirement");
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

  private static Given giving(String key, String value) {
    return listing(key.startsWith("-") ? key : "- {name: %s}".formatted(key))
        .secret(
            "given",
            Map.of("TRAEFIK_AUTH", AUTH, key.replaceAll(".*name: ([A-Z_]+).*", "$1"), value));
  }

  @ParameterizedTest
  @CsvSource({"POSTGRES_PASSWORD", "REDIS_PASSWORD", "SESSION_SECRET"})
  void a_line_end_behind_a_value_is_refused_by_name_with_the_cure(String name) {
    for (var end : List.of("\n", "\r\n")) {
      var settings = resolve(giving(name, "0123456789abcdef0123456789abcdef" + end));

      assertThat(settings.result().reason()).isEqualTo(Reason.KEY_INVALID);
      assertThat(settings.result().message())
          .isEqualTo(
              name
                  + " in Secret given ends with a line end, which is a part of the value: make the"
                  + " Secret without it (echo -n, or kubectl create secret --from-literal)");
    }
  }

  @Test
  void a_text_of_several_lines_may_end_with_one() {
    var pem = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n";
    var settings = resolve(giving("SIGNING_KEY", pem));

    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.appEnvironment()).containsEntry("SIGNING_KEY", pem);
  }

  @Test
  void a_line_end_that_the_application_already_runs_with_stays() {
    var settings =
        resolve(
            giving("SESSION_SECRET", "long-in-use\n")
                .owning(Given.secretOf("demo-app-env", Map.of("SESSION_SECRET", "long-in-use\n"))));

    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.appEnvironment()).containsEntry("SESSION_SECRET", "long-in-use\n");
  }

  @Test
  void a_password_that_data_was_made_with_may_lose_its_line_end() {
    var made = credentials(Map.of("POSTGRES_PASSWORD", "the-same\n"));
    var claim = Given.claimOf("demo-postgres");

    var before = resolve(giving("POSTGRES_PASSWORD", "the-same\n").owning(made, claim));
    var mended = resolve(giving("POSTGRES_PASSWORD", "the-same").owning(made, claim));

    assertThat(before.result().message()).contains("POSTGRES_PASSWORD in Secret given ends with");
    assertThat(mended.credentials()).containsEntry("POSTGRES_PASSWORD", "the-same");
    assertThat(mended.result().message())
        .contains("1 from Secret given: POSTGRES_PASSWORD")
        .doesNotContain("in force");
  }

  private static HasMetadata firstClaim(Map<String, String> more) {
    var claim = Given.claimOf("demo-postgres");
    var marks = new TreeMap<>(more);
    marks.put(Labels.FIRST_DEPLOYMENT, "uid");
    claim.getMetadata().setAnnotations(marks);
    return claim;
  }

  @Test
  void a_password_that_no_database_was_made_with_yet_can_be_mended() {
    var stored = credentials(Map.of("POSTGRES_PASSWORD", "wrong"));

    var awaited =
        resolve(giving("POSTGRES_PASSWORD", "right").owning(stored, firstClaim(Map.of())));
    var made =
        resolve(
            giving("POSTGRES_PASSWORD", "right")
                .owning(stored, firstClaim(Map.of(Labels.POSTGRES_MAJOR, "17"))));

    assertThat(awaited.credentials()).containsEntry("POSTGRES_PASSWORD", "right");
    assertThat(made.credentials()).containsEntry("POSTGRES_PASSWORD", "wrong");
  }

  @Test
  void another_password_than_the_one_in_force_is_told_with_the_way_to_change_it() {
    var settings =
        resolve(
            giving("POSTGRES_PASSWORD", "another-one")
                .owning(
                    credentials(Map.of("POSTGRES_PASSWORD", "the-first")),
                    Given.claimOf("demo-postgres")));

    assertThat(settings.result().message())
        .endsWith(
            "POSTGRES_PASSWORD of Secret given is not in force: the data was created with the one in Secret demo-credentials; to change it, remove the key from the Secret and raise its generate.rotation: the operator generates the next one");
  }

  @ParameterizedTest
  @CsvSource({
    "POSTGRES_PASSWORD, ''",
    "SESSION_SECRET, ', or change the value there'",
  })
  void a_rotation_of_a_value_that_a_secret_gives_is_told_to_have_no_effect(
      String name, String more) {
    var settings =
        resolve(
            giving("- {name: %s, generate: {length: 32, rotation: 2}}".formatted(name), "given"));

    assertThat(settings.rotations().rows()).isNull();
    assertThat(settings.result().message())
        .endsWith(
            "generate.rotation of %s has no effect while Secret given provides the key: remove it there and the operator generates the next value%s"
                .formatted(name, more));
  }

  @Test
  void an_empty_value_of_an_optional_key_is_as_good_as_none() {
    var plain = resolve(giving("- {name: WEBHOOK_URL, pattern: 'https://.*', optional: true}", ""));
    var generated = resolve(giving("- {name: TOKEN, optional: true, generate: {length: 32}}", ""));
    var needed = resolve(giving("WEBHOOK_URL", ""));

    assertThat(plain.result().isReady()).isTrue();
    assertThat(plain.appEnvironment()).doesNotContainKey("WEBHOOK_URL");
    assertThat(generated.appEnvironment()).containsEntry("TOKEN", "g".repeat(32));
    assertThat(needed.result().message()).isEqualTo("WEBHOOK_URL in Secret given is empty");
  }
}

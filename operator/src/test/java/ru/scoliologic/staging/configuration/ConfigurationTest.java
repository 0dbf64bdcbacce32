package ru.scoliologic.staging.configuration;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import at.favre.lib.crypto.bcrypt.BCrypt;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.PlannedObject;
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

  private static Given checking(String validation) {
    return Given.aGoodStart().edited(yaml -> yaml + "  validation: " + validation + "\n");
  }

  @Test
  void values_are_put_into_headers_and_bodies_of_checks_and_hidden_in_every_form() {
    var settings =
        resolve(
            checking(
                    "{checks: [{name: sign in, path: /login, body: '{\"id\": \"$(ESIA_CLIENT_ID:json)\","
                        + " \"costs\": \"5$$\"}', headers: [{name: X-Id, value: 'id"
                        + " $(ESIA_CLIENT_ID:url)'}]}]}")
                .secret("given", Map.of("ESIA_CLIENT_ID", "a \"b\"", "TRAEFIK_AUTH", AUTH)));

    var check = settings.validation().checks().getFirst();
    assertThat(settings.result().isReady()).as(settings.result().message()).isTrue();
    assertThat(check.body()).isEqualTo("{\"id\": \"a \\\"b\\\"\", \"costs\": \"5$\"}");
    assertThat(check.headers().getFirst().value()).isEqualTo("id a%20%22b%22");
    assertThat(settings.masking().mask(check.toString())).doesNotContain("a%20", "a \\\"b");
  }

  @Test
  void a_name_in_a_check_that_stands_for_nothing_is_told_with_its_field() {
    var result = resolve(checking("{checks: [{name: a, path: /, body: $(NOBODY)}]}")).result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message())
        .isEqualTo(
            "$(NOBODY) in spec.validation.checks[a].body is not a known name: list it in"
                + " spec.secrets.keys, or use one of DOMAIN_APP, DOMAIN_TRAEFIK, ESIA_CLIENT_ID,"
                + " JWT_SECRET, POSTGRES_DB, POSTGRES_HOST, POSTGRES_PASSWORD, POSTGRES_PORT,"
                + " POSTGRES_USER, REDIS_HOST, REDIS_PASSWORD, REDIS_PORT");
  }

  @Test
  void a_secret_of_a_container_that_checks_is_waited_for_and_hidden() {
    var asking =
        "{containers: [{name: a, image: b, env: [{name: T, secretKeyRef: {name: qa, key: TOKEN}}]}]}";

    assertThat(resolve(checking(asking)).result().message()).contains("qa");
    var settings = resolve(checking(asking).secret("qa", Map.of("TOKEN", "qa-token")));
    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.masking().mask("is qa-token")).isEqualTo("is ***");
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
  @ValueSource(
      strings = {
        "CHANGE_ME",
        "change_me_please",
        "your_client_id",
        "<client id>",
        "xxxx",
        "todo",
        "TODO",
        "secret",
        "password",
        "placeholder",
        "replace_me",
        " Replace-Me "
      })
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
                        "demo-credentials", Map.of("POSTGRES_PASSWORD", "the-first-one")),
                    Given.claimOf("demo-postgres")));

    assertThat(settings.credentials()).containsEntry("POSTGRES_PASSWORD", "the-first-one");
    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.result().message())
        .contains("POSTGRES_PASSWORD of Secret given is not in force")
        .contains("the data was created with the one in Secret demo-credentials")
        .doesNotContain("another-one", "the-first-one");
    assertThat(settings.masking().mask("another-one")).isEqualTo("***");
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
        .isEqualTo(
            "all 4 keys are present and acceptable (3 generated: JWT_SECRET, POSTGRES_PASSWORD,"
                + " REDIS_PASSWORD; 1 from Secret given: ESIA_CLIENT_ID)");
  }

  @Test
  void of_many_keys_a_few_are_named_and_the_others_counted() {
    var names = IntStream.range(0, 90).mapToObj(i -> "A_KEY_WITH_NUMBER_" + i).toList();
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(
                    "- {name: ESIA_CLIENT_ID}",
                    names.stream().map("- {name: %s}"::formatted).collect(joining("\n    ")))
                .secret(
                    "given",
                    Stream.concat(names.stream(), Stream.of("TRAEFIK_AUTH"))
                        .collect(toMap(n -> n, n -> AUTH))));

    assertThat(settings.result().message())
        .contains("90 from Secret given: A_KEY_WITH_NUMBER_0, ")
        .contains("A_KEY_WITH_NUMBER_9 and 80 more")
        .hasSizeLessThan(1000);
  }

  @Test
  void all_that_is_missing_and_wrong_is_said_at_once_without_a_value() {
    var result =
        resolve(
                Given.aGoodStart()
                    .edited(yaml ->
                        yaml.replace(
                                "- {name: ESIA_CLIENT_ID}",
                                Stream.of(
                                        "- {name: ESIA_CLIENT_ID}",
                                        "- {name: ESIA_CLIENT_SECRET}",
                                        "- {name: MIS_API_KEY, minLength: 20}",
                                        "- {name: MIS_API_URL, pattern: 'https://.*'}",
                                        "- {name: SESSION_SECRET}")
                                    .collect(joining("\n    ")))
                            .replace(
                                "- secretRef: {name: given}",
                                "- secretRef: {name: given}\n    - secretRef: {name: late}")
                            .replace("$(POSTGRES_DB)", "$(POSTGRES_DBNAME)"))
                    .secret(
                        "given",
                        Map.of(
                            "TRAEFIK_AUTH", AUTH,
                            "JWT_SECRET", "short-jwt",
                            "MIS_API_KEY", "short-mis",
                            "MIS_API_URL", "ftp://mis",
                            "SESSION_SECRET", "CHANGE_ME_PLEASE")))
            .result();

    assertThat(result).isInstanceOf(StageResult.Waiting.class);
    assertThat(result.message())
        .isEqualTo(
            "Secrets that do not exist: late; keys that no Secret has: ESIA_CLIENT_ID,"
                + " ESIA_CLIENT_SECRET; JWT_SECRET in Secret given has 9 characters and needs 32;"
                + " MIS_API_KEY in Secret given has 9 characters and needs 20; MIS_API_URL in"
                + " Secret given does not match https://.*; SESSION_SECRET in Secret given is a"
                + " placeholder; $(POSTGRES_DBNAME) in spec.services.app.env[DATABASE_URL] is not a"
                + " known name: list it in spec.secrets.keys, or use one of DOMAIN_APP, DOMAIN_TRAEFIK, POSTGRES_DB, POSTGRES_HOST,"
                + " POSTGRES_PASSWORD, POSTGRES_PORT, POSTGRES_USER, REDIS_HOST, REDIS_PASSWORD,"
                + " REDIS_PORT");
  }

  @Test
  void a_name_whose_key_is_missing_is_not_called_unknown() {
    var result =
        resolve(
                Given.aGoodStart()
                    .edited("$(POSTGRES_DB)", "$(ESIA_CLIENT_ID)")
                    .secret("given", Map.of("TRAEFIK_AUTH", AUTH)))
            .result();

    assertThat(result.message()).isEqualTo("keys that no Secret has: ESIA_CLIENT_ID");
  }

  @Test
  void a_variable_composed_of_an_absent_optional_key_is_left_out_and_told() {
    var settings =
        resolve(
            Given.aGoodStart()
                .edited(yaml ->
                    yaml.replace("{name: ESIA_CLIENT_ID}", "{name: WEBHOOK, optional: true}")
                        .replace("value: postgresql:", "value: $(WEBHOOK)$(JWT_SECRET)postgresql:"))
                .secret("given", Map.of("TRAEFIK_AUTH", AUTH)));

    assertThat(settings.result().isReady()).isTrue();
    assertThat(settings.result().message())
        .endsWith("; variable DATABASE_URL is left out: no Secret has optional key WEBHOOK");
    assertThat(settings.appEnvironment())
        .containsKey("JWT_SECRET")
        .doesNotContainKeys("DATABASE_URL", "WEBHOOK");
  }

  @Test
  void a_placeholder_in_a_whole_secret_is_named_unless_the_value_is_not_used() {
    var more = "  services:\n    app:\n      envFrom: [{secretRef: {name: more}}]";
    var values =
        Map.of(
            "MIS_API_KEY", "CHANGE_ME_TO_THE_KEY",
            "ESIA_CLIENT_ID", "CHANGE_ME",
            "DATABASE_URL", "replace_me",
            "not.a.name", "your_value",
            "METHOD", "password",
            "MENU", "change menu");
    var result =
        resolve(Given.aGoodStart().edited("  services:\n    app:", more).secret("more", values))
            .result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message())
        .isEqualTo("MIS_API_KEY in Secret more is a placeholder (spec.services.app.envFrom)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"CHANGE_ME", "Bearer CHANGE_ME_TOKEN", "Basic <user:password>"})
  void a_placeholder_in_a_header_of_a_check_is_named(String left) {
    var result =
        resolve(
                Given.aGoodStart()
                    .edited(yaml ->
                        yaml.stripTrailing()
                            + "\n  validation: {checks: [{name: api, path: /api, headers: &token ["
                            + "{name: Authorization, secretKeyRef: {name: qa, key: TOKEN}}]},"
                            + " {name: other, path: /other, headers: *token}]}\n")
                    .secret("qa", Map.of("TOKEN", left)))
            .result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message()).isEqualTo("TOKEN in Secret qa is a placeholder (for a check)");
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
  void whole_config_maps_become_variables_and_the_later_source_goes_before_the_earlier() {
    var sources = "envFrom: [{secretRef: {name: more}}, {configMapRef: {name: flags}}]";
    var settings =
        resolve(
            Given.aGoodStart()
                .edited("  services:\n    app:", "  services:\n    app:\n      " + sources)
                .secret("more", Map.of("BOTH", "of the Secret", "SECRET_ONLY", "s"))
                .configMap("flags", Map.of("BOTH", "of the ConfigMap", "FLAG", "on", "a.b", "x")));

    assertThat(settings.appEnvironment())
        .containsEntry("BOTH", "of the ConfigMap")
        .containsEntry("SECRET_ONLY", "s")
        .containsEntry("FLAG", "on")
        .doesNotContainKey("a.b");
    assertThat(settings.masking().mask("of the ConfigMap")).isEqualTo("of the ConfigMap");
  }

  @Test
  void a_config_map_of_variables_that_is_not_there_is_waited_for_by_name_and_field() {
    var result =
        resolve(
                Given.aGoodStart()
                    .edited(
                        "  services:\n    app:",
                        "  services:\n    app:\n      envFrom: [{configMapRef: {name: flags}}]"))
            .result();

    assertThat(result).isInstanceOf(StageResult.Waiting.class);
    assertThat(result.reason()).isEqualTo(Reason.CONFIG_MAP_MISSING);
    assertThat(result.message()).contains("ConfigMap flags (spec.services.app.envFrom)");
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
    var settings = resolve(Given.aGoodStart().owning(Given.claimOf("demo-postgres")));

    assertThat(settings.result()).isInstanceOf(StageResult.Stalled.class);
    assertThat(settings.result().reason()).isEqualTo(Reason.CREDENTIALS_LOST);
    assertThat(settings.credentials()).isEmpty();
    assertThat(settings.plan(Given.aGoodStart().snapshot()))
        .filteredOn(planned -> planned.object().getMetadata().getName().equals("demo-credentials"))
        .as("an empty Secret must not be made in its place")
        .allMatch(PlannedObject::held);
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
        .contains(
            "$(POSTGRES_DBNAME) in spec.services.app.env[DATABASE_URL] is not a known name: list it in"
                + " spec.secrets.keys, or use one of ",
            ", POSTGRES_DB, POSTGRES_HOST, ");
  }

  @Test
  void every_secret_value_is_masked_in_text() {
    var settings = resolve(Given.aGoodStart());

    assertThat(settings.masking().mask("url " + settings.appEnvironment().get("DATABASE_URL")))
        .isEqualTo("url postgresql://app:***@demo-postgres:5432/app");
  }

  private static Given following(String gitops) {
    return Given.aGoodStart()
        .edited(
            yaml -> yaml + "  gitops: {repository: 'https://git.example.org/a', " + gitops + "}\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "credentials: {name: git} | SECRET_MISSING | Secrets that do not exist: git (with token)",
        "credentials: {name: given} | KEY_MISSING | token (in Secret given, for spec.gitops.credentials)",
        "webhook: {secretKeyRef: {name: given, key: word}} | KEY_MISSING | word (in Secret given, for spec.gitops.webhook)",
        "commitStatus: {tokenSecretKeyRef: {name: given, key: s}} | KEY_MISSING | s (in Secret given, for spec.gitops.commitStatus)",
        "build: {engine: {host: 'tcp://b:1', tls: {name: given}}} | KEY_MISSING | ca.pem (in Secret given, for spec.gitops.build.engine.tls)",
        "registry: {external: {repository: r/a, credentials: {name: given}}} | KEY_MISSING | .dockerconfigjson (in Secret given, for",
        "caBundle: {configMapKeyRef: {name: ca, key: ca.pem}} | CONFIG_MAP_MISSING | ConfigMap ca with key ca.pem (spec.gitops.caBundle)"
      })
  void what_the_branch_needs_is_awaited_by_name(String gitops, Reason reason, String expected) {
    var result = resolve(following(gitops)).result();

    assertThat(result).isInstanceOf(StageResult.Waiting.class);
    assertThat(result.reason()).isEqualTo(reason);
    assertThat(result.message()).contains(expected);
  }

  @Test
  void ssh_needs_a_key_and_the_servers_key() {
    var given =
        Given.aGoodStart()
            .edited(yaml -> yaml + "  gitops: {repository: 'git@git.example.org:a'}\n");

    assertThat(resolve(given).result().message()).contains("sshPrivateKey, knownHosts");
  }

  @Test
  void a_token_that_is_there_is_hidden_and_a_placeholder_is_refused() {
    var git = following("credentials: {name: git}");
    var good = resolve(git.secret("git", Map.of("token", "token-1234")));
    assertThat(good.result().isReady()).as(good.result().message()).isTrue();
    assertThat(good.masking().mask("refused token-1234")).doesNotContain("token-1234");

    assertThat(resolve(git.secret("git", Map.of("token", "changeme"))).result().message())
        .isEqualTo("token in Secret git is a placeholder (for spec.gitops.credentials)");
  }

  @Test
  void the_registrys_password_is_made_once_with_its_hash() {
    var given = following("branch: main").drawing("p".repeat(32), "s".repeat(16));
    var first = resolve(given);
    assertThat(first.registryUsers()).startsWith("staging:$2y$04$");
    assertThat(
            BCrypt.verifyer()
                .verify(
                    first.registryPassword().toCharArray(),
                    first.registryUsers().split(":", 2)[1].toCharArray())
                .verified)
        .isTrue();

    var again =
        resolve(
            given
                .drawing("another")
                .owning(Given.secretOf("demo-credentials", first.credentials())));
    assertThat(again.credentials()).isEqualTo(first.credentials());
  }

  @Test
  void without_a_registry_of_its_own_there_is_no_password_for_one() {
    assertThat(resolve(following("registry: {external: {repository: r/a}}")).credentials())
        .doesNotContainKeys("registry-password", "registry-htpasswd");
    assertThat(resolve(Given.aGoodStart()).credentials())
        .doesNotContainKeys("registry-password", "registry-htpasswd");
  }

  @Test
  void a_line_end_behind_a_value_taken_from_a_whole_secret_is_refused() {
    var result =
        resolve(
                Given.aGoodStart()
                    .edited(
                        "      image: sample-app:1\n",
                        "      image: sample-app:1\n      envFrom: [{secretRef: {name: more}}]\n")
                    .secret("more", Map.of("SMTP_PASSWORD", "hunter22\n")))
            .result();

    assertThat(result.reason()).isEqualTo(Reason.KEY_INVALID);
    assertThat(result.message())
        .startsWith("SMTP_PASSWORD in Secret more (spec.services.app.envFrom) ends with a line end")
        .doesNotContain("hunter22");
  }

  @Test
  void a_version_of_postgresql_that_gets_no_fixes_is_warned_of() {
    assertThat(of("14.9").result().message()).contains("PostgreSQL 14 gets no fixes after");
    assertThat(of("15").result().message()).doesNotContain("fixes");
  }

  private static Settings of(String version) {
    return resolve(
        Given.aGoodStart()
            .edited(
                "  services:\n",
                "  services:\n    postgres: {version: '%s'}\n".formatted(version)));
  }
}

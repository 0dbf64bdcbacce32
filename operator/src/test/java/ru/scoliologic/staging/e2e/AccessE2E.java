package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;

/** A protected application behind a real Traefik: who gets in, and what the operator sees. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AccessE2E {
  private static final String NAMESPACE = "guarded";
  private static final String NAME = "env";
  private static final String APP = "https://app.guarded.staging.test";

  /** Password "right"; SHA-1 as htpasswd -s writes it. */
  private static final String USER = "team:" + sha("right");

  /** What a container does to get through the protection. */
  private static final String FETCH =
      "fetch(process.env.APP_URL,{headers:{'X-Staging-Check':String(process.env.CHECK_TOKEN)}})"
          + ".then(r=>{console.error(r.status);process.exit(r.ok?0:1)})";

  private static Staging staging;
  private static Browser browser;

  private static String sha(String password) {
    try {
      var digest =
          java.security.MessageDigest.getInstance("SHA-1")
              .digest(password.getBytes(StandardCharsets.UTF_8));
      return "{SHA}" + Base64.getEncoder().encodeToString(digest);
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void given(String users) {
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withStringData(
                    Map.of(
                        "ESIA_CLIENT_ID",
                        "client-1",
                        "TRAEFIK_AUTH",
                        Given.DASHBOARD_USER,
                        "TEAM",
                        users))
                .build())
        .serverSideApply();
  }

  @BeforeAll
  static void a_protected_environment() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    given(USER);
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                "guarded.staging.test",
                "    acme:\n",
                "    access: {basicAuth: {secretKeyRef: {name: given, key: TEAM}}, openPaths:"
                    + " [/api/health/live, /api/auth/esia/callback]}\n    acme:\n",
                "deletionPolicy: Delete",
                """
                deletionPolicy: Delete
                  validation:
                    checks:
                    - {name: messages, path: /api/messages}
                    - name: not indexed
                      path: /
                      expect: {headers: [{name: X-Robots-Tag, contains: noindex}]}
                    containers:
                    - name: from a container
                      image: sample-app:1
                      command: [node, -e]
                      args: ["%s"]
                """
                    .formatted(FETCH)));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
    staging.awaitReady(NAMESPACE, NAME);
    browser = staging.browser();
  }

  @AfterAll
  static void it_is_removed() throws IOException {
    browser.close();
    staging.remove(NAMESPACE);
  }

  private static void access(String json) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"spec\":{\"ingress\":{\"access\":" + json + "}}}");
    staging.awaitReady(NAMESPACE, NAME);
  }

  private static String token() {
    return new String(
        Base64.getDecoder()
            .decode(
                staging
                    .admin()
                    .secrets()
                    .inNamespace(NAMESPACE)
                    .withName("env-credentials")
                    .get()
                    .getData()
                    .get("access-check-token")),
        StandardCharsets.UTF_8);
  }

  private static Outcome outcome(String check) {
    return staging.release(NAMESPACE, "sample-app:1").getStatus().report().results().stream()
        .filter(result -> result.name().equals(check))
        .findFirst()
        .orElseThrow(() -> new AssertionError("the report has no check " + check))
        .outcome();
  }

  /** The release is told after the environment. */
  private static void awaitPassed(String... checks) {
    await("passed: " + String.join(", ", checks))
        .atMost(Staging.SOON)
        .ignoreExceptions()
        .untilAsserted(() ->
            assertThat(checks)
                .allSatisfy(check -> assertThat(outcome(check)).isEqualTo(Outcome.Passed)));
  }

  @Test
  @Order(1)
  void only_the_password_opens_it_and_the_open_paths_need_none() throws IOException {
    var turnedAway = browser.get(APP + "/");
    assertThat(turnedAway.status()).isEqualTo(401);
    assertThat(turnedAway.headers()).containsEntry("x-robots-tag", "noindex, nofollow");
    assertThat(browser.getAs(APP + "/", "team", "wrong").status()).isEqualTo(401);
    var letIn = browser.getAs(APP + "/", "team", "right");
    assertThat(letIn.status()).isEqualTo(200);
    assertThat(letIn.headers()).containsEntry("x-robots-tag", "noindex, nofollow");

    assertThat(browser.get(APP + "/api/health/live").status()).isEqualTo(200);
    assertThat(browser.get(APP + "/api/auth/esia/callback").status()).isEqualTo(302);
    for (var path :
        new String[] {
          "/api/health",
          "/api/health/lively",
          "/api/health/live/../../messages",
          "/api/health/live/%2e%2e/%2e%2e/messages",
          "/api/health/live/..%2f..%2fmessages",
          "/api/health/live/..;/..;/messages"
        }) {
      assertThat(browser.get(APP + path).status()).as(path).isIn(400, 401, 404);
    }
    assertThat(browser.getWith(APP + "/", Map.of("X-Staging-Check", "guessed")).status())
        .isEqualTo(401);
  }

  @Test
  @Order(2)
  void the_checks_pass_without_the_teams_password_and_see_that_it_is_closed() {
    awaitPassed("access closed", "messages", "not indexed", "from a container", "routers");
  }

  @Test
  @Order(3)
  void the_token_of_the_checks_stands_in_secrets_only() throws IOException {
    var token = token();
    assertThat(browser.getWith(APP + "/", Map.of("X-Staging-Check", token)).status())
        .isEqualTo(200);
    var cluster = staging.cluster();
    assertThat(
            cluster.kubectl(
                "-n",
                NAMESPACE,
                "get",
                "stenv,strel,cm,deploy,rs,pods,ingress,events",
                "-o",
                "yaml"))
        .contains("app-access@file")
        .doesNotContain(token);
    assertThat(cluster.kubectl("-n", NAMESPACE, "logs", "deployment/env-traefik"))
        .isNotBlank()
        .doesNotContain(token);
    assertThat(
            cluster.kubectl(
                "-n", Staging.OPERATOR, "logs", "deployment/" + Staging.OPERATOR, "--tail=-1"))
        .isNotBlank()
        .doesNotContain(token);
  }

  @Test
  @Order(4)
  void a_wrong_hash_is_named_and_the_old_users_stay() throws IOException {
    given("team:right");
    var stalled = staging.awaitReason(NAMESPACE, NAME, "Stalled", "KeyInvalid");
    assertThat(Staging.condition(stalled, "ConfigurationReady").getMessage())
        .isEqualTo(
            "TEAM in Secret given is not user:hash in line 1: write it with `htpasswd -nB <user>`"
                + " (bcrypt, apr1 or SHA)");
    assertThat(browser.get(APP + "/").status()).isEqualTo(401);
    assertThat(browser.getAs(APP + "/", "team", "right").status()).isEqualTo(200);

    given("other:" + sha("new"));
    staging.awaitReady(NAMESPACE, NAME);
    await("the new user to be the one who gets in")
        .atMost(Staging.LONG)
        .ignoreExceptions()
        .untilAsserted(() -> {
          assertThat(browser.getAs(APP + "/", "other", "new").status()).isEqualTo(200);
          assertThat(browser.getAs(APP + "/", "team", "right").status()).isEqualTo(401);
        });
  }

  @Test
  @Order(5)
  void an_allow_list_looks_at_the_addresses_of_clients() throws IOException {
    access("{\"basicAuth\":null,\"allowFrom\":[\"192.0.2.0/24\"],\"openPaths\":[\"/api/health\"]}");
    assertThat(browser.get(APP + "/").status()).isEqualTo(403);
    assertThat(browser.get(APP + "/api/health").status()).isEqualTo(200);
    awaitPassed("access closed");

    var network = staging.cluster().nodeIp().replaceAll("[.]\\d+[.]\\d+$", ".0.0/16");
    access("{\"allowFrom\":[\"" + network + "\"]}");
    assertThat(browser.get(APP + "/").status()).isEqualTo(200);
  }

  @Test
  @Order(6)
  void switched_off_it_is_open_and_nothing_of_it_is_left() throws IOException {
    access("null");

    var open = browser.get(APP + "/");
    assertThat(open.status()).isEqualTo(200);
    assertThat(open.headers()).doesNotContainKey("x-robots-tag");
    assertThat(staging.owned(NAMESPACE)).doesNotContain("secret/env-traefik-check");
    assertThat(
            staging
                .admin()
                .services()
                .inNamespace(NAMESPACE)
                .withName("env-traefik")
                .get()
                .getSpec()
                .getExternalTrafficPolicy())
        .isEqualTo("Cluster");
  }
}

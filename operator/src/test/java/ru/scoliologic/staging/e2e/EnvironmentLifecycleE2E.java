package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static ru.scoliologic.staging.e2e.Staging.SOON;

import io.fabric8.kubernetes.api.model.Secret;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.throwaway.AuditEvent;

/** The life of {@code examples/minimal}, from apply to deletion and back, step after step. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EnvironmentLifecycleE2E {
  private static final String NAMESPACE = "minimal";
  private static final String NAME = "demo";
  private static final String APP = "https://app.staging.test";
  private static final String DASHBOARD = "https://traefik.staging.test";

  private static Staging staging;
  private static Browser browser;

  @BeforeAll
  static void the_example_is_applied() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging
        .cluster()
        .kubectl("apply", "--server-side", "--force-conflicts", "-k", Staging.OVERLAYS + "minimal");
    browser = staging.browser();
  }

  @AfterAll
  static void it_is_removed() throws IOException {
    browser.close();
    staging.remove(NAMESPACE);
  }

  private static StagingEnvironment ready() {
    return staging.awaitReady(NAMESPACE, NAME);
  }

  private static void setImage(String image) {
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "stenv",
            NAME,
            "--type=merge",
            "-p",
            "{\"spec\":{\"services\":{\"app\":{\"image\":\"" + image + "\"}}}}");
  }

  private static String podOf(String component) {
    return staging
        .admin()
        .pods()
        .inNamespace(NAMESPACE)
        .withLabel(Labels.COMPONENT, component)
        .list()
        .getItems()
        .stream()
        .filter(p -> !p.isMarkedForDeletion())
        .map(p -> p.getMetadata().getName())
        .findFirst()
        .orElseThrow();
  }

  private static String credential(String key) {
    Secret secret =
        staging.admin().secrets().inNamespace(NAMESPACE).withName(NAME + "-credentials").get();
    return secret.getData().get(key);
  }

  @Test
  @Order(10)
  void four_stages_come_true_in_their_order() {
    var environment = ready();

    var times =
        List.of("InfrastructureReady", "ConfigurationReady", "Deployed", "Validated").stream()
            .map(type -> Staging.condition(environment, type))
            .peek(c -> assertThat(c.getStatus()).isEqualTo("True"))
            .map(c -> Instant.parse(c.getLastTransitionTime()))
            .toList();
    assertThat(times).isSorted();
    assertThat(environment.getStatus().urls().app()).isEqualTo(APP);
    assertThat(environment.getStatus().components()).allMatch(c -> c.ready());
  }

  @Test
  @Order(20)
  void the_application_answers_with_a_certificate_of_the_acme_server() throws IOException {
    // The browser trusts nothing but the root that the ACME server issues from.
    var health = browser.get(APP + "/api/health");

    assertThat(health.status()).isEqualTo(200);
    assertThat(health.body()).contains("\"status\":\"healthy\"");
  }

  @Test
  @Order(30)
  void http_redirects_to_https() throws IOException {
    var answer = browser.get("http://app.staging.test/dashboard");

    assertThat(answer.status()).isBetween(301, 308);
    assertThat(answer.location()).isEqualTo(APP + "/dashboard");
  }

  @Test
  @Order(40)
  void the_dashboard_opens_with_the_credentials_and_only_with_them() throws IOException {
    assertThat(browser.get(DASHBOARD + "/api/overview").status()).isEqualTo(401);
    assertThat(browser.getAs(DASHBOARD + "/api/overview", "admin", "wrong").status())
        .isEqualTo(401);
    assertThat(
            browser
                .getAs(DASHBOARD + "/api/overview", "admin", "example-dashboard-password")
                .status())
        .isEqualTo(200);
  }

  @Test
  @Order(50)
  void get_and_describe_tell_the_state_and_the_transitions() {
    var table = staging.cluster().kubectl("-n", NAMESPACE, "get", "stenv");
    var described = staging.cluster().kubectl("-n", NAMESPACE, "describe", "stenv", NAME);

    assertThat(table).containsPattern("NAME\\s+READY\\s+STAGE\\s+VERSION\\s+URL\\s+AGE");
    assertThat(table).containsPattern("demo\\s+True\\s+Validated\\s+sample-app:1\\s+" + APP);
    assertThat(described).contains("ChecksPassed").containsPattern("Normal\\s+Deployed");
  }

  @Test
  @Order(60)
  void rows_survive_the_deletion_of_the_postgres_pod() throws IOException {
    assertThat(browser.post(APP + "/api/messages", "{\"text\":\"before\"}").status())
        .isEqualTo(201);

    staging.admin().pods().inNamespace(NAMESPACE).withName(podOf("postgres")).delete();

    await("the rows back after a restart of PostgreSQL")
        .atMost(SOON)
        .ignoreExceptions()
        .until(() -> browser.get(APP + "/api/messages").body().contains("before"));
  }

  @Test
  @Order(70)
  void sessions_survive_a_restart_of_redis() throws IOException {
    ready();
    int before = visits(browser.get(APP + "/api/session").body());
    // Redis writes its file every second.
    await("a second visit on disk").pollDelay(Duration.ofSeconds(2)).until(() -> true);

    staging.admin().pods().inNamespace(NAMESPACE).withName(podOf("redis")).delete();

    await("the session back after a restart of Redis")
        .atMost(SOON)
        .ignoreExceptions()
        .until(() -> visits(browser.get(APP + "/api/session").body()) > before);
  }

  private static int visits(String json) {
    return Integer.parseInt(json.replaceAll(".*\"visits\":(\\d+).*", "$1"));
  }

  @Test
  @Order(80)
  void a_new_version_takes_over_without_a_failed_request() {
    ready();
    try (var load = new Load(browser, APP + "/api/version")) {
      setImage("sample-app:2");
      staging.await(
          NAMESPACE,
          NAME,
          "version 2 to serve and version 1 to be gone",
          Staging.LONG,
          e ->
              Staging.ready(e)
                  && "sample-app:2".equals(e.getStatus().app().serving())
                  && e.getStatus().app().previous() == null);

      load.assertNoneLost("the switch");
      assertThat(load.answers())
          .containsExactlyInAnyOrder("{\"version\":\"1\"}", "{\"version\":\"2\"}");
    }
  }

  @Test
  @Order(90)
  void a_broken_version_never_serves_and_its_last_lines_are_told_without_secrets()
      throws IOException {
    setImage("sample-app:broken");

    var environment = staging.awaitReason(NAMESPACE, NAME, "Ready", "CandidateFailed");

    var message = Staging.condition(environment, "Ready").getMessage();
    assertThat(message)
        .contains("sample-app:broken does not become healthy, sample-app:2 keeps serving")
        .contains("this version is broken on purpose")
        .contains("postgresql://app:***@");
    assertThat(Staging.has(environment, "Deployed", "True", "Deployed")).isTrue();
    assertThat(browser.get(APP + "/api/version").body()).contains("\"2\"");
  }

  @Test
  @Order(95)
  void a_version_that_keeps_failing_is_given_up_until_somebody_asks_again() {
    staging.awaitReason(NAMESPACE, NAME, "Stalled", "CandidateFailed");

    var release = staging.awaitRelease(NAMESPACE, "sample-app:broken", "Failed");
    assertThat(release.getStatus().message())
        .contains("this version is broken on purpose")
        .contains("postgresql://app:***@");
    awaitDeployments(1);

    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "strel",
            release.getMetadata().getName(),
            "--type=merge",
            "-p",
            "{\"spec\":{\"retry\":\"once more\"}}");

    awaitDeployments(2);
    staging.awaitRelease(NAMESPACE, "sample-app:broken", "Starting");
  }

  @Test
  @Order(97)
  void the_list_of_releases_reads_as_a_log() {
    var table = staging.cluster().kubectl("-n", NAMESPACE, "get", "stagingreleases");

    assertThat(table.lines().findFirst().orElseThrow())
        .containsSubsequence("NAME", "ENVIRONMENT", "IMAGE", "STATE", "VERIFIED", "AGE");
    assertThat(table)
        .containsPattern("sample-app:1 +Replaced +True")
        .containsPattern("sample-app:2 +Serving +True")
        .containsPattern("sample-app:broken +(Starting|Failed)");
  }

  @Test
  @Order(100)
  void going_back_to_the_serving_version_removes_the_broken_one() {
    setImage("sample-app:2");

    ready();
    awaitDeployments(1);
  }

  @Test
  @Order(105)
  void an_older_release_serves_again_on_request_and_the_newer_one_after_it() throws IOException {
    askToServe("sample-app:1");
    staging.await(
        NAMESPACE,
        NAME,
        "sample-app:1 to serve",
        Staging.LONG,
        e -> "sample-app:1".equals(e.getStatus().app().serving()) && Staging.ready(e));
    awaitAnswer("\"1\"");

    askToServe("sample-app:2");
    staging.await(
        NAMESPACE,
        NAME,
        "sample-app:2 to serve",
        Staging.LONG,
        e -> "sample-app:2".equals(e.getStatus().app().serving()) && Staging.ready(e));
    awaitAnswer("\"2\"");
  }

  @Test
  @Order(107)
  void pods_that_ignore_the_request_to_stop_are_replaced_without_a_failed_request() {
    setImage("sample-app:stubborn");
    staging.await(
        NAMESPACE,
        NAME,
        "sample-app:stubborn to serve",
        Staging.LONG,
        e -> "sample-app:stubborn".equals(e.getStatus().app().serving()) && Staging.ready(e));
    var pods = staging.admin().pods().inNamespace(NAMESPACE);
    var old = podOfVersion("sample-app:stubborn");
    try (var load = new Load(browser, APP + "/api/version")) {
      staging
          .cluster()
          .kubectl(
              "-n",
              NAMESPACE,
              "patch",
              "stenv",
              NAME,
              "--type=json",
              "-p",
              "[{\"op\":\"add\",\"path\":\"/spec/services/app/env/-\","
                  + "\"value\":{\"name\":\"VITE_APP_TITLE\",\"value\":\"changed\"}}]");
      await("the old pod asked to stop")
          .atMost(Staging.LONG)
          .until(() -> pods.withName(old).get().isMarkedForDeletion());
      var asked = Instant.now();
      await("the old pod gone").atMost(SOON).until(() -> pods.withName(old).get() == null);
      var killed = Instant.now();
      ready();

      load.assertNoneLost("the roll of an application that does not stop");
      // It was not stopped before its time was up, so it was as stubborn as it says.
      assertThat(Duration.between(asked, killed)).isGreaterThan(Duration.ofSeconds(20));
    }
    awaitDeployments(1);
  }

  private static String podOfVersion(String image) {
    return staging
        .admin()
        .pods()
        .inNamespace(NAMESPACE)
        .withLabel(Labels.VERSION, AppVersion.ofImage(image).id())
        .list()
        .getItems()
        .stream()
        .map(pod -> pod.getMetadata().getName())
        .findFirst()
        .orElseThrow();
  }

  /** A switch takes a moment to reach the proxies. */
  private static void awaitAnswer(String version) {
    await("version %s to answer".formatted(version))
        .atMost(SOON)
        .until(() -> browser.get(APP + "/api/version").body().contains(version));
  }

  private static void askToServe(String image) {
    var release = staging.release(NAMESPACE, image);
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "strel",
            release.getMetadata().getName(),
            "--type=merge",
            "-p",
            "{\"spec\":{\"serve\":\"%s\"}}".formatted(Instant.now().getEpochSecond()));
  }

  private static void awaitDeployments(int count) {
    await(count + " Deployments of the application")
        .atMost(Staging.LONG)
        .until(() -> staging.versions(NAMESPACE).size() == count);
  }

  @Test
  @Order(110)
  void once_converged_nothing_is_written_for_a_minute() {
    ready();
    // Let what the last step started come to rest, for the minute to begin.
    await("the last write to be over").pollDelay(Duration.ofSeconds(5)).until(() -> true);
    var since = Instant.now();
    await("a minute of quiet")
        .pollDelay(Duration.ofSeconds(60))
        .atMost(Duration.ofSeconds(70))
        .until(() -> true);

    assertThat(staging.writesSince(since)).isEmpty();
  }

  @Test
  @Order(120)
  void a_field_edited_by_hand_is_put_back_and_foreign_labels_are_kept() {
    staging.cluster().kubectl("-n", NAMESPACE, "label", "service", NAME + "-redis", "team=qa");
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "service",
            NAME + "-redis",
            "--type=merge",
            "-p",
            "{\"spec\":{\"selector\":{\"app.kubernetes.io/component\":\"nobody\"}}}");

    await("the selector put back")
        .atMost(SOON)
        .until(() ->
            "redis"
                .equals(
                    staging
                        .admin()
                        .services()
                        .inNamespace(NAMESPACE)
                        .withName(NAME + "-redis")
                        .get()
                        .getSpec()
                        .getSelector()
                        .get(Labels.COMPONENT)));
    assertThat(
            staging
                .admin()
                .services()
                .inNamespace(NAMESPACE)
                .withName(NAME + "-redis")
                .get()
                .getMetadata()
                .getLabels())
        .containsEntry("team", "qa");
  }

  @Test
  @Order(130)
  void a_deleted_service_is_made_again() {
    var services = staging.admin().services().inNamespace(NAMESPACE).withName(NAME + "-postgres");
    var before = services.get().getMetadata().getUid();
    services.delete();

    await("the Service made again")
        .atMost(SOON)
        .until(
            () -> services.get() != null && !before.equals(services.get().getMetadata().getUid()));
    ready();
  }

  @Test
  @Order(135)
  void a_suspended_environment_is_left_alone_until_it_goes_on() {
    suspend(true);
    var suspended = staging.awaitReason(NAMESPACE, NAME, "Ready", "Suspended");
    assertThat(Staging.condition(suspended, "Ready").getStatus()).isEqualTo("True");

    var services = staging.admin().services().inNamespace(NAMESPACE).withName(NAME + "-redis");
    services.delete();
    Staging.stays("nobody to make it again", Duration.ofSeconds(5), () -> services.get() == null);

    suspend(false);
    await("the Service made again").atMost(SOON).until(() -> services.get() != null);
    ready();
  }

  private static void suspend(boolean suspended) {
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "stenv",
            NAME,
            "--type=merge",
            "-p",
            "{\"spec\":{\"suspend\":%s}}".formatted(suspended));
  }

  @Test
  @Order(130)
  void deleted_credentials_come_back_as_they_were() {
    var secrets = staging.admin().secrets().inNamespace(NAMESPACE).withName(NAME + "-credentials");
    var before = secrets.get().getData();
    secrets.delete();

    await("the credentials back")
        .atMost(SOON)
        .until(() -> secrets.get() != null && before.equals(secrets.get().getData()));
    ready();
  }

  @Test
  @Order(140)
  void a_restart_of_the_operator_writes_nothing() {
    ready();
    var before = operatorPod();
    var since = Instant.now();
    staging.admin().pods().inNamespace(Staging.OPERATOR).withName(before).delete();
    staging
        .cluster()
        .kubectl(
            "-n",
            Staging.OPERATOR,
            "rollout",
            "status",
            "deployment/" + Staging.OPERATOR,
            "--timeout=120s");
    await("a pass of the new operator, seen by its lists")
        .atMost(SOON)
        .until(() ->
            staging
                .cluster()
                .auditLog()
                .by(Staging.OPERATOR, Staging.OPERATOR, since)
                .anyMatch(e -> e.resource().equals("networkpolicies") && e.verb().equals("list")));
    await("twenty seconds of the new operator")
        .pollDelay(Duration.ofSeconds(20))
        .atMost(SOON)
        .until(() -> true);

    assertThat(staging.writesSince(since))
        .extracting(AuditEvent::verb, AuditEvent::resource, AuditEvent::name)
        .isEmpty();
  }

  private static String operatorPod() {
    return staging.admin().pods().inNamespace(Staging.OPERATOR).list().getItems().stream()
        .filter(p -> !p.isMarkedForDeletion())
        .map(p -> p.getMetadata().getName())
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(150)
  void no_credential_stands_in_the_operators_log() {
    var password =
        new String(
            java.util.Base64.getDecoder().decode(credential("POSTGRES_PASSWORD")),
            java.nio.charset.StandardCharsets.UTF_8);
    var log =
        staging
            .cluster()
            .kubectl("-n", Staging.OPERATOR, "logs", "deployment/" + Staging.OPERATOR, "--tail=-1");
    var status = staging.cluster().kubectl("-n", NAMESPACE, "get", "stenv,events", "-o", "yaml");

    assertThat(log).isNotBlank().doesNotContain(password);
    assertThat(status).doesNotContain(password);
  }

  @Test
  @Order(160)
  void deletion_keeps_data_and_credentials_and_an_environment_of_that_name_adopts_them()
      throws IOException {
    var password = credential("POSTGRES_PASSWORD");
    staging.environment(NAMESPACE, NAME).delete();
    var kept =
        Set.of(
            "secret/demo-credentials",
            "persistentvolumeclaim/demo-postgres",
            "persistentvolumeclaim/demo-redis",
            "persistentvolumeclaim/demo-traefik");
    await("everything but data and credentials gone")
        .atMost(Staging.LONG)
        .until(() -> staging.owned(NAMESPACE).equals(kept));

    staging
        .cluster()
        .kubectl("apply", "--server-side", "--force-conflicts", "-k", Staging.OVERLAYS + "minimal");
    ready();

    assertThat(credential("POSTGRES_PASSWORD")).isEqualTo(password);
    assertThat(browser.get(APP + "/api/messages").body()).contains("before");
  }

  @Test
  @Order(170)
  void with_deletion_policy_delete_everything_goes() {
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "stenv",
            NAME,
            "--type=merge",
            "-p",
            "{\"spec\":{\"deletionPolicy\":\"Delete\"}}");
    ready();
    staging.environment(NAMESPACE, NAME).delete();

    await("nothing left").atMost(Staging.LONG).until(() -> staging.owned(NAMESPACE).isEmpty());
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.cluster.kube.Labels;

/** {@code examples/scoliologic}: the staging plan's own names and keys. */
class ScoliologicExampleE2E {
  private static final String NAMESPACE = "scoliologic";
  private static final String APP = "https://app.staging.test";
  private static Staging staging;
  private static Browser browser;

  @BeforeAll
  static void the_example_is_applied_and_ready() {
    staging = Staging.shared();
    staging.cluster().models();
    staging.namespace(NAMESPACE);
    staging
        .cluster()
        .kubectl(
            "apply", "--server-side", "--force-conflicts", "-k", Staging.OVERLAYS + "single-page");
    staging.awaitReady(NAMESPACE, "staging");
    browser = staging.browser();
  }

  @AfterAll
  static void it_is_removed() throws IOException {
    browser.close();
    staging.remove(NAMESPACE);
  }

  private static String inPod(String pod, String... command) {
    var arguments = new java.util.ArrayList<>(List.of("-n", NAMESPACE, "exec", pod, "--"));
    arguments.addAll(List.of(command));
    return staging.cluster().kubectl(arguments.toArray(String[]::new));
  }

  private static String inApp(String... command) {
    return inPod(
        "deployment/"
            + staging
                .admin()
                .apps()
                .deployments()
                .inNamespace(NAMESPACE)
                .withLabel(Labels.COMPONENT, "app")
                .list()
                .getItems()
                .getFirst()
                .getMetadata()
                .getName(),
        command);
  }

  @Test
  void the_application_is_a_single_page_that_writes_to_all_of_its_folders() throws IOException {
    var front = browser.get(APP + "/");
    for (var path : List.of("/auth", "/dashboard", "/api/admin")) {
      assertThat(browser.get(APP + path).body()).as(path).isEqualTo(front.body());
    }
    assertThat(inApp("ls", "uploads/started", "logs/started", "analytics-data/started").lines())
        .as("what it wrote at its start")
        .containsExactlyInAnyOrder("uploads/started", "logs/started", "analytics-data/started");
  }

  @Test
  void the_ingress_adds_the_headers_that_the_application_has_not_and_takes_one_away()
      throws IOException {
    var own =
        inApp("node", "-e", "fetch('http://localhost:3000/').then(a => console.log(a.headers))");
    var front = browser.get(APP + "/");

    assertThat(own).contains("Express").doesNotContain("frame");
    assertThat(front.headers())
        .containsEntry("x-frame-options", "DENY")
        .containsEntry("x-content-type-options", "nosniff")
        .containsEntry("referrer-policy", "strict-origin-when-cross-origin")
        .containsEntry("strict-transport-security", "max-age=31536000")
        .doesNotContainKey("x-powered-by");
  }

  @Test
  void every_ingress_carries_the_address_of_the_environment() {
    var address =
        staging
            .admin()
            .services()
            .inNamespace(NAMESPACE)
            .withName("staging-traefik")
            .get()
            .getStatus()
            .getLoadBalancer()
            .getIngress()
            .getFirst()
            .getIp();

    await("the address in the status of every Ingress")
        .atMost(Staging.SOON)
        .untilAsserted(() ->
            assertThat(
                    staging
                        .admin()
                        .network()
                        .v1()
                        .ingresses()
                        .inNamespace(NAMESPACE)
                        .list()
                        .getItems())
                .isNotEmpty()
                .allSatisfy(ingress ->
                    assertThat(ingress.getStatus().getLoadBalancer().getIngress())
                        .extracting(entry -> entry.getIp())
                        .containsExactly(address)));
  }

  @Test
  void the_esia_redirect_is_composed_from_the_domain() {
    assertThat(inApp("printenv", "ESIA_REDIRECT_URI").strip())
        .isEqualTo("https://app.staging.test/api/auth/esia/callback");
  }

  @Test
  void the_init_sql_ran_in_the_database_of_the_plan() {
    assertThat(
            inPod(
                "staging-postgres-0",
                "psql",
                "-U",
                "scoliologic",
                "-d",
                "scoliologic_db",
                "-Atc",
                "SELECT note FROM staging_origin"))
        .contains("created by the init SQL");
  }

  @Test
  void redis_has_the_memory_policy_of_the_plan_and_asks_for_its_password() {
    assertThat(
            inPod(
                "staging-redis-0",
                "redis-cli",
                "--user",
                "operator",
                "config",
                "get",
                "maxmemory-policy"))
        .contains("allkeys-lru");
    assertThat(
            inPod(
                "staging-redis-0",
                "redis-cli",
                "--user",
                "operator",
                "config",
                "get",
                "appendonly"))
        .contains("yes");
    assertThat(inPod("staging-redis-0", "env", "-u", "REDISCLI_AUTH", "redis-cli", "ping"))
        .contains("NOAUTH");
  }

  @Test
  void it_is_monitored() {
    assertThat(staging.environment(NAMESPACE, "staging").get().getStatus().components())
        .anySatisfy(component -> {
          assertThat(component.name()).isEqualTo("prometheus");
          assertThat(component.ready()).isTrue();
        });
  }

  @Test
  void no_password_stands_in_a_pods_description() {
    var pods = staging.cluster().kubectl("-n", NAMESPACE, "get", "pods", "-o", "yaml");

    assertThat(pods)
        .doesNotContain("fake-esia-client-secret")
        .doesNotContain("fake-mis-api-key")
        .doesNotContain("postgresql://");
  }

  @Test
  void the_checklist_is_reported_and_a_verdict_of_qa_counts() {
    var release = staging.awaitRelease(NAMESPACE, "sample-app:1", "Serving");
    var report = release.getStatus().report();
    assertThat(report.results())
        .extracting(SmokeReport.Result::name)
        .contains(
            "certificates",
            "routers",
            "health in full",
            "front page",
            "the API answers for itself",
            "sign-in asks for a code",
            "the page's scripts load",
            "twenty readers at once");
    assertThat(report.verdict()).as(report.toString()).isEqualTo(SmokeReport.Verdict.Passed);
    assertThat(report.pending()).isEqualTo(5);

    judge(release.getMetadata().getName(), "Failed");
    staging.awaitReason(NAMESPACE, "staging", "Validated", "ChecksFailed");
    assertThat(
            Staging.condition(staging.environment(NAMESPACE, "staging").get(), "Validated")
                .getMessage())
        .contains("ESIA sign-in: Anna: a blank page");

    judge(release.getMetadata().getName(), "Passed");
    staging.awaitReady(NAMESPACE, "staging");

    // The next version passes beside this one, where no ingress adds the headers.
    patchServices("{\"app\":{\"image\":\"sample-app:2\"}}");
    staging.awaitRelease(NAMESPACE, "sample-app:2", "Serving");
    staging.awaitReady(NAMESPACE, "staging");
  }

  @Test
  void what_cannot_change_is_said_and_costs_nothing_that_runs() throws IOException {
    var resource = staging.environment(NAMESPACE, "staging");
    var uid = resource.get().getMetadata().getUid();
    var claim = claimOfRedis();

    patchServices("{\"redis\":{\"storage\":\"512Mi\"},\"postgres\":{\"database\":\"other\"}}");

    staging.awaitReason(NAMESPACE, "staging", "Stalled", "FieldCannotChange");
    assertThat(Staging.condition(resource.get(), "Stalled").getMessage())
        .contains("spec.services.postgres.database: 'other'", "set it back to 'scoliologic_db'");
    assertThat(browser.get(APP + "/api/health/ready").status()).isEqualTo(200);

    patchServices("{\"postgres\":{\"database\":\"scoliologic_db\"}}");
    staging.awaitReason(NAMESPACE, "staging", "Deployed", "StorageCannotShrink");
    assertThat(Staging.condition(resource.get(), "Deployed").getStatus()).isEqualTo("True");
    assertThat(claimOfRedis()).isEqualTo(claim);
    assertThat(resource.get().getMetadata().getUid()).isEqualTo(uid);

    patchServices("{\"redis\":{\"storage\":\"1Gi\"}}");
    staging.awaitReady(NAMESPACE, "staging");
  }

  /** Uid and size of the claim. */
  private static String claimOfRedis() {
    var claim =
        staging
            .admin()
            .persistentVolumeClaims()
            .inNamespace(NAMESPACE)
            .withName("staging-redis")
            .get();
    return claim.getMetadata().getUid() + " " + claim.getSpec().getResources().getRequests();
  }

  private static void patchServices(String services) {
    staging
        .environment(NAMESPACE, "staging")
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"services\":" + services + "}}");
  }

  private static void judge(String release, String verdict) {
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "strel",
            release,
            "--type=merge",
            "-p",
            "{\"spec\":{\"verdicts\":[{\"check\":\"ESIA sign-in\",\"verdict\":\"%s\",\"by\":\"Anna\",\"note\":\"a blank page\"}]}}"
                .formatted(verdict));
  }
}

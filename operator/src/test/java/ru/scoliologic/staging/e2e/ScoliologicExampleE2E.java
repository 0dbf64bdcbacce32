package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.SmokeReport;

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
            "apply", "--server-side", "--force-conflicts", "-k", Staging.OVERLAYS + "scoliologic");
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

  @Test
  void every_page_of_the_checklist_loads() throws IOException {
    for (var page : List.of("/", "/auth", "/dashboard", "/messages", "/devices", "/settings")) {
      assertThat(browser.get(APP + page).status()).as(page).isEqualTo(200);
    }
    assertThat(browser.get(APP + "/api/admin").status()).isEqualTo(403);
  }

  @Test
  void the_esia_redirect_is_composed_from_the_domain() throws IOException {
    assertThat(browser.get(APP + "/api/auth/esia/login").location())
        .contains("redirect_uri=https%3A%2F%2Fapp.staging.test%2Fapi%2Fauth%2Fesia%2Fcallback")
        .contains("client_id=fake-esia-client");
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
            "front page",
            "the assistant answers",
            "twenty readers at once",
            "administration is closed");
    assertThat(report.verdict()).as(report.toString()).isEqualTo(SmokeReport.Verdict.Passed);
    assertThat(report.pending()).isEqualTo(3);

    judge(release.getMetadata().getName(), "Failed");
    staging.awaitReason(NAMESPACE, "staging", "Validated", "ChecksFailed");
    assertThat(
            Staging.condition(staging.environment(NAMESPACE, "staging").get(), "Validated")
                .getMessage())
        .contains("ESIA sign-in: Anna: a blank page");

    judge(release.getMetadata().getName(), "Passed");
    staging.awaitReady(NAMESPACE, "staging");
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

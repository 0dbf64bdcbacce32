package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.Given;

/** A migration that writes a line into a real database each time it runs. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MigrationE2E {
  private static final String NAMESPACE = "migrated";
  private static final String NAME = "env";
  private static final String ZONE = "migrated.staging.test";
  private static final String NOTE =
      "const pg=require('pg');(async()=>{const c=new pg.Client(process.env.DATABASE_URL);"
          + "await c.connect();await c.query('CREATE TABLE IF NOT EXISTS runs (n int)');"
          + "await c.query('INSERT INTO runs VALUES (1)');await c.end()})()";
  private static final String FAIL =
      "console.error('cannot migrate '+process.env.DATABASE_URL);process.exit(3)";

  private static Staging staging;

  @BeforeAll
  static void an_environment_with_a_migration() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withStringData(
                    Map.of("ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", Given.DASHBOARD_USER))
                .build())
        .serverSideApply();
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                ZONE,
                "image: sample-app:1",
                "image: sample-app:1\n      migration: {command: [node, -e, \"%s\"]}"
                    .formatted(NOTE)));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
  }

  @AfterAll
  static void it_is_removed() {
    staging.remove(NAMESPACE);
  }

  private static String runs() {
    return staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "exec",
            "env-postgres-0",
            "--",
            "psql",
            "-U",
            "app",
            "-d",
            "app",
            "-Atc",
            "SELECT count(*) FROM runs")
        .strip();
  }

  private static void app(String image, String script) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"spec\":{\"services\":{\"app\":{\"image\":\"%s\",\"migration\":{\"command\":[\"node\",\"-e\",\"%s\"]}}}}}"
                .formatted(image, script));
  }

  private static String version() throws IOException {
    try (var browser = staging.browser()) {
      return browser.get("https://app." + ZONE + "/api/version").body();
    }
  }

  @Test
  @Order(1)
  void it_runs_once_before_the_first_version_starts() {
    staging.awaitReady(NAMESPACE, NAME);

    assertThat(runs()).isEqualTo("1");
    assertThat(staging.awaitRelease(NAMESPACE, "sample-app:1", "Serving").getStatus().migrated())
        .isNotNull();
  }

  @Test
  @Order(2)
  void a_new_operator_does_not_run_it_again() {
    staging.cluster().kubectl("-n", NAMESPACE, "delete", "jobs", "--all");
    staging.cluster().kubectl("-n", Staging.OPERATOR, "delete", "pod", "--all");
    staging
        .cluster()
        .kubectl(
            "-n",
            Staging.OPERATOR,
            "rollout",
            "status",
            "deployment/" + Staging.OPERATOR,
            "--timeout=120s");
    staging.awaitReady(NAMESPACE, NAME);

    assertThat(runs()).isEqualTo("1");
  }

  @Test
  @Order(3)
  void one_that_fails_gives_the_version_up_and_touches_nothing_that_serves() throws IOException {
    app("sample-app:2", FAIL);

    var release = staging.awaitRelease(NAMESPACE, "sample-app:2", "Failed");
    assertThat(release.getStatus().message())
        .contains("cannot migrate postgresql://app:***@env-postgres");
    assertThat(version()).contains("\"1\"");
    assertThat(
            staging
                .admin()
                .apps()
                .deployments()
                .inNamespace(NAMESPACE)
                .withLabel("app.kubernetes.io/component", "app")
                .list()
                .getItems())
        .hasSize(1);
  }

  @Test
  @Order(4)
  void mended_it_runs_and_the_version_serves() throws IOException {
    app("sample-app:2", NOTE);

    staging.awaitRelease(NAMESPACE, "sample-app:2", "Serving");
    staging.awaitReady(NAMESPACE, NAME);
    assertThat(runs()).isEqualTo("2");
    assertThat(version()).contains("\"2\"");
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.cluster.kube.Labels;

/** Checks that are containers, and a pass that turns bad while the environment serves. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ChecksE2E {
  private static final String NAMESPACE = "checked";
  private static final String NAME = "env";
  private static final String TOKEN = "token-of-the-checks";

  private static Staging staging;

  @BeforeAll
  static void an_environment_with_checks_of_every_kind() {
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
                    Map.of(
                        "ESIA_CLIENT_ID",
                        "client-1",
                        "TRAEFIK_AUTH",
                        Given.DASHBOARD_USER,
                        "API_TOKEN",
                        TOKEN))
                .build())
        .serverSideApply();
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                "checked.staging.test",
                "  deletionPolicy: Delete\n",
                "  deletionPolicy: Delete\n" + Given.resource("/e2e/checks.yaml").indent(2)));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
  }

  @AfterAll
  static void it_is_removed() {
    staging.remove(NAMESPACE);
  }

  private static Map<String, Result> report() {
    return staging.release(NAMESPACE, "sample-app:1").getStatus().report().results().stream()
        .collect(Collectors.toMap(Result::name, result -> result));
  }

  private static Set<String> jobs() {
    return staging
        .admin()
        .batch()
        .v1()
        .jobs()
        .inNamespace(NAMESPACE)
        .withLabel(Labels.COMPONENT, "check")
        .list()
        .getItems()
        .stream()
        .map(Job::getMetadata)
        .map(metadata -> metadata.getName())
        .collect(Collectors.toSet());
  }

  /** What a failed check must leave alone: kind, name and uid. */
  private static Map<String, String> whatServes() {
    var objects = new TreeMap<String, String>();
    var admin = staging.admin();
    Stream.<HasMetadata>concat(
            Stream.concat(
                admin.apps().deployments().inNamespace(NAMESPACE).list().getItems().stream(),
                admin.apps().statefulSets().inNamespace(NAMESPACE).list().getItems().stream()),
            Stream.concat(
                admin.persistentVolumeClaims().inNamespace(NAMESPACE).list().getItems().stream(),
                admin
                    .pods()
                    .inNamespace(NAMESPACE)
                    .withLabelIn(Labels.COMPONENT, "app", "postgres", "redis", "traefik")
                    .list()
                    .getItems()
                    .stream()))
        .forEach(o ->
            objects.put(o.getKind() + "/" + o.getMetadata().getName(), o.getMetadata().getUid()));
    return objects;
  }

  private static void sql(String statement) {
    staging
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
            "-c",
            statement);
  }

  private static void patch(String spec) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":" + spec + "}");
  }

  @Test
  @Order(1)
  void the_first_verdict_waits_for_the_containers_and_the_report_has_what_they_found() {
    staging.awaitReady(NAMESPACE, NAME);

    // The release is told after the environment.
    await("the report of all checks")
        .atMost(Staging.SOON)
        .ignoreExceptions()
        .untilAsserted(() -> {
          var report = report();
          assertThat(report.get("from outside").outcome()).isEqualTo(Outcome.Passed);
          assertThat(report.get("says why").message())
              .isEqualTo("container check ended with exit code 3: no button for ***");
          assertThat(report.get("suite: front page").outcome()).isEqualTo(Outcome.Passed);
          assertThat(report.get("suite: settings").outcome()).isEqualTo(Outcome.Failed);
          assertThat(report.get("suite: settings").message()).isEqualTo("no heading for ***");
          assertThat(report.get("for ever").message())
              .startsWith("did not end within 8 seconds")
              .endsWith("still waiting");
          assertThat(staging.release(NAMESPACE, "sample-app:1").getStatus().report().verdict())
              .isEqualTo(Verdict.PassedWithRemarks);
        });
  }

  @Test
  @Order(2)
  void once_answered_no_container_runs_again_before_its_time() {
    var before = jobs();
    assertThat(before).hasSize(4);

    Staging.stays("no other Job", Duration.ofSeconds(10), () -> jobs().equals(before));
  }

  @Test
  @Order(3)
  void on_request_all_are_run_anew_and_the_old_jobs_go() {
    var before = jobs();

    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "strel",
            staging.release(NAMESPACE, "sample-app:1").getMetadata().getName(),
            "--type=merge",
            "-p",
            "{\"spec\":{\"revalidate\":\"once more\"}}");
    staging.awaitReason(NAMESPACE, NAME, "Validated", "ChecksRunning");
    staging.awaitReason(NAMESPACE, NAME, "Validated", "PassedWithRemarks");

    await("only the new Jobs to be left")
        .atMost(Staging.SOON)
        .untilAsserted(() -> assertThat(jobs()).hasSize(4).doesNotContainAnyElementsOf(before));
  }

  @Test
  @Order(4)
  void a_pass_that_turns_bad_shows_within_the_period_and_nothing_is_torn_down() {
    var serving = whatServes();
    var checked = jobs();

    sql("ALTER TABLE messages RENAME TO elsewhere");
    var failing = staging.awaitReason(NAMESPACE, NAME, "Validated", "ChecksFailed");

    assertThat(Staging.condition(failing, "Validated").getMessage())
        .startsWith("messages: /api/messages answers with status 500, needed 200");
    assertThat(Staging.has(failing, "Deployed", "True", "Deployed")).isTrue();
    assertThat(Staging.condition(failing, "Ready").getStatus()).isEqualTo("False");
    assertThat(whatServes()).isEqualTo(serving);

    sql("ALTER TABLE elsewhere RENAME TO messages");
    staging.awaitReady(NAMESPACE, NAME);
    assertThat(whatServes()).isEqualTo(serving);
    assertThat(jobs()).isEqualTo(checked);
  }

  @Test
  @Order(6)
  void a_critical_container_that_fails_fails_all_and_switched_off_leaves_nothing() {
    patch(
        "{\"validation\":{\"containers\":[{\"name\":\"bad\",\"priority\":\"Critical\",\"image\":\"sample-app:1\","
            + "\"command\":[\"node\",\"-e\",\"process.exit(1)\"]}]}}");
    var failing = staging.awaitReason(NAMESPACE, NAME, "Validated", "ChecksFailed");
    assertThat(Staging.condition(failing, "Validated").getMessage())
        .startsWith("bad: container check ended with exit code 1");

    patch("{\"validation\":{\"containers\":null}}");
    staging.awaitReady(NAMESPACE, NAME);
    await("nothing of the checks to be left")
        .atMost(Staging.SOON)
        .untilAsserted(() -> {
          assertThat(jobs()).isEmpty();
          assertThat(staging.owned(NAMESPACE)).noneMatch(name -> name.endsWith("/env-check"));
        });
  }

  @Test
  @Order(5)
  void what_no_url_and_no_variable_can_be_is_refused_by_the_server() {
    assertThatThrownBy(
            () -> patch("{\"validation\":{\"checks\":[{\"name\":\"a\",\"path\":\"/a b\"}]}}"))
        .hasMessageContaining("is not a path of a URL: give one like /search?q=a%20b");
    assertThatThrownBy(() ->
            patch(
                "{\"validation\":{\"containers\":[{\"name\":\"a\",\"image\":\"b\",\"env\":[{\"name\":\"A\"}]}]}}"))
        .hasMessageContaining("give either value or secretKeyRef");
  }

  @Test
  @Order(5)
  void a_secret_of_the_checks_is_nowhere_to_be_read() {
    assertThat(
            staging
                .cluster()
                .kubectl("-n", NAMESPACE, "get", "stenv,strel,cm,jobs,pods,events", "-o", "yaml"))
        .doesNotContain(TOKEN);
    assertThat(
            staging
                .cluster()
                .kubectl(
                    "-n", Staging.OPERATOR, "logs", "deployment/" + Staging.OPERATOR, "--tail=-1"))
        .isNotBlank()
        .doesNotContain(TOKEN);
  }
}

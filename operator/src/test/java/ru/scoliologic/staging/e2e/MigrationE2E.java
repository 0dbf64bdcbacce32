package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.OwnContainer;
import ru.scoliologic.staging.stage.Conditions;

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
  private static final String DESTROY =
      "const pg=require('pg');(async()=>{const c=new pg.Client(process.env.DATABASE_URL);"
          + "await c.connect();await c.query('TRUNCATE runs');await c.end();"
          + "console.error('stopped half-way');process.exit(3)})()";
  private static final String HANG = "console.error('waits for a lock');setInterval(()=>{},1000)";

  private static Staging staging;

  @BeforeAll
  static void an_environment_with_a_migration() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging.given(NAMESPACE);
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                ZONE,
                "image: sample-app:1",
                "image: sample-app:1\n      migration: {command: [node, -e, \"%s\"]}"
                    .formatted(FAIL)));
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
    app(image, script, 600);
  }

  private static void app(String image, String script, int timeout) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"spec\":{\"services\":{\"app\":{\"image\":\"%s\",\"migration\":{\"command\":[\"node\",\"-e\",\"%s\"],\"timeoutSeconds\":%d}}}}}"
                .formatted(image, script, timeout));
  }

  private static String version() throws IOException {
    try (var browser = staging.browser()) {
      return browser.get("https://app." + ZONE + "/api/version").body();
    }
  }

  /** A switch takes a moment to reach the proxies. */
  private static void awaitVersion(String expected) {
    await("version %s to answer".formatted(expected))
        .atMost(Staging.SOON)
        .until(() -> version().contains("\"%s\"".formatted(expected)));
  }

  @Test
  @Order(1)
  void one_that_fails_keeps_the_first_version_from_starting_and_tells_why() {
    var environment = staging.awaitReason(NAMESPACE, NAME, "Stalled", "MigrationFailed");
    var release = staging.awaitRelease(NAMESPACE, "sample-app:1", "Failed");

    assertThat(Staging.condition(environment, "Deployed").getMessage())
        .contains("cannot migrate postgresql://app:***@env-postgres");
    assertThat(release.getStatus().message())
        .contains("cannot migrate postgresql://app:***@env-postgres");
    assertThat(deployments()).isZero();
  }

  @Test
  @Order(2)
  void one_that_takes_too_long_is_stopped_and_its_last_lines_are_kept() {
    app("sample-app:1", HANG, 10);

    staging.await(
        NAMESPACE,
        NAME,
        "Deployed to tell of the time and of the last lines",
        Staging.LONG,
        e ->
            Staging.has(e, "Deployed", "False", "MigrationFailed")
                && Staging.condition(e, "Deployed")
                    .getMessage()
                    .contains("it ran longer than its 10 seconds and was stopped;"));
    assertThat(staging.awaitRelease(NAMESPACE, "sample-app:1", "Failed").getStatus().message())
        .containsPattern("exit code \\d+: waits for a lock");
  }

  @Test
  @Order(3)
  void an_image_that_cannot_be_pulled_is_named_and_is_not_held_against_the_version() {
    app("nowhere.invalid/team/app:9", NOTE, 10);

    staging.awaitReason(NAMESPACE, NAME, "Deployed", "ImagePullFailed");
    staging.awaitRelease(NAMESPACE, "nowhere.invalid/team/app:9", "Starting");
    // Longer than the migration may take: time in which nothing runs does not count.
    Staging.stays(
        "the version not given up",
        Duration.ofSeconds(15),
        () ->
            staging
                .release(NAMESPACE, "nowhere.invalid/team/app:9")
                .getStatus()
                .state()
                .equals("Starting"));
    // The whole log of the one that failed before can still be read.
    assertThat(
            staging
                .admin()
                .batch()
                .v1()
                .jobs()
                .inNamespace(NAMESPACE)
                .withLabel(Labels.COMPONENT, "migration")
                .list()
                .getItems())
        .anyMatch(
            job -> "sample-app:1".equals(job.getMetadata().getAnnotations().get(Labels.IMAGE)));
  }

  @Test
  @Order(4)
  void a_first_version_that_crashes_takes_its_place_at_once_and_is_given_up_in_its_turn() {
    app("sample-app:broken", NOTE);

    var release = staging.awaitRelease(NAMESPACE, "sample-app:broken", "Failed");
    assertThat(release.getStatus().message())
        .contains("this version is broken on purpose")
        .contains("postgresql://app:***@");
    assertThat(Conditions.find(release.getStatus().conditions(), "RolledOut").orElseThrow())
        .matches(c -> c.getStatus().equals("False") && c.getReason().equals("ContainerCrashing"));
    staging.awaitReason(NAMESPACE, NAME, "Deployed", "ContainerCrashing");
    assertThat(staging.release(NAMESPACE, "nowhere.invalid/team/app:9").getStatus().state())
        .isEqualTo("Superseded");
    assertThat(runs()).isEqualTo("1");
  }

  @Test
  @Order(5)
  void it_is_tried_again_with_other_pods_when_somebody_asks() {
    var before = appPods();
    staging
        .admin()
        .resource(staging.release(NAMESPACE, "sample-app:broken"))
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"retry\":\"please\"}}");

    staging.awaitRelease(NAMESPACE, "sample-app:broken", "Starting");
    await("a new pod").atMost(Staging.SOON).until(() -> !before.containsAll(appPods()));
    assertThat(runs()).isEqualTo("1");
  }

  @Test
  @Order(6)
  void a_good_one_takes_its_place_at_once_and_runs_once_before_the_version_starts() {
    app("sample-app:1", NOTE);
    staging.awaitReady(NAMESPACE, NAME);

    assertThat(runs()).isEqualTo("2");
    assertThat(staging.awaitRelease(NAMESPACE, "sample-app:1", "Serving").getStatus().migrated())
        .isNotNull();
    assertThat(staging.release(NAMESPACE, "sample-app:broken").getStatus().state())
        .isIn("Superseded", "Failed");
    assertThat(deployments()).isOne();
  }

  private static List<String> appPods() {
    return staging
        .admin()
        .pods()
        .inNamespace(NAMESPACE)
        .withLabel("app.kubernetes.io/component", "app")
        .list()
        .getItems()
        .stream()
        .map(pod -> pod.getMetadata().getName())
        .toList();
  }

  private static int deployments() {
    return staging
        .admin()
        .apps()
        .deployments()
        .inNamespace(NAMESPACE)
        .withLabel("app.kubernetes.io/component", "app")
        .list()
        .getItems()
        .size();
  }

  @Test
  @Order(7)
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

    assertThat(runs()).isEqualTo("2");
  }

  @Test
  @Order(8)
  void one_that_fails_gives_the_version_up_and_touches_nothing_that_serves() throws IOException {
    app("sample-app:2", FAIL);

    var release = staging.awaitRelease(NAMESPACE, "sample-app:2", "Failed");
    assertThat(release.getStatus().message())
        .contains("cannot migrate postgresql://app:***@env-postgres");
    assertThat(version()).contains("\"1\"");
    assertThat(deployments()).isOne();
  }

  @Test
  @Order(9)
  void mended_it_runs_and_the_version_serves() {
    app("sample-app:2", NOTE);

    staging.awaitRelease(NAMESPACE, "sample-app:2", "Serving");
    staging.awaitReady(NAMESPACE, NAME);
    assertThat(runs()).isEqualTo("3");
    awaitVersion("2");
  }

  @Test
  @Order(10)
  void what_one_destroys_comes_back_from_the_copy_that_its_release_names() {
    services(
        "{\"postgres\":{\"backup\":{\"schedule\":\"0 3 29 2 *\"}},\"app\":{\"migration\":{\"backup\":true}}}");
    app("sample-app:unhealthy", DESTROY);

    var message =
        staging.awaitRelease(NAMESPACE, "sample-app:unhealthy", "Failed").getStatus().message();
    assertThat(message).contains("stopped half-way");
    var copy = Pattern.compile("is kept as (\\S+\\.dump)").matcher(message);
    assertThat(copy.find()).as(message).isTrue();
    assertThat(runs()).isEqualTo("0");

    services(
        "{\"postgres\":{\"restore\":{\"file\":\"%s\",\"request\":\"before it\"}},\"app\":{\"image\":\"sample-app:2\"}}"
            .formatted(copy.group(1)));
    staging.await(
        NAMESPACE,
        NAME,
        "the database to be put back",
        Staging.LONG,
        e ->
            e.getStatus().databaseTasks() != null
                && e.getStatus().databaseTasks().stream()
                    .anyMatch(
                        task -> task.task().equals("Restore") && task.state().equals("Succeeded")));
    staging.awaitReady(NAMESPACE, NAME);
    assertThat(runs()).isEqualTo("3");
    awaitVersion("2");
  }

  @Test
  @Order(11)
  void jobs_end_with_their_own_container_while_one_that_a_policy_adds_runs_on() {
    var jobs = new ConcurrentHashMap<String, Job>();
    sidecars(true);
    try (var _ = staging.admin().batch().v1().jobs().inNamespace(NAMESPACE).watch(noting(jobs))) {
      app("sample-app:stubborn", NOTE, 60);
      staging.awaitRelease(NAMESPACE, "sample-app:stubborn", "Serving");
      services("{\"postgres\":{\"backup\":{\"request\":\"beside a sidecar\"}}}");
      staging.await(
          NAMESPACE,
          NAME,
          "the backup to be made",
          Staging.LONG,
          e ->
              e.getStatus().databaseTasks().stream()
                  .anyMatch(task ->
                      "beside a sidecar".equals(task.request())
                          && task.state().equals("Succeeded")));

      staging.awaitReady(NAMESPACE, NAME);
      assertThat(runs()).isEqualTo("4");
      await("no pod of a Job to run on").atMost(Staging.SOON).until(() -> podsOfJobs().isEmpty());
    } finally {
      sidecars(false);
    }
    // As they last were: a migration's goes with its pod, the others were ended and stay to be
    // read.
    assertThat(jobs.values())
        .extracting(job -> job.getMetadata().getLabels().get(Labels.COMPONENT))
        .contains("migration", "postgres-task");
    assertThat(jobs.values())
        .filteredOn(job -> job.getMetadata().getName().contains("-postgres-task-"))
        .hasSize(2)
        .allSatisfy(job -> {
          assertThat(job.getMetadata().getAnnotations().get(OwnContainer.ENDED))
              .matches("(?s)\\S+Z 0 .*");
          assertThat(job.getSpec().getSuspend()).isTrue();
        });
  }

  /** Keeps the last state of every Job that is made from now on. */
  private static Watcher<Job> noting(Map<String, Job> jobs) {
    var before =
        staging.admin().batch().v1().jobs().inNamespace(NAMESPACE).list().getItems().stream()
            .map(job -> job.getMetadata().getName())
            .toList();
    return new Watcher<>() {
      @Override
      public void eventReceived(Action action, Job job) {
        if (!before.contains(job.getMetadata().getName())) {
          jobs.put(job.getMetadata().getName(), job);
        }
      }

      @Override
      public void onClose(WatcherException cause) {
        throw new AssertionError("the watch broke off", cause);
      }
    };
  }

  private static List<String> podsOfJobs() {
    return staging
        .admin()
        .pods()
        .inNamespace(NAMESPACE)
        .withLabel(JobOutcome.JOB_NAME)
        .withField("status.phase", "Running")
        .list()
        .getItems()
        .stream()
        .map(pod -> pod.getMetadata().getName())
        .toList();
  }

  /** Lets a policy of the cluster put a container into pods of Jobs, or no more. */
  private static void sidecars(boolean added) {
    var policy = staging.admin().load(MigrationE2E.class.getResourceAsStream("/e2e/sidecar.yaml"));
    if (!added) {
      policy.delete();
      return;
    }
    policy.serverSideApply();
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("tried")
            .withNamespace(NAMESPACE)
            .addToLabels(JobOutcome.JOB_NAME, "tried")
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("own")
            .withImage("sample-app:1")
            .endContainer()
            .endSpec()
            .build();
    await("the policy to be in force")
        .atMost(Staging.SOON)
        .until(() ->
            staging.admin().resource(pod).dryRun().create().getSpec().getContainers().size() == 2);
  }

  private static void services(String patch) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"services\":" + patch + "}}");
  }
}

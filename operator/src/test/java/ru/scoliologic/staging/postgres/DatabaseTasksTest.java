package ru.scoliologic.staging.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpecBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.postgres.DatabaseTasks.State;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class DatabaseTasksTest {
  private static final Path GOLDEN = Path.of("src/test/resources/jobs");
  private static final SecretMasker MASKING = new SecretMasker(List.of("s3cr3t\nkey"));
  private static final String NOTHING_YET = "seed=done";
  private static final String RESTORE =
      "\n    postgres: {backup: {}, restore: {file: app-1.dump, request: first}}";
  private static final String RESET = "\n    postgres: {backup: {}, reset: again}";
  private static final String SEED =
      "\n    postgres: {seed: {configMapRef: {name: rows}}, reset: again}";

  private static Given with(String postgres) {
    return Given.aGoodStart().edited(yaml -> yaml.stripTrailing() + postgres + "\n");
  }

  private static HasMetadata claim(String memory) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("demo-postgres")
        .withUid("claim-1")
        .withAnnotations(memory == null ? Map.of() : Map.of(TaskMemory.ANNOTATION, memory))
        .endMetadata()
        .build();
  }

  private static Job job(String name, String end) {
    var job =
        new JobBuilder()
            .withNewMetadata()
            .withName(name)
            .withLabels(Map.of(Labels.COMPONENT, ComponentName.POSTGRES_TASK.label()))
            .endMetadata()
            .withNewStatus();
    return end == null
        ? job.endStatus().build()
        : job.addNewCondition()
            .withType(end)
            .withStatus("True")
            .withLastTransitionTime("2026-01-01T00:00:00Z")
            .withMessage("its condition")
            .endCondition()
            .endStatus()
            .build();
  }

  /** As it is made, before the application has stopped for it. */
  private static Job suspended(String name) {
    return new JobBuilder(job(name, null)).withNewSpec().withSuspend(true).endSpec().build();
  }

  private static Pod pod(String component) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("demo-" + component + "-1")
        .withLabels(Map.of(Labels.COMPONENT, component))
        .endMetadata()
        .withNewStatus()
        .withPhase("Running")
        .endStatus()
        .build();
  }

  private static Pod podOf(Job job, String message) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(job.getMetadata().getName() + "-x")
        .withLabels(
            Map.of(
                Labels.COMPONENT,
                ComponentName.POSTGRES_TASK.label(),
                JobOutcome.JOB_NAME,
                job.getMetadata().getName()))
        .endMetadata()
        .withNewStatus()
        .addNewContainerStatus()
        .withName(ComponentName.POSTGRES_TASK.label())
        .withNewState()
        .withNewTerminated()
        .withExitCode(0)
        .withFinishedAt("2026-01-01T00:00:00Z")
        .withMessage(message)
        .endTerminated()
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  private static String nameOfStep(Given given) {
    return DatabaseTasks.decide(given.snapshot()).step().orElseThrow().job();
  }

  private static List<PlannedObject> planned(Snapshot snapshot) {
    return new PostgresResources(snapshot.environment(), "made-first")
        .plan(DatabaseTasks.decide(snapshot), List.of(), snapshot);
  }

  @Test
  void a_new_volume_remembers_that_its_seed_is_to_be_loaded_and_takes_a_reset_as_done() {
    var tasks = DatabaseTasks.decide(with(SEED).snapshot());

    assertThat(tasks.memory().text()).startsWith("seed=todo reset=");
    assertThat(tasks.step()).isEmpty();
    assertThat(tasks.holdTheApp()).isFalse();
  }

  @Test
  void a_volume_without_a_memory_is_never_touched_by_what_the_spec_already_says() {
    for (var spec : List.of(SEED, RESET, RESTORE)) {
      var tasks =
          DatabaseTasks.decide(with(spec).owning(claim(null), Given.servingPostgres()).snapshot());

      assertThat(tasks.step()).isEmpty();
      assertThat(tasks.memory().text()).startsWith("seed=done");
    }
  }

  @Test
  void a_restore_that_the_spec_has_from_the_start_is_made_into_the_new_database() {
    var memory = DatabaseTasks.decide(with(RESTORE).snapshot()).memory().text();

    var tasks =
        DatabaseTasks.decide(
            with(RESTORE).owning(claim(memory), Given.servingPostgres()).snapshot());

    assertThat(tasks.step())
        .hasValueSatisfying(s -> assertThat(s.kind()).isEqualTo(TaskKind.RESTORE));
  }

  @Test
  void the_claim_that_holds_a_seed_is_only_read_so_that_its_permissions_stay() {
    var given =
        with(
            "\n    postgres: {seed: {volume: {claimName: other-postgres, file: x.sql}}, reset: a}");
    var job = new DatabaseTaskResources(given.snapshot().environment()).job("seed", "id", "name");

    assertThat(job.getSpec().getTemplate().getSpec().getVolumes())
        .filteredOn(volume -> volume.getName().equals("seed"))
        .extracting(volume -> volume.getPersistentVolumeClaim())
        .singleElement()
        .satisfies(claim -> {
          assertThat(claim.getClaimName()).isEqualTo("other-postgres");
          assertThat(claim.getReadOnly()).isTrue();
        });
  }

  @Test
  void a_seed_holds_the_application_until_it_is_loaded() {
    var given = with(SEED).owning(claim("seed=todo reset=00000000"), Given.servingPostgres());

    assertThat(DatabaseTasks.decide(given.snapshot()).holdTheApp()).isTrue();
    var first = DatabaseTasks.decide(given.snapshot());
    var job = nameOfStep(given);
    var after = DatabaseTasks.decide(given.owning(job(job, "Complete")).snapshot());

    assertThat(first.step()).hasValueSatisfying(s -> assertThat(s.due()).isTrue());
    assertThat(first.holdTheApp()).isTrue();
    assertThat(job).startsWith("demo-postgres-task-seed-");
    assertThat(after.memory().text()).startsWith("seed=done");
  }

  @Test
  void a_seed_that_failed_keeps_the_application_from_starting_until_something_else_is_asked() {
    var given = with(SEED).owning(claim("seed=todo"), Given.servingPostgres());
    given.owning(job(nameOfStep(given), "Failed"));

    var memory = DatabaseTasks.decide(given.snapshot()).memory().text();
    var reset = memory.replaceAll("reset=\\S+", "reset=other");
    var failed =
        with(SEED.replace(", reset: again", "")).owning(claim(memory), Given.servingPostgres());
    var resetting = with(SEED).owning(claim(reset), Given.servingPostgres());

    assertThat(memory).containsPattern("seed=[0-9a-f]{8}!");
    assertThat(DatabaseTasks.decide(failed.snapshot()).holdTheApp()).isTrue();
    assertThat(DatabaseTasks.decide(failed.snapshot()).running(failed.snapshot(), MASKING))
        .hasValueSatisfying(r -> assertThat(r.reason()).isEqualTo(Reason.SEED_FAILED));
    assertThat(DatabaseTasks.decide(resetting.snapshot()).step())
        .hasValueSatisfying(s -> assertThat(s.kind()).isEqualTo(TaskKind.RESET));
  }

  @Test
  void a_restore_first_looks_at_the_file_while_the_application_goes_on() {
    var given = with(RESTORE).owning(claim(NOTHING_YET), Given.servingPostgres()).pod(pod("app"));

    var tasks = DatabaseTasks.decide(given.snapshot());

    assertThat(tasks.step().orElseThrow().command()).isEqualTo("check");
    assertThat(tasks.step().orElseThrow().due()).isTrue();
    assertThat(tasks.holdTheApp()).isFalse();
  }

  @Test
  void a_restore_waits_for_a_migration_to_end_and_lets_none_begin() {
    var given =
        with(RESTORE)
            .owning(claim(NOTHING_YET), Given.servingPostgres(), job(checkJob(), "Complete"))
            .pod(pod("migration"));

    var tasks = DatabaseTasks.decide(given.snapshot());
    var checking =
        DatabaseTasks.decide(
            with(RESTORE).owning(claim(NOTHING_YET), Given.servingPostgres()).snapshot());

    assertThat(tasks.step().orElseThrow().waitsFor()).contains("the migration to end");
    assertThat(checking.holdTheApp()).isFalse();
    assertThat(checking.holdMigrations()).isTrue();
  }

  @Test
  void a_restore_waits_for_the_application_to_stop_then_runs_and_is_remembered() {
    var given = with(RESTORE).owning(claim(NOTHING_YET), Given.servingPostgres());
    given.owning(job(nameOfStep(given), "Complete"));
    var stopping =
        with(RESTORE)
            .owning(
                claim(NOTHING_YET),
                Given.servingPostgres(),
                job(checkJob(), "Complete"),
                suspended(restoreJob()))
            .pod(pod("app"));

    var waiting = DatabaseTasks.decide(stopping.snapshot());
    var due = DatabaseTasks.decide(given.snapshot());
    var restore = nameOfStep(given);
    var running = DatabaseTasks.decide(given.owning(job(restore, null)).snapshot());
    var done =
        DatabaseTasks.decide(
            with(RESTORE)
                .owning(
                    claim(NOTHING_YET),
                    Given.servingPostgres(),
                    job(checkJob(), "Complete"),
                    job(restore, "Complete"))
                .snapshot());
    var ever =
        DatabaseTasks.decide(
            with(RESTORE).owning(claim(done.memory().text()), Given.servingPostgres()).snapshot());

    assertThat(waiting.holdTheApp()).isTrue();
    assertThat(waiting.step().orElseThrow().waitsFor()).contains("the application to stop");
    assertThat(due.step().orElseThrow().due()).isTrue();
    assertThat(running.step().orElseThrow().state()).isEqualTo(State.RUNNING);
    assertThat(running.holdTheApp()).isTrue();
    assertThat(running.running(given.snapshot(), MASKING))
        .hasValueSatisfying(r -> {
          assertThat(r).isInstanceOf(StageResult.Waiting.class);
          assertThat(r.reason()).isEqualTo(Reason.RESTORING);
        });
    assertThat(done.step()).isEmpty();
    assertThat(done.holdTheApp()).isFalse();
    assertThat(ever.step()).isEmpty();
  }

  private static String checkJob() {
    return nameOfStep(with(RESTORE).owning(claim(NOTHING_YET), Given.servingPostgres()));
  }

  @Test
  void the_application_stops_only_for_a_job_that_the_cluster_has_taken() {
    for (var spec : List.of(RESTORE, RESET)) {
      var given = with(spec).owning(claim(NOTHING_YET), Given.servingPostgres()).pod(pod("app"));
      var trial = nameOfStep(given);
      var tried = DatabaseTasks.decide(given.snapshot());
      assertThat(tried.step().orElseThrow().tries()).isTrue();
      assertThat(tried.holdTheApp()).isFalse();
      assertThat(((Job) jobOf(planned(given.snapshot()), trial).object()).getSpec().getSuspend())
          .isNull();
      given.owning(job(trial, "Complete"));
      var name = nameOfStep(given);
      var asked = DatabaseTasks.decide(given.snapshot());
      var made = jobOf(planned(given.snapshot()), name);
      var taken = DatabaseTasks.decide(given.owning(suspended(name)).snapshot());

      assertThat(asked.step().orElseThrow().due()).isTrue();
      assertThat(asked.holdTheApp()).isFalse();
      assertThat(made.held()).isFalse();
      assertThat(((Job) made.object()).getSpec().getSuspend()).isTrue();
      assertThat(taken.holdTheApp()).isTrue();
      assertThat(taken.step().orElseThrow().waitsFor()).contains("the application to stop");
      assertThat(jobOf(planned(given.snapshot()), name).held()).isTrue();
    }
  }

  @Test
  void a_job_that_was_taken_begins_as_it_is_when_the_application_has_stopped() {
    var given = triedReset();
    var name = nameOfStep(given);
    var there =
        new JobBuilder(suspended(name))
            .editSpec()
            .withBackoffLimit(17)
            .endSpec()
            .editMetadata()
            .withResourceVersion("7")
            .endMetadata()
            .build();

    var begins = jobOf(planned(given.owning(there).snapshot()), name);

    assertThat(begins.held()).isFalse();
    assertThat(((Job) begins.object()).getSpec())
        .isEqualTo(new JobSpecBuilder(there.getSpec()).withSuspend(false).build());
    assertThat(begins.object().getMetadata().getResourceVersion()).isNull();
    assertThat(DatabaseTasks.decide(given.snapshot()).holdTheApp()).isTrue();
  }

  @Test
  void a_job_that_has_not_begun_goes_with_its_request_and_holds_nothing() {
    var job = suspended(restoreJob());
    var withdrawn =
        with("\n    postgres: {backup: {}}")
            .owning(claim(NOTHING_YET), Given.servingPostgres(), job)
            .snapshot();
    var asked =
        with(RESTORE)
            .owning(claim(NOTHING_YET), Given.servingPostgres(), job(checkJob(), "Complete"), job)
            .snapshot();

    assertThat(DatabaseTasks.decide(withdrawn).abandoned(withdrawn)).containsExactly(job);
    assertThat(DatabaseTasks.decide(withdrawn).holdTheApp()).isFalse();
    assertThat(DatabaseTasks.decide(asked).abandoned(asked)).isEmpty();
  }

  @Test
  void a_job_that_the_cluster_refuses_is_told_and_stops_nothing() {
    var snapshot =
        with(RESTORE)
            .owning(claim(NOTHING_YET), Given.servingPostgres(), job(checkJob(), "Complete"))
            .pod(pod("app"))
            .snapshot();
    var tasks = DatabaseTasks.decide(snapshot);
    var key = "Job/" + restoreJob();
    var refused = new Refusal(Reason.QUOTA_EXCEEDED, key + ": exceeded quota s3cr3t\nkey", key);

    assertThat(TaskReport.of(snapshot, tasks, List.of(refused), MASKING).tasks())
        .singleElement()
        .satisfies(task -> {
          assertThat(task.state()).isEqualTo("Refused");
          assertThat(task.message())
              .isEqualTo(
                  "restore cannot begin, which is tried again; nothing is stopped for it. "
                      + key
                      + ": exceeded quota ***");
        });
    assertThat(tasks.holdTheApp()).isFalse();
  }

  private static Given triedReset() {
    var given = with(RESET).owning(claim(NOTHING_YET), Given.servingPostgres());
    return given.owning(job(nameOfStep(given), "Complete"));
  }

  @Test
  void a_reset_whose_trial_fails_stops_nothing_and_says_why() {
    var given = with(RESET).owning(claim(NOTHING_YET), Given.servingPostgres()).pod(pod("app"));
    var trial = job(nameOfStep(given), "Failed");

    var snapshot = given.owning(trial).pod(podOf(trial, "refused: there is no file x")).snapshot();
    var tasks = DatabaseTasks.decide(snapshot);

    assertThat(trial.getMetadata().getName()).startsWith("demo-postgres-task-prepare-");
    assertThat(tasks.holdTheApp()).isFalse();
    assertThat(tasks.failure(snapshot, MASKING).orElseThrow().message())
        .contains("reset failed, the database is as it was", "there is no file x");
  }

  @Test
  void the_pod_of_a_trial_is_like_the_one_that_it_stands_for() {
    var environment =
        with("\n    postgres: {initSql: {configMapRef: {name: sql}}, backup: {}, reset: a, seed: {volume: {claimName: c, file: f}}}")
            .snapshot()
            .environment();
    var resources = new DatabaseTaskResources(environment);
    var trial = resources.job("prepare", "id", "a").getSpec().getTemplate().getSpec();
    var reset = resources.job("reset", "id", "a").getSpec().getTemplate().getSpec();

    trial.getContainers().getFirst().setCommand(reset.getContainers().getFirst().getCommand());

    assertThat(trial).isEqualTo(reset);
  }

  private static PlannedObject jobOf(List<PlannedObject> plan, String name) {
    return plan.stream()
        .filter(p -> p.object() instanceof Job && p.object().getMetadata().getName().equals(name))
        .reduce((one, other) -> {
          throw new AssertionError(name + " is planned twice");
        })
        .orElseThrow();
  }

  @Test
  void a_refused_restore_stops_nothing_and_says_why_until_another_is_asked_for() {
    var check = job(checkJob(), "Failed");
    var given =
        with(RESTORE)
            .owning(claim(NOTHING_YET), Given.servingPostgres(), check)
            .pod(podOf(check, "refused: app-1.dump is damaged\n"));

    var tasks = DatabaseTasks.decide(given.snapshot());

    assertThat(tasks.step()).isEmpty();
    assertThat(tasks.holdTheApp()).isFalse();
    assertThat(tasks.memory().text()).containsPattern("restore=[0-9a-f]{8}!");
    assertThat(tasks.failure(given.snapshot(), MASKING))
        .hasValueSatisfying(r -> {
          assertThat(r).isInstanceOf(StageResult.Stalled.class);
          assertThat(r.reason()).isEqualTo(Reason.RESTORE_FAILED);
          assertThat(r.message()).contains("app-1.dump is damaged");
        });
    assertThat(TaskReport.of(given.snapshot(), tasks, List.of(), MASKING).tasks())
        .singleElement()
        .satisfies(t -> {
          assertThat(t.state()).isEqualTo("Failed");
          assertThat(t.request()).isEqualTo("first");
        });
  }

  @Test
  void what_a_task_says_is_masked_before_it_is_put_into_one_line() {
    var check = job(checkJob(), "Failed");
    var snapshot =
        with(RESTORE)
            .owning(claim(NOTHING_YET), Given.servingPostgres(), check)
            .pod(podOf(check, "the password s3cr3t\nkey is refused"))
            .snapshot();

    var tasks = DatabaseTasks.decide(snapshot);

    assertThat(TaskReport.of(snapshot, tasks, List.of(), MASKING).tasks())
        .singleElement()
        .satisfies(t -> assertThat(t.message()).isEqualTo("the password *** is refused"));
    assertThat(tasks.failure(snapshot, MASKING).orElseThrow().message())
        .contains("the password *** is refused");
  }

  @Test
  void a_task_that_takes_too_long_says_the_limit_and_not_the_end_of_a_log_that_was_cut() {
    var restore = restoreJob();
    var late =
        new JobBuilder(job(restore, "Failed"))
            .withNewSpec()
            .withActiveDeadlineSeconds(3600L)
            .endSpec()
            .build();
    late.getStatus().getConditions().getFirst().setReason("DeadlineExceeded");
    var given =
        with(RESTORE)
            .owning(claim(NOTHING_YET), Given.servingPostgres(), job(checkJob(), "Complete"), late)
            .pod(podOf(late, "loading app-1.dump"));

    assertThat(DatabaseTasks.decide(given.snapshot()).failure(given.snapshot(), MASKING))
        .hasValueSatisfying(r ->
            assertThat(r.message())
                .isEqualTo(
                    "restore failed, the database is as it was: not done within 3600 seconds: raise"
                        + " spec.services.postgres.tasks.timeoutSeconds"));
  }

  private static String restoreJob() {
    return nameOfStep(
        with(RESTORE)
            .owning(claim(NOTHING_YET), Given.servingPostgres(), job(checkJob(), "Complete")));
  }

  @Test
  void every_job_keeps_to_the_limits_that_are_given() {
    var limits = "tasks: {timeoutSeconds: 120, resources: {limits: {memory: 2Gi}}}";
    var given =
        with("\n    postgres: {backup: {}, reset: again, %s}".formatted(limits))
            .owning(claim(NOTHING_YET), Given.servingPostgres());

    var jobs =
        planned(given.snapshot()).stream()
            .map(PlannedObject::object)
            .filter(o -> o instanceof Job || o instanceof CronJob)
            .map(o ->
                o instanceof CronJob c
                    ? c.getSpec().getJobTemplate().getSpec()
                    : ((Job) o).getSpec())
            .toList();

    assertThat(jobs)
        .hasSize(2)
        .allSatisfy(spec -> {
          assertThat(spec.getActiveDeadlineSeconds()).isEqualTo(120);
          assertThat(
                  spec.getTemplate()
                      .getSpec()
                      .getContainers()
                      .getFirst()
                      .getResources()
                      .getLimits()
                      .get("memory"))
              .hasToString("2Gi");
        });
  }

  @Test
  void another_volume_is_another_database_so_its_jobs_have_other_names() {
    var other = (PersistentVolumeClaim) claim(NOTHING_YET);
    other.getMetadata().setUid("claim-2");

    assertThat(nameOfStep(with(RESTORE).owning(other, Given.servingPostgres())))
        .isNotEqualTo(checkJob());
  }

  @Test
  void a_task_waits_for_postgres_and_for_a_backup_that_runs() {
    var withoutPostgres = with(RESET).owning(claim(NOTHING_YET));
    var besideABackup =
        with(RESET).owning(claim(NOTHING_YET), Given.servingPostgres(), job("demo-backup-1", null));

    assertThat(DatabaseTasks.decide(withoutPostgres.snapshot()).step().orElseThrow().waitsFor())
        .contains("PostgreSQL to be available");
    assertThat(DatabaseTasks.decide(besideABackup.snapshot()).step().orElseThrow().waitsFor())
        .contains("Job demo-backup-1 to end");
  }

  @Test
  void a_job_is_planned_once_and_a_regular_backup_is_held_back_meanwhile() {
    var given = triedReset();
    var before = planned(given.snapshot());
    var reset = nameOfStep(given);
    var after = planned(given.owning(job(reset, null)).snapshot());

    assertThat(jobOf(before, reset).held()).isFalse();
    assertThat(before)
        .filteredOn(p -> p.object() instanceof CronJob)
        .singleElement()
        .satisfies(p -> assertThat(((CronJob) p.object()).getSpec().getSuspend()).isFalse());
    assertThat(after)
        .filteredOn(p -> p.object() instanceof CronJob)
        .singleElement()
        .satisfies(p -> assertThat(((CronJob) p.object()).getSpec().getSuspend()).isTrue());
    assertThat(jobOf(after, reset).held()).isTrue();
  }

  @Test
  void a_backup_shows_in_the_status_and_a_later_failure_beside_it() {
    var good = job("demo-backup-1", "Complete");
    good.getMetadata()
        .setLabels(
            Map.of(
                Labels.COMPONENT,
                ComponentName.POSTGRES_TASK.label(),
                "staging.scoliologic.ru/task",
                "backup"));
    var bad = job("demo-backup-2", "Failed");
    bad.getMetadata().setLabels(good.getMetadata().getLabels());
    bad.getStatus().getConditions().getFirst().setLastTransitionTime("2026-01-02T00:00:00Z");
    var snapshot =
        with("\n    postgres: {backup: {}}")
            .owning(claim(NOTHING_YET), Given.servingPostgres(), good, bad)
            .pod(podOf(good, "file=app-1.dump bytes=2304\n"))
            .pod(podOf(bad, "pg_dump: error\nfailed: pg_dump did not finish\n"))
            .snapshot();

    var backup =
        TaskReport.of(snapshot, DatabaseTasks.decide(snapshot), List.of(), MASKING).backup();

    assertThat(backup.lastGood()).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(backup.file()).isEqualTo("app-1.dump");
    assertThat(backup.bytes()).isEqualTo(2304);
    assertThat(backup.lastFailure()).isEqualTo("2026-01-02T00:00:00Z");
    assertThat(backup.failure())
        .isEqualTo(
            "failed: pg_dump did not finish; its last lines: pg_dump: error; failed: pg_dump did not"
                + " finish");
  }

  @Test
  void the_jobs_are_as_their_golden_files_show() throws IOException {
    var given =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.stripTrailing()
                    + "\n    postgres: {initSql: {configMapRef: {name: sql}}, backup: {}, restore:"
                    + " {request: first}, reset: again, seed: {configMapRef: {name: rows}}}\n");
    for (var command : List.of("check", "copy", "restore", "seed", "prepare", "reset")) {
      var yaml =
          yaml(
              new DatabaseTaskResources(given.snapshot().environment())
                  .job(command, "id", "job-" + command)
                  .getSpec());
      var file = GOLDEN.resolve(command + ".yaml");
      if (Boolean.getBoolean("golden.write")) {
        Files.createDirectories(GOLDEN);
        Files.writeString(file, yaml);
      }

      assertThat(yaml).as(command).isEqualTo(Files.readString(file));
    }
  }

  private static String yaml(Object object) throws JsonProcessingException {
    return new ObjectMapper(new YAMLFactory().enable(YAMLGenerator.Feature.MINIMIZE_QUOTES))
        .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
        .writeValueAsString(object);
  }
}

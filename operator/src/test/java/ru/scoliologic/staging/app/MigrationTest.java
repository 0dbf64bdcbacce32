package ru.scoliologic.staging.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.postgres.DatabaseCopies;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class MigrationTest {
  private static final SecretMasker MASKING = new SecretMasker(List.of("s3cr3t\nkey"));
  private static final AppVersion WANTED = AppVersion.ofImage("sample-app:1");

  private static Given asking() {
    return Given.aGoodStart()
        .edited(
            "image: sample-app:1", "image: sample-app:1\n      migration: {command: [migrate]}");
  }

  private static Migration decide(Snapshot snapshot, String retry, boolean settled, boolean free) {
    return decide(snapshot, new Migration.Attempt(WANTED, retry, Optional.empty(), free), settled);
  }

  private static Migration decide(Snapshot snapshot, Migration.Attempt attempt, boolean settled) {
    return Migration.decide(
        snapshot,
        rollout(snapshot),
        new AppResources(snapshot, Map.of("A", "b")),
        attempt,
        id -> settled,
        new DatabaseCopies(snapshot, MASKING),
        MASKING);
  }

  /** The wanted version starts beside the one that serves, if any does. */
  private static Rollout rollout(Snapshot snapshot) {
    var seen = Rollout.see(snapshot, id -> Optional.empty());
    var beside = seen.serving().filter(serving -> !serving.equals(WANTED));
    return beside.isEmpty()
        ? seen.laidOut(Optional.of(WANTED), Optional.empty(), Optional.empty(), Given.NOW)
        : seen.laidOut(beside, Optional.of(WANTED), Optional.empty(), Given.NOW);
  }

  private static Job planned(Migration migration) {
    return (Job) migration.plan().getFirst().object();
  }

  private static Job ended(String condition) {
    return new JobBuilder(planned(decide(asking().snapshot(), "", false, true)))
        .withNewStatus()
        .addNewCondition()
        .withType(condition)
        .withStatus("True")
        .withMessage("it took too long")
        .endCondition()
        .endStatus()
        .build();
  }

  private static ContainerState pulling() {
    return new ContainerStateBuilder().withNewWaiting("not found", "ImagePullBackOff").build();
  }

  private static ContainerState running() {
    return new ContainerStateBuilder().withNewRunning(Given.NOW.toString()).build();
  }

  private static ContainerState terminated(int exitCode, int seconds) {
    return new ContainerStateBuilder()
        .withNewTerminated()
        .withExitCode(exitCode)
        .withStartedAt(Given.NOW.minusSeconds(seconds).toString())
        .withFinishedAt(Given.NOW.toString())
        .endTerminated()
        .build();
  }

  private static Pod podOf(Job job, ContainerState state) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("migrate-1")
        .withLabels(
            Map.of(
                Labels.COMPONENT,
                ComponentName.MIGRATION.label(),
                "batch.kubernetes.io/job-name",
                job.getMetadata().getName()))
        .endMetadata()
        .withNewStatus()
        .addNewContainerStatus()
        .withName("migration")
        .withReady(false)
        .withState(state)
        .endContainerStatus()
        .endStatus()
        .build();
  }

  @Test
  void the_first_version_waits_for_its_migration() {
    var migration = decide(asking().snapshot(), "", false, true);

    assertThat(migration.holds(WANTED)).isTrue();
    assertThat(migration.plan()).singleElement().matches(job -> !job.held());
    assertThat(migration.result().orElseThrow().reason()).isEqualTo(Reason.MIGRATION_RUNNING);
    assertThat(planned(migration).getSpec().getBackoffLimit()).isZero();
    assertThat(
            planned(migration)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst()
                .getLivenessProbe()
                .getInitialDelaySeconds())
        .isEqualTo(600);
  }

  @Test
  void it_is_not_run_before_the_database_is_ready() {
    var migration = decide(asking().snapshot(), "", false, false);

    assertThat(migration.plan()).singleElement().matches(job -> job.held());
    assertThat(migration.holds(WANTED)).isTrue();
  }

  @Test
  void nothing_is_run_for_an_environment_without_one() {
    var migration = decide(Given.aGoodStart().snapshot(), "", false, true);

    assertThat(migration.plan()).isEmpty();
    assertThat(migration.holds(WANTED)).isFalse();
  }

  @Test
  void a_migrated_version_starts_and_its_job_is_kept_until_that_is_recorded() {
    var snapshot = asking().owning(ended("Complete")).snapshot();

    var unrecorded = decide(snapshot, "", false, true);
    assertThat(unrecorded.holds(WANTED)).isFalse();
    assertThat(unrecorded.done()).containsExactly(WANTED.id());
    assertThat(unrecorded.plan()).singleElement().matches(job -> job.held());
    assertThat(decide(snapshot, "", true, true).plan()).isEmpty();
  }

  @Test
  void a_migrated_version_is_not_migrated_again_though_its_job_is_gone() {
    var migration = decide(asking().snapshot(), "another", true, true);

    assertThat(migration.plan()).isEmpty();
    assertThat(migration.holds(WANTED)).isFalse();
  }

  @Test
  void a_version_that_runs_already_is_not_migrated() {
    var running =
        new DeploymentBuilder()
            .withNewMetadata()
            .withName("demo-app-" + WANTED.id())
            .endMetadata()
            .build();

    assertThat(decide(asking().owning(running).snapshot(), "", false, true).plan()).isEmpty();
  }

  @Test
  void a_failed_one_holds_the_version_and_tells_the_end_of_its_log() {
    var job = ended("Failed");
    var migration =
        decide(
            asking()
                .owning(job)
                .pod(podOf(job, terminated(1, 3)))
                .logTail("migrate-1", "no such table")
                .snapshot(),
            "",
            false,
            true);

    assertThat(migration.failed()).isTrue();
    assertThat(migration.holds(WANTED)).isTrue();
    assertThat(migration.plan()).singleElement().matches(planned -> planned.held());
    assertThat(migration.result().orElseThrow().message()).contains("no such table");
  }

  @Test
  void one_that_failed_while_its_database_was_away_is_made_anew_when_that_is_back() {
    var failed =
        new JobBuilder(ended("Failed"))
            .editStatus()
            .withStartTime(Given.NOW.minusSeconds(60).toString())
            .endStatus()
            .build();
    var there = asking().owning(failed).pod(podOf(failed, terminated(1, 3)));

    for (var seen :
        List.of(
            decide(there.snapshot(), "", false, false),
            decide(
                there
                    .pod(Given.ready(ComponentName.POSTGRES, Given.NOW.minusSeconds(5)))
                    .snapshot(),
                "",
                false,
                true))) {
      assertThat(seen.failed()).isFalse();
      assertThat(seen.holds(WANTED)).isTrue();
      assertThat(seen.plan()).isEmpty();
      assertThat(seen.result().orElseThrow().reason()).isEqualTo(Reason.MIGRATION_RUNNING);
    }
  }

  @Test
  void what_it_says_is_masked_before_it_is_cut() {
    var job = ended("Failed");
    var migration =
        decide(
            asking()
                .owning(job)
                .pod(podOf(job, terminated(1, 3)))
                .logTail("migrate-1", "the key is s3cr3t\nkey, sorry")
                .snapshot(),
            "",
            false,
            true);

    assertThat(migration.result().orElseThrow().message())
        .contains("the key is ***, sorry")
        .doesNotContain("s3cr3t");
  }

  @Test
  void of_a_long_log_the_line_that_says_what_went_wrong_stands_first() {
    var job = ended("Failed");
    var migration =
        decide(
            asking()
                .owning(job)
                .pod(podOf(job, terminated(1, 3)))
                .logTail("migrate-1", Given.resource("/logs/drizzle.log") + "bye\n".repeat(900))
                .snapshot(),
            "",
            false,
            true);

    assertThat(migration.result().orElseThrow().message().lines().findFirst().orElseThrow())
        .endsWith(
            "exit code 1: [\u2863] applying migrations...error: relation \"orders\" already exists");
  }

  private static StagingRelease givenUpRelease() {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder().withName("demo-" + WANTED.id()).withNamespace("team").build());
    release.setStatus(
        new StagingReleaseStatus(
            1L,
            "Failed",
            "it failed",
            List.of(),
            null,
            null,
            "configuration",
            null,
            null,
            null,
            null,
            null,
            null,
            null));
    return release;
  }

  @Test
  void the_job_of_a_version_that_was_given_up_stays_with_its_log_until_the_next_try() {
    var job = ended("Failed");
    var release = givenUpRelease();
    var there = asking().owning(job).owning(release);

    var kept =
        decide(
            there.snapshot(), new Migration.Attempt(WANTED, "", Optional.of(release), true), false);
    assertThat(kept.result().orElseThrow().message()).isEqualTo("it failed");
    assertThat(kept.plan())
        .singleElement()
        .satisfies(planned -> {
          assertThat(planned.held()).isTrue();
          assertThat(planned.object().getMetadata().getName())
              .isEqualTo(job.getMetadata().getName());
        });
    assertThat(decide(there.snapshot(), "again", false, true).plan())
        .extracting(planned -> planned.object().getMetadata().getName())
        .doesNotContain(job.getMetadata().getName());
  }

  @Test
  void one_that_runs_too_long_is_told_with_the_end_of_its_log() {
    var job = ended("Failed");
    var migration =
        decide(
            asking()
                .owning(job)
                .pod(podOf(job, terminated(137, 601)))
                .logTail("migrate-1", "waits for a lock")
                .snapshot(),
            "",
            false,
            true);

    assertThat(migration.failed()).isTrue();
    assertThat(migration.result().orElseThrow().message())
        .contains("it ran longer than its 600 seconds and was stopped; container migration ended")
        .contains("waits for a lock");
  }

  @Test
  void one_that_was_stopped_has_not_succeeded_although_it_says_so() {
    var job = ended("Complete");
    var migration =
        decide(
            asking().owning(job).pod(podOf(job, terminated(0, 601))).snapshot(), "", false, true);

    assertThat(migration.done()).isEmpty();
    assertThat(migration.holds(WANTED)).isTrue();
    assertThat(migration.failed()).isTrue();
    assertThat(migration.result().orElseThrow().message()).contains("longer than its 600 seconds");
  }

  @Test
  void an_image_that_cannot_be_pulled_is_named_and_is_no_failure_of_the_version() {
    var job = planned(decide(asking().snapshot(), "", false, true));
    var migration =
        decide(asking().owning(job).pod(podOf(job, pulling())).snapshot(), "", false, true);

    assertThat(migration.failed()).isFalse();
    assertThat(migration.holds(WANTED)).isTrue();
    assertThat(migration.plan()).singleElement().matches(planned -> planned.held());
    assertThat(migration.result().orElseThrow())
        .isInstanceOfSatisfying(
            StageResult.Failing.class,
            failing -> {
              assertThat(failing.reason()).isEqualTo(Reason.IMAGE_PULL_FAILED);
              assertThat(failing.message())
                  .startsWith("the migration of version sample-app:1 cannot start: image ");
            });
  }

  @Test
  void a_job_of_another_version_that_has_not_begun_makes_room() {
    var job = planned(decide(asking().snapshot(), "", false, true));
    var pod = podOf(job, pulling());
    var migration =
        decide(asking().owning(job).pod(pod).snapshot(), "another attempt", false, true);

    assertThat(migration.abandoned()).containsExactly(job);
    assertThat(migration.plan()).isEmpty();
    assertThat(migration.result().orElseThrow().message()).contains("of which nothing has run");

    var gone = decide(asking().pod(pod).snapshot(), "another attempt", false, true);
    assertThat(gone.plan()).as("its pod may still start").singleElement().matches(p -> p.held());
    assertThat(decide(asking().snapshot(), "another attempt", false, true).plan())
        .singleElement()
        .matches(p -> !p.held());
  }

  @Test
  void one_that_a_node_refused_before_it_began_is_made_anew_after_a_while() {
    var job = ended("Failed");
    job.getStatus().getConditions().getFirst().setLastTransitionTime(Given.NOW.toString());
    var given = asking().owning(job).pod(podOf(job, pulling()));

    var at = decide(given.at(Given.NOW.plusSeconds(5)).snapshot(), "", false, true);
    var later = decide(given.at(Given.NOW.plusSeconds(31)).snapshot(), "", false, true);

    assertThat(at.failed()).isFalse();
    assertThat(at.result().orElseThrow()).isInstanceOf(StageResult.Failing.class);
    assertThat(at.plan()).singleElement().matches(p -> p.held());
    assertThat(later.plan()).isEmpty();
  }

  private static ClusterFacts warned(String key, String said) {
    return ClusterFacts.assumedGood(List.of()).withWarnings(Map.of(key, said));
  }

  @Test
  void a_quota_that_refuses_its_pod_is_named() {
    var job = planned(decide(asking().snapshot(), "", false, true));
    var said = "Error creating: pods \"x\" is forbidden: exceeded quota: none";
    var migration =
        decide(
            asking()
                .owning(job)
                .amid(warned("Job/" + job.getMetadata().getName(), said))
                .snapshot(),
            "",
            false,
            true);

    assertThat(migration.result().orElseThrow().reason()).isEqualTo(Reason.QUOTA_EXCEEDED);
  }

  @Test
  void a_retry_is_another_job() {
    var failed = ended("Failed");
    var migration = decide(asking().owning(failed).snapshot(), "please", false, true);

    assertThat(migration.failed()).isFalse();
    assertThat(planned(migration).getMetadata().getName())
        .isNotEqualTo(failed.getMetadata().getName());
  }

  private static Given copying() {
    return Given.aGoodStart()
        .edited(yaml ->
            yaml.replace(
                    "image: sample-app:1",
                    "image: sample-app:1\n      migration: {command: [migrate], backup: true}")
                + "\n    postgres: {backup: {}}\n")
        .owning(Given.servingPostgres());
  }

  private static List<PlannedObject> due(Migration migration) {
    return migration.plan().stream().filter(planned -> !planned.held()).toList();
  }

  private static Job copyOf(Migration migration, String condition) {
    return new JobBuilder((Job) migration.plan().getFirst().object())
        .editMetadata()
        .withUid("0a1b2c3d-0000-0000-0000-000000000000")
        .endMetadata()
        .withNewStatus()
        .addNewCondition()
        .withType(condition)
        .withStatus("True")
        .withLastTransitionTime(Given.NOW.toString())
        .withMessage("no space left")
        .endCondition()
        .endStatus()
        .build();
  }

  @Test
  void the_database_is_copied_before_and_the_migration_knows_the_copy() {
    var first = decide(copying().snapshot(), "", false, true);
    var then = decide(copying().owning(copyOf(first, "Complete")).snapshot(), "", false, true);

    assertThat(due(first))
        .singleElement()
        .matches(p -> p.object().getMetadata().getName().startsWith("demo-postgres-task-copy-"));
    assertThat(first.result().orElseThrow().message())
        .isEqualTo("the migration of version sample-app:1 waits for a copy of the database");
    assertThat(due(then)).hasSize(1);
    assertThat(due(then).getFirst().object().getMetadata().getAnnotations())
        .hasEntrySatisfying(
            MigrationJob.COPY,
            file -> assertThat(file).isEqualTo("app-before-migration-0a1b2c3d.dump"));
  }

  @Test
  void a_copy_that_was_made_before_the_database_was_replaced_is_made_anew() {
    var made = copyOf(decide(copying().snapshot(), "", false, true), "Complete");

    var held = decide(copying().owning(made).snapshot(), "", false, false);

    assertThat(due(held)).isEmpty();
    assertThat(held.plan()).extracting(PlannedObject::object).doesNotContain(made);
  }

  @Test
  void one_that_has_not_begun_makes_room_for_a_task_on_the_database() {
    var job = planned(decide(asking().snapshot(), "", false, true));

    var migration = decide(asking().owning(job).snapshot(), "", false, false);

    assertThat(migration.abandoned()).containsExactly(job);
  }

  @Test
  void a_copy_that_fails_keeps_the_migration_from_running_and_is_made_anew_after_a_while() {
    var failed = copyOf(decide(copying().snapshot(), "", false, true), "Failed");

    var at = decide(copying().owning(failed).snapshot(), "", false, true);
    var later =
        decide(copying().owning(failed).at(Given.NOW.plusSeconds(31)).snapshot(), "", false, true);

    assertThat(due(at)).isEmpty();
    assertThat(at.failed()).as("it is no fault of the version").isFalse();
    assertThat(at.result().orElseThrow())
        .isInstanceOfSatisfying(
            StageResult.Failing.class,
            failing -> {
              assertThat(failing.reason()).isEqualTo(Reason.BACKUP_FAILED);
              assertThat(failing.message()).endsWith("which is tried again: no space left");
            });
    assertThat(later.plan()).extracting(PlannedObject::object).doesNotContain(failed);
  }

  @Test
  void a_migration_that_fails_tells_where_the_database_before_it_is() {
    var first = decide(copying().snapshot(), "", false, true);
    var then = decide(copying().owning(copyOf(first, "Complete")).snapshot(), "", false, true);
    var failed =
        copyOf(
            new Migration(
                then.held(), then.result(), due(then), then.done(), then.copies(), List.of()),
            "Failed");

    var after = decide(copying().owning(failed).snapshot(), "", false, true);

    assertThat(after.failed()).isTrue();
    assertThat(after.result().orElseThrow().message())
        .containsPattern("; the database before it is kept as app-before-migration-0a1b2c3d.dump$");
  }

  @Test
  void two_never_run_at_a_time() {
    var running = planned(decide(asking().snapshot(), "", false, true));
    var pod = podOf(running, running());
    var migration = decide(asking().owning(running).pod(pod).snapshot(), "please", false, true);

    assertThat(migration.plan()).singleElement().matches(job -> job.held());
    assertThat(planned(migration).getMetadata().getName())
        .isEqualTo(running.getMetadata().getName());
  }
}

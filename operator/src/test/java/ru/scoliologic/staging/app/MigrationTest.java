package ru.scoliologic.staging.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.app.Rollout.Version;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;

class MigrationTest {
  private static final Version WANTED = Version.of("sample-app:1");

  private static Given asking() {
    return Given.aGoodStart()
        .edited(
            "image: sample-app:1", "image: sample-app:1\n      migration: {command: [migrate]}");
  }

  private static Migration decide(Snapshot snapshot, String retry, boolean settled, boolean free) {
    return Migration.decide(
        snapshot,
        Rollout.decide(snapshot, WANTED.image(), false),
        new AppResources(snapshot.environment(), Map.of("A", "b")),
        new Migration.Attempt(WANTED, retry, Optional.empty()),
        image -> settled,
        free);
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

  @Test
  void the_first_version_waits_for_its_migration() {
    var migration = decide(asking().snapshot(), "", false, true);

    assertThat(migration.holds(WANTED)).isTrue();
    assertThat(migration.plan()).singleElement().matches(job -> !job.held());
    assertThat(migration.result().orElseThrow().reason()).isEqualTo(Reason.MIGRATION_RUNNING);
    assertThat(planned(migration).getSpec().getBackoffLimit()).isZero();
    assertThat(planned(migration).getSpec().getActiveDeadlineSeconds()).isEqualTo(600);
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
    assertThat(unrecorded.done()).containsExactly(WANTED.image());
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
            .withName("demo-app-" + WANTED.hash())
            .endMetadata()
            .build();

    assertThat(decide(asking().owning(running).snapshot(), "", false, true).plan()).isEmpty();
  }

  @Test
  void a_failed_one_holds_the_version_and_tells_the_end_of_its_log() {
    var job = ended("Failed");
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("migrate-1")
            .withLabels(
                Map.of(
                    Labels.COMPONENT,
                    Migration.COMPONENT,
                    "batch.kubernetes.io/job-name",
                    job.getMetadata().getName()))
            .endMetadata()
            .withNewStatus()
            .addNewContainerStatus()
            .withName("migration")
            .withReady(false)
            .withNewState()
            .withNewTerminated()
            .withExitCode(1)
            .endTerminated()
            .endState()
            .endContainerStatus()
            .endStatus()
            .build();
    var migration =
        decide(
            asking().owning(job).pod(pod).logTail("migrate-1", "no such table").snapshot(),
            "",
            false,
            true);

    assertThat(migration.failed()).isTrue();
    assertThat(migration.holds(WANTED)).isTrue();
    assertThat(migration.plan()).singleElement().matches(planned -> planned.held());
    assertThat(migration.result().orElseThrow().message()).contains("no such table");
  }

  @Test
  void a_retry_is_another_job() {
    var failed = ended("Failed");
    var migration = decide(asking().owning(failed).snapshot(), "please", false, true);

    assertThat(migration.failed()).isFalse();
    assertThat(planned(migration).getMetadata().getName())
        .isNotEqualTo(failed.getMetadata().getName());
  }

  @Test
  void two_never_run_at_a_time() {
    var running = planned(decide(asking().snapshot(), "", false, true));
    var migration = decide(asking().owning(running).snapshot(), "please", false, true);

    assertThat(migration.plan()).singleElement().matches(job -> job.held());
    assertThat(planned(migration).getMetadata().getName())
        .isEqualTo(running.getMetadata().getName());
  }
}

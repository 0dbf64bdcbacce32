package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStateTerminatedBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** A policy of the cluster puts a container into the pod that never ends. */
class OwnContainerTest {
  private static final String AT = "2026-01-02T03:00:00Z";

  private static JobBuilder job() {
    return new JobBuilder()
        .withNewMetadata()
        .withName("demo-migration")
        .endMetadata()
        .withNewSpec()
        .withActiveDeadlineSeconds(600L)
        .withNewTemplate()
        .withNewSpec()
        .addNewContainer()
        .withName("migration")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec();
  }

  private static Job failed() {
    return job()
        .withNewStatus()
        .addNewCondition()
        .withType("Failed")
        .withStatus("True")
        .withReason("DeadlineExceeded")
        .withLastTransitionTime("2026-01-02T03:04:00Z")
        .endCondition()
        .endStatus()
        .build();
  }

  private static Pod pod(Integer exitCode, String... containers) {
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("demo-migration-x")
            .withLabels(
                Map.of(JobOutcome.JOB_NAME, "demo-migration", Labels.COMPONENT, "migration"))
            .endMetadata()
            .withNewSpec()
            .endSpec()
            .withNewStatus()
            .withPhase("Running")
            .endStatus()
            .build();
    for (var name : containers) {
      boolean ended = name.equals("migration") && exitCode != null;
      pod =
          new PodBuilder(pod)
              .editSpec()
              .addNewContainer()
              .withName(name)
              .endContainer()
              .endSpec()
              .editStatus()
              .addNewContainerStatus()
              .withName(name)
              .withNewState()
              .withTerminated(
                  ended
                      ? new ContainerStateTerminatedBuilder()
                          .withExitCode(exitCode)
                          .withFinishedAt(AT)
                          .withMessage("42 rows")
                          .build()
                      : null)
              .endState()
              .endContainerStatus()
              .endStatus()
              .build();
    }
    return pod;
  }

  private static Snapshot seen(Job job, Pod... pods) {
    var given = Given.aGoodStart().owning(job);
    for (var pod : pods) {
      given.pod(pod);
    }
    return given.snapshot();
  }

  private static Job job(Snapshot snapshot) {
    return snapshot.owned().find(Job.class, "demo-migration").orElseThrow();
  }

  @Test
  void a_job_ends_with_its_own_container_though_another_one_runs_on() {
    var good = seen(job().build(), pod(0, "injected", "migration"));
    var bad = seen(job().build(), pod(3, "migration", "injected"));

    assertThat(JobOutcome.of(good, "demo-migration")).contains(new JobOutcome(true, ""));
    assertThat(JobOutcome.condition(job(good), "Complete").orElseThrow().getLastTransitionTime())
        .isEqualTo(AT);
    assertThat(good.pods().getFirst().getStatus().getPhase()).isEqualTo("Succeeded");
    assertThat(JobOutcome.of(bad, "demo-migration")).contains(new JobOutcome(false, "42 rows"));
  }

  @Test
  void a_job_whose_own_container_runs_is_not_over_and_says_nothing_of_the_other() {
    var running = seen(job().build(), pod(null, "migration", "injected"));

    assertThat(JobOutcome.of(running, "demo-migration")).isEmpty();
    assertThat(running.pods().getFirst().getStatus().getContainerStatuses())
        .extracting(status -> status.getName())
        .containsExactly("migration");
  }

  @Test
  void a_pod_as_it_was_asked_for_is_left_to_the_cluster() {
    var alone = seen(job().build(), pod(0, "migration"));

    assertThat(JobOutcome.of(alone, "demo-migration")).isEmpty();
    assertThat(alone.pods().getFirst().getStatus().getPhase()).isEqualTo("Running");
  }

  @Test
  void a_job_whose_work_was_done_when_its_deadline_took_the_pod_did_not_fail() {
    var late = seen(failed(), pod(0, "migration", "injected"));

    assertThat(JobOutcome.of(late, "demo-migration")).contains(new JobOutcome(true, ""));
    assertThat(JobOutcome.of(seen(failed()), "demo-migration").orElseThrow().good()).isFalse();
  }

  @Test
  void how_it_ended_is_written_on_the_job_and_holds_without_its_pod() {
    var ended = job(seen(job().build(), pod(7, "migration", "injected")));
    assertThat(OwnContainer.isToBeRecorded(ended)).isTrue();

    var written =
        new JobBuilder(failed())
            .editMetadata()
            .withAnnotations(OwnContainer.annotation(ended, new SecretMasker(List.of())))
            .endMetadata()
            .build();
    var later = seen(written);

    assertThat(JobOutcome.of(later, "demo-migration")).contains(new JobOutcome(false, "42 rows"));
    assertThat(JobOutcome.condition(job(later), "Failed").orElseThrow().getLastTransitionTime())
        .isEqualTo(AT);
    assertThat(OwnContainer.isRecorded(job(later))).isTrue();
    assertThat(OwnContainer.isToBeRecorded(job(later))).isFalse();
  }
}

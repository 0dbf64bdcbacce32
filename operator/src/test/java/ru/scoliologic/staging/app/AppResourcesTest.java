package ru.scoliologic.staging.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.postgres.DatabaseCopies;
import ru.scoliologic.staging.stage.Reason;

class AppResourcesTest {
  private static final AppVersion WANTED = AppVersion.ofImage("sample-app:1");

  private static Deployment deployment(long generation, long observed) {
    return deployment(generation, observed, 1);
  }

  private static Deployment deployment(long generation, long observed, int updated) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-app-" + WANTED.id())
        .withGeneration(generation)
        .endMetadata()
        .withNewStatus()
        .withObservedGeneration(observed)
        .withUpdatedReplicas(updated)
        .endStatus()
        .build();
  }

  /** A pod that ended so often with exit code 1. */
  private static Pod crashing(String template, Instant since, int restarts) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("app-" + template)
        .withCreationTimestamp(since.toString())
        .withLabels(
            Map.of(
                Labels.COMPONENT,
                ComponentName.APP.label(),
                Labels.VERSION,
                WANTED.id(),
                "pod-template-hash",
                template))
        .endMetadata()
        .withNewStatus()
        .addNewContainerStatus()
        .withName("app")
        .withReady(false)
        .withRestartCount(restarts)
        .withNewLastState()
        .withNewTerminated()
        .withExitCode(1)
        .endTerminated()
        .endLastState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  private static String annotation(String retry) {
    var snapshot = Given.aGoodStart().snapshot();
    var rollout = new Rollout(WANTED, Optional.empty(), Optional.empty(), Given.NOW);
    var app = new AppResources(snapshot, Map.of("A", "b"));
    var masking = new SecretMasker(java.util.List.of());
    var migration =
        Migration.decide(
            snapshot,
            rollout,
            app,
            new Migration.Attempt(WANTED, retry, Optional.empty(), true),
            image -> true,
            new DatabaseCopies(snapshot, masking),
            masking);
    return app.plan(rollout, migration, image -> retry, true, false).stream()
        .map(planned -> planned.object())
        .filter(Deployment.class::isInstance)
        .map(object -> ((Deployment) object).getSpec().getTemplate().getMetadata())
        .findFirst()
        .orElseThrow()
        .getAnnotations()
        .get(Labels.ATTEMPT);
  }

  @Test
  void a_version_that_ended_again_and_again_is_given_up() {
    var given = Given.aGoodStart().owning(deployment(1, 1));

    assertThat(
            AppResources.failedForGood(given.pod(crashing("a", Given.NOW, 2)).snapshot(), WANTED))
        .isFalse();
    assertThat(
            AppResources.failedForGood(given.pod(crashing("a", Given.NOW, 3)).snapshot(), WANTED))
        .isTrue();
  }

  @Test
  void what_it_met_while_its_database_was_away_does_not_count() {
    var back = Given.NOW.minusSeconds(30);
    var given =
        Given.aGoodStart().owning(deployment(1, 1)).pod(Given.ready(ComponentName.POSTGRES, back));

    assertThat(
            AppResources.failedForGood(
                given.pod(ended(crashing("a", Given.NOW, 3), back.minusSeconds(1))).snapshot(),
                WANTED))
        .isFalse();
    assertThat(
            AppResources.failedForGood(
                given.pod(ended(crashing("a", Given.NOW, 4), back.plusSeconds(1))).snapshot(),
                WANTED))
        .isTrue();
  }

  private static Pod ended(Pod pod, Instant begun) {
    return new PodBuilder(pod)
        .editStatus()
        .editFirstContainerStatus()
        .editLastState()
        .editTerminated()
        .withStartedAt(begun.toString())
        .endTerminated()
        .endLastState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  @Test
  void the_deadline_begins_anew_when_its_database_is_back() {
    var late =
        Given.aGoodStart()
            .owning(deployment(1, 1))
            .pod(running(500))
            .pod(Given.ready(ComponentName.REDIS, Given.NOW.minusSeconds(20)));

    assertThat(AppResources.observe(late.snapshot(), WANTED).overdue()).isTrue();
    assertThat(AppResources.failedForGood(late.snapshot(), WANTED)).isFalse();
  }

  @Test
  void what_the_pods_of_an_older_template_met_does_not_count() {
    var snapshot =
        Given.aGoodStart()
            .owning(deployment(2, 2))
            .pod(crashing("old", Given.NOW.minusSeconds(60), 9))
            .pod(crashing("new", Given.NOW, 0))
            .snapshot();

    assertThat(AppResources.failedForGood(snapshot, WANTED)).isFalse();
    assertThat(AppResources.observe(snapshot, WANTED).reason())
        .isEqualTo(Reason.CONTAINER_CRASHING);
  }

  @Test
  void time_in_which_its_image_was_not_there_does_not_count() {
    var late =
        new DeploymentBuilder(deployment(1, 1))
            .editStatus()
            .addNewCondition()
            .withType("Progressing")
            .withStatus("False")
            .withReason("ProgressDeadlineExceeded")
            .endCondition()
            .endStatus()
            .build();

    assertThat(
            AppResources.failedForGood(
                Given.aGoodStart().owning(late).pod(running(5)).snapshot(), WANTED))
        .isFalse();
    assertThat(
            AppResources.failedForGood(
                Given.aGoodStart().owning(late).pod(running(500)).snapshot(), WANTED))
        .isTrue();
  }

  /** A pod that has run for so many seconds and is not ready. */
  private static Pod running(int seconds) {
    return new PodBuilder(crashing("a", Given.NOW.minusSeconds(1000), 0))
        .editStatus()
        .editFirstContainerStatus()
        .withLastState(null)
        .withNewState()
        .withNewRunning(Given.NOW.minusSeconds(seconds).toString())
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  @Test
  void nothing_is_given_up_before_the_cluster_has_looked_at_the_change() {
    var snapshot =
        Given.aGoodStart().owning(deployment(2, 1)).pod(crashing("a", Given.NOW, 9)).snapshot();

    var withoutItsPods =
        Given.aGoodStart().owning(deployment(2, 2, 0)).pod(crashing("a", Given.NOW, 9)).snapshot();

    assertThat(AppResources.failedForGood(snapshot, WANTED)).isFalse();
    assertThat(AppResources.failedForGood(withoutItsPods, WANTED)).isFalse();
  }

  @Test
  void a_request_to_try_again_makes_other_pods_and_without_one_the_template_is_as_ever() {
    assertThat(annotation("")).isNull();
    assertThat(annotation("please")).isNotNull().isNotEqualTo(annotation("once more"));
  }
}

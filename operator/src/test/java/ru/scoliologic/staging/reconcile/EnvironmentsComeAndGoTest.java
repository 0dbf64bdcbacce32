package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.reconcile.check.CandidateChecker;
import ru.scoliologic.staging.reconcile.check.CheckScheduler;
import ru.scoliologic.staging.reconcile.check.DeniedTrafficExplainer;
import ru.scoliologic.staging.reconcile.check.ServingChecker;
import ru.scoliologic.staging.reconcile.observe.DeletedEnvironments;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.observe.KnownSecrets;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.validation.CheckRunner.Round;

/** Environments, one after the other, in the objects that all passes share. */
class EnvironmentsComeAndGoTest {
  private static final int COUNT = 20;
  private static final String UID = "uid-of-environment-";

  private static final Round PASSED =
      new Round(
          Optional.empty(),
          List.of(new Result("front page", "declared", Priority.Critical, Outcome.Passed, null)));

  private Instant now = Given.NOW;
  private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final DeletedEnvironments deletions = new DeletedEnvironments(memories, Runnable::run);
  private final KnownSecrets secrets = new KnownSecrets(memories);
  private final CheckScheduler serving = scheduler();
  private final CandidateChecker candidates = new CandidateChecker(scheduler());
  private final DeniedTrafficExplainer denials =
      new DeniedTrafficExplainer(namespace -> List.of(), clock);
  private final List<FutureTask<Void>> rounds = new ArrayList<>();
  private boolean checksEnd;

  private CheckScheduler scheduler() {
    return new CheckScheduler(
        target -> PASSED,
        (namespace, work) -> {
          var task = new FutureTask<Void>(work, null);
          rounds.add(task);
          if (checksEnd) {
            task.run();
          }
          return task;
        },
        ended -> {},
        clock,
        new OperatorMetrics(),
        memories);
  }

  /** As many passes as it takes until the checks run. */
  private StagingEnvironment comes(int number) {
    var environment = Given.aGoodStart().snapshot().environment();
    environment.getMetadata().setUid(UID + number);
    var cluster = new FakeCluster();
    var pass =
        new EnvironmentPass(
            cluster,
            candidates,
            new StageRunner(cluster, new ServingChecker(serving, cluster)),
            denials,
            secrets);
    for (int n = 0; n < 6; n++) {
      now = now.plus(Duration.ofSeconds(5));
      cluster.surroundings(Given.aGoodStart().at(now));
      pass.run(environment, List.of())
          .ifPresent(outcome ->
              environment.setStatus(outcome.status(environment, environment.getStatus(), clock)));
    }
    return environment;
  }

  private Stream<Object> kept() {
    return Reachable.from(memories, deletions, secrets, serving, candidates, denials)
        .filter(object ->
            object instanceof StagingEnvironment
                || (object instanceof String text && text.contains(UID)));
  }

  @Test
  void nothing_of_them_stays_behind() {
    var environments = new ArrayList<StagingEnvironment>();
    for (int i = 0; i < COUNT; i++) {
      checksEnd = i % 2 == 0;
      environments.add(comes(i));
    }
    assertThat(memories.uids()).hasSize(COUNT);
    assertThat(kept()).hasSizeGreaterThanOrEqualTo(COUNT);
    assertThat(rounds).anyMatch(round -> !round.isDone());

    environments.forEach(deletions::onResourceDeleted);

    assertThat(memories.uids()).isEmpty();
    assertThat(rounds).allMatch(FutureTask::isDone);
    assertThat(kept()).isEmpty();
  }

  @Test
  void another_environment_of_the_same_name_begins_without_what_was_known_of_the_first() {
    var first = comes(1);
    var second = comes(2);

    deletions.onResourceUpdated(second, first);

    assertThat(memories.uids()).containsExactly(UID + 2);
  }

  @Test
  void an_edit_forgets_nothing() {
    var environment = comes(1);

    deletions.onResourceUpdated(environment, environment);

    assertThat(memories.uids()).containsExactly(UID + 1);
  }
}

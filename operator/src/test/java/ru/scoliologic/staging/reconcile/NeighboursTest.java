package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.reconcile.check.CheckScheduler;
import ru.scoliologic.staging.reconcile.check.CheckSubject;
import ru.scoliologic.staging.reconcile.observe.BackgroundPool;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.validation.CandidateChecks;
import ru.scoliologic.staging.validation.CheckRunner.Round;
import ru.scoliologic.staging.validation.GivenTarget;
import ru.scoliologic.staging.validation.HostileServer;

/**
 * Eight environments of one namespace whose application never ends an answer, which is as many as
 * the operator has threads, beside a good one of another namespace.
 */
class NeighboursTest {
  private static final int COUNT = 8;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final BackgroundPool pool = new BackgroundPool();
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final CheckScheduler verification =
      new CheckScheduler(
          CandidateChecks::run,
          pool::submit,
          environment -> {},
          Clock.systemUTC(),
          new OperatorMetrics(),
          memories);
  private HostileServer server;

  @BeforeEach
  void a_server() throws Exception {
    server = new HostileServer();
  }

  @AfterEach
  void it_stops() throws Exception {
    memories.uids().forEach(memories::drop);
    server.close();
  }

  private static StagingEnvironment environment(String namespace, String name) {
    var environment = Given.environment("demo");
    environment.getMetadata().setName(name);
    environment.getMetadata().setNamespace(namespace);
    environment.getMetadata().setUid(namespace + "/" + name);
    return environment;
  }

  private Optional<Round> pass(StagingEnvironment environment, String path) {
    var checks = "checks: [{name: page, path: %s}]".formatted(path);
    return verification.answer(
        environment,
        new CheckSubject("subject"),
        GivenTarget.pod(
            server.port(),
            Given.healthCheck(server.port(), "{}"),
            new KubernetesSerialization().unmarshal(checks, ValidationSpec.class)));
  }

  @Test
  void a_version_is_checked_while_all_neighbours_hold_their_checks_open() {
    var hostile =
        IntStream.rangeClosed(1, COUNT).mapToObj(i -> environment("hostile", "env" + i)).toList();
    var good = environment("good", "env");
    assertThat(hostile).allMatch(neighbour -> pass(neighbour, "/drip").isEmpty());
    await("all neighbours to hold a request").atMost(LIMIT).until(() -> server.held() == COUNT);

    await("the good one's answer").atMost(LIMIT).until(() -> pass(good, "/api/health").isPresent());

    assertThat(pass(good, "/api/health").orElseThrow().results())
        .extracting(Result::outcome)
        .containsOnly(Outcome.Passed);
    assertThat(hostile)
        .as("neighbours whose round has not ended")
        .allMatch(neighbour -> pass(neighbour, "/drip").isEmpty());
  }
}

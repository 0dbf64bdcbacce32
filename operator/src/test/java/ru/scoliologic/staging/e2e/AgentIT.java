package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.agent.Agent;
import ru.scoliologic.staging.agent.AgentFiles;
import ru.scoliologic.staging.agent.build.BuildReason;
import ru.scoliologic.staging.agent.build.ImageBuilder;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.AgentContract.State;
import ru.scoliologic.staging.throwaway.AuditEvent;
import ru.scoliologic.staging.throwaway.GitHttpServer;
import ru.scoliologic.staging.throwaway.GitRepository;

/** The agent in the test's process, with an agent's rights on the real API server. */
class AgentIT {
  private static final String NAMESPACE = "agent";
  private static final String ACCOUNT = "demo-gitops-agent";
  private static final String DIGEST = "sha256:" + "0".repeat(64);
  private static Staging staging;

  @TempDir private Path folder;
  private final PlayedBuilder builder = new PlayedBuilder();
  private GitRepository repository;
  private GitHttpServer server;
  private Agent agent;

  @BeforeAll
  static void an_account_with_the_rights_of_an_agent() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    var objects =
        staging
            .admin()
            .load(
                new ByteArrayInputStream(
                    Given.resource("/e2e/agent.yaml").getBytes(StandardCharsets.UTF_8)))
            .items();
    for (HasMetadata object : objects) {
      staging.admin().resource(object).inNamespace(NAMESPACE).create();
    }
  }

  @AfterAll
  static void all_is_removed() {
    staging.remove(NAMESPACE);
  }

  @BeforeEach
  void a_repository() {
    repository = GitRepository.create(folder, "app.git");
    server = GitHttpServer.start(folder);
  }

  @AfterEach
  void the_agent_ends() {
    if (agent != null) {
      agent.close();
    }
    server.close();
    staging.admin().resources(StagingRelease.class).inNamespace(NAMESPACE).delete();
  }

  private void start() throws Exception {
    var gitops =
        new GitopsSpec(
            server.url("app.git"),
            "main",
            5,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null);
    var config =
        new AgentContract.Config(
            "demo", NAMESPACE, gitops, "demo-registry:5000/app", "tcp://127.0.0.1:2375");
    var file = folder.resolve("config.json");
    new ObjectMapper().writeValue(file.toFile(), config);
    var none = folder.resolve("none");
    var files = new AgentFiles(file, none, none, none, none, none, none, folder.resolve("work"));
    agent = Agent.start(files, staging.cluster().as(NAMESPACE, ACCOUNT), builder, 0);
  }

  private Optional<StagingRelease> release(String commit) {
    return staging.releaseOf(NAMESPACE, commit);
  }

  private Optional<BuildStatus> build(String commit) {
    return release(commit).map(StagingRelease::getStatus).map(StagingReleaseStatus::build);
  }

  private void awaitState(String commit, BuildState state) {
    await(state + " of " + commit)
        .atMost(Staging.SOON)
        .until(() -> build(commit).filter(b -> b.state() == state).isPresent());
  }

  private State state() {
    return State.of(
            staging.admin().configMaps().inNamespace(NAMESPACE).withName(ACCOUNT + "-state").get())
        .orElse(new State("", "", "", ""));
  }

  @Test
  void a_head_becomes_a_release_and_is_built_with_no_other_right_than_an_agents() throws Exception {
    var commit = repository.push("first");

    start();
    awaitState(commit, BuildState.Built);

    var release = release(commit).orElseThrow();
    var build = release.getStatus().build();
    assertThat(build.digest()).isEqualTo(DIGEST);
    assertThat(build.logTail()).isEqualTo("Step 1/1 : FROM scratch\n");
    assertThat(release.getStatus().conditions()).isNullOrEmpty();
    assertThat(state().head()).isEqualTo(release.getMetadata().getName());
    assertThat(state().reason()).isEqualTo("Following");
    assertThat(release.getMetadata().getManagedFields())
        .extracting(ManagedFieldsEntry::getManager)
        .contains("staging-agent");
  }

  @Test
  void while_nothing_changes_nothing_is_written() throws Exception {
    var begun = Instant.now();
    var commit = repository.push("first");
    start();
    awaitState(commit, BuildState.Built);
    await("followed").atMost(Staging.SOON).until(() -> state().reason().equals("Following"));
    var since = Instant.now();
    int requests = server.requests().size();

    await("two more looks")
        .atMost(Staging.SOON)
        .until(() -> server.requests().size() >= requests + 4);

    assertThat(writes(begun, since)).isNotEmpty();
    assertThat(writes(since, Instant.now())).isEmpty();
  }

  private static List<AuditEvent> writes(Instant from, Instant to) {
    return staging
        .cluster()
        .auditLog()
        .by(NAMESPACE, ACCOUNT, from)
        .filter(AuditEvent::isWrite)
        .filter(event -> event.time().isBefore(to))
        .toList();
  }

  @Test
  void an_agent_that_ends_in_a_build_leaves_it_to_the_next_one() throws Exception {
    builder.holds = true;
    var commit = repository.push("first");
    start();
    awaitState(commit, BuildState.Building);
    await("the builder at work").atMost(Staging.SOON).until(() -> builder.builds.get() == 1);
    agent.close();
    assertThat(build(commit).orElseThrow().state()).isEqualTo(BuildState.Building);

    builder.holds = false;
    start();

    awaitState(commit, BuildState.Built);
    assertThat(build(commit).orElseThrow().attempt()).isEqualTo(2);
    assertThat(builder.builds).hasValue(2);
  }

  @Test
  void a_failed_commit_is_built_again_within_seconds_of_a_request() throws Exception {
    builder.fails = true;
    var commit = repository.push("first");
    start();
    awaitState(commit, BuildState.Failed);
    builder.fails = false;

    staging
        .admin()
        .resource(release(commit).orElseThrow())
        .patch(
            new PatchContext.Builder().withPatchType(PatchType.JSON_MERGE).build(),
            "{\"spec\":{\"retry\":\"again\"}}");

    await("built")
        .atMost(Duration.ofSeconds(20))
        .until(() -> build(commit).orElseThrow().state() == BuildState.Built);
    var build = build(commit).orElseThrow();
    assertThat(build.retry()).isEqualTo("again");
    assertThat(build.reason()).isNull();
  }

  /** Plays a build. */
  private static final class PlayedBuilder implements ImageBuilder {
    private final AtomicInteger builds = new AtomicInteger();
    private volatile boolean holds;
    private volatile boolean fails;

    @Override
    public Outcome build(Order order, Progress progress) throws InterruptedException {
      builds.incrementAndGet();
      progress.line("Step 1/1 : FROM scratch");
      if (holds) {
        new Semaphore(0).acquire();
      }
      if (fails || !Files.exists(order.source().resolve("README.md"))) {
        return new Outcome.Failed(BuildReason.BUILD_FAILED, "It does not build.");
      }
      var built = Instant.now();
      progress.built(built);
      return new Outcome.Pushed(DIGEST, built, Instant.now());
    }
  }
}

package ru.scoliologic.staging.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;
import ru.scoliologic.staging.throwaway.GitHttpServer;
import ru.scoliologic.staging.throwaway.GitRepository;

/** The whole agent against Git's own server; the cluster is in memory and builds are played. */
class AgentTest {
  private static final String TOKEN = "ghp_0123456789abcdef";
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private final InMemoryReleases cluster = new InMemoryReleases();
  private final FakeBuilder builder = new FakeBuilder();
  private GitRepository repository;
  private GitHttpServer server;
  private MountedFiles mounted;
  private Agent agent;
  private String pin;
  private final HttpClient http = HttpClient.newHttpClient();

  @BeforeEach
  void a_repository_behind_a_token() {
    repository = GitRepository.create(folder, "app.git");
    server = GitHttpServer.start(folder);
    server.token(TOKEN);
    mounted = new MountedFiles(folder.resolve("mounted")).token(TOKEN);
  }

  @AfterEach
  void all_ends() {
    if (agent != null) {
      agent.close();
    }
    server.close();
  }

  private void start() throws IOException {
    start(cluster.new Access());
  }

  private void start(ReleaseStore store) throws IOException {
    agent = Agent.start(mounted.files(), config("main", 1), store, builder, 0);
  }

  private Config config(String branch, int intervalSeconds) {
    var gitops =
        new GitopsSpec(
            server.url("app.git"),
            branch,
            intervalSeconds,
            null,
            null,
            null,
            null,
            null,
            null,
            pin,
            null,
            null,
            null,
            null);
    return new Config("demo", "team", gitops, "registry:5000/app", "tcp://engine:2375");
  }

  /** As the kubelet brings a changed ConfigMap into the pod. */
  private void configured(Config config) throws IOException {
    mounted.with("config.json", new ObjectMapper().writeValueAsString(config));
  }

  private static ConditionFactory soon(String what) {
    return await(what).atMost(SOON).pollInterval(Duration.ofMillis(50));
  }

  private void awaitBuild(String commit, BuildState state) {
    soon(state + " of " + commit)
        .until(() -> cluster.build(commit).filter(build -> build.state() == state).isPresent());
  }

  private void awaitReason(String reason) {
    soon(reason + " in the state; last: " + cluster.state())
        .until(() -> cluster.state().filter(state -> state.reason().equals(reason)).isPresent());
  }

  private void awaitHead(String commit) {
    soon("head at " + commit)
        .until(() ->
            cluster
                .state()
                .filter(state -> state.head().startsWith("demo-" + commit.substring(0, 10)))
                .isPresent());
  }

  private String pushed(String message, String build) {
    var hash = repository.commit("build", build, message);
    repository.push(hash, "main");
    return hash;
  }

  private String waiting(String message) {
    repository.commit("README.md", message, "text");
    return pushed(message, "waits");
  }

  @Test
  void another_configuration_counts_while_a_build_goes_on() throws Exception {
    var slow = waiting("slow");
    agent = Agent.start(mounted.files(), config("main", 3600), cluster.new Access(), builder, 0);
    awaitBuild(slow, BuildState.Building);

    configured(config("main", 1));
    var next = pushed("next", "");
    awaitHead(next);

    assertThat(cluster.build(slow).orElseThrow().attempt()).isEqualTo(1);
  }

  @Test
  void another_branch_is_followed_without_a_restart() throws Exception {
    var first = repository.push("first");
    var other = repository.commit("README.md", "other", "other");
    repository.push(other, "feature/#12-login");
    start();
    awaitHead(first);
    awaitBuild(first, BuildState.Built);

    configured(config("feature/#12-login", 1));

    awaitHead(other);
    awaitBuild(other, BuildState.Built);
    assertThat(cluster.of(other).orElseThrow().getSpec().commit().branch())
        .isEqualTo("feature/#12-login");
  }

  @Test
  void a_configuration_that_cannot_be_read_changes_nothing() throws Exception {
    start();
    mounted.with("config.json", "{");
    var first = repository.push("first");

    awaitHead(first);
  }

  @Test
  void a_commit_becomes_a_release_then_the_head_and_is_built() throws Exception {
    var commit = repository.push("first");

    start();
    awaitBuild(commit, BuildState.Built);

    var release = cluster.of(commit).orElseThrow();
    assertThat(release.getMetadata().getName())
        .matches("demo-" + commit.substring(0, 10) + "-[0-9a-f]{6}");
    assertThat(release.getMetadata().getLabels())
        .containsEntry("staging.scoliologic.ru/environment", "demo")
        .containsEntry("app.kubernetes.io/managed-by", "staging-operator");
    assertThat(release.getSpec().environment()).isEqualTo("demo");
    assertThat(release.getSpec().commit().subject()).isEqualTo("first");
    assertThat(release.getSpec().buildHash()).hasSize(20);
    var build = release.getStatus().build();
    assertThat(build.digest()).isEqualTo("sha256:" + "0".repeat(64));
    assertThat(build.attempt()).isEqualTo(1);
    assertThat(build.logTail()).isEqualTo("Step 1/1 : FROM scratch \n");
    assertThat(
            Stream.of(build.started(), build.built(), build.pushed()).map(Instant::parse).toList())
        .isSorted();
    assertThat(cluster.writes())
        .startsWith("create " + release.getMetadata().getName(), "state Following");
  }

  @Test
  void while_nothing_changes_nothing_is_written() throws Exception {
    var commit = repository.push("first");
    start();
    awaitBuild(commit, BuildState.Built);
    int writes = cluster.writes().size();
    int requests = server.requests().size();

    soon("three more looks").until(() -> server.requests().size() > requests + 9);

    assertThat(cluster.writes()).hasSize(writes);
  }

  @Test
  void a_push_back_to_a_built_commit_only_moves_the_head() throws Exception {
    var first = repository.push("first");
    start();
    awaitBuild(first, BuildState.Built);
    var second = repository.push("second");
    awaitBuild(second, BuildState.Built);
    awaitHead(second);

    repository.push(first, "main");
    awaitHead(first);

    assertThat(builder.builds()).containsExactly("first", "second");
    assertThat(cluster.all()).hasSize(2);
  }

  @Test
  void a_commit_that_does_not_build_is_told_and_tried_again_only_when_asked() throws Exception {
    var commit = pushed("broken", "fails");
    start();
    awaitBuild(commit, BuildState.Failed);
    assertThat(cluster.build(commit).orElseThrow().reason()).isEqualTo("BuildFailed");
    agent.close();
    start();
    awaitReason("Following");
    assertThat(builder.builds()).hasSize(1);

    cluster.retry(commit, "again");

    soon("another try")
        .until(() ->
            cluster
                .build(commit)
                .filter(b -> b.state() == BuildState.Failed && "again".equals(b.retry()))
                .isPresent());
    assertThat(cluster.build(commit).orElseThrow().attempt()).isEqualTo(2);
    assertThat(builder.builds()).hasSize(2);
  }

  @Test
  void a_newer_commit_ends_a_build_once_and_the_next_one_is_built_to_its_end() throws Exception {
    var first = waiting("first");
    start();
    soon("first begun").until(() -> builder.builds().size() == 1);
    var second = waiting("second");
    awaitBuild(first, BuildState.Cancelled);
    soon("second begun").until(() -> builder.builds().size() == 2);
    var third = waiting("third");
    awaitHead(third);

    builder.letGo();
    awaitBuild(second, BuildState.Built);
    soon("third begun").until(() -> builder.builds().size() == 3);
    builder.letGo();

    awaitBuild(third, BuildState.Built);
    assertThat(builder.builds()).containsExactly("first", "second", "third");
  }

  @Test
  void trouble_of_the_engine_is_waited_for_and_never_failed() throws Exception {
    builder.engineDown(true);
    var commit = repository.push("first");
    start();
    awaitBuild(commit, BuildState.Waiting);
    assertThat(cluster.build(commit).orElseThrow().reason()).isEqualTo("EngineUnreachable");

    builder.engineDown(false);

    awaitBuild(commit, BuildState.Built);
    assertThat(cluster.build(commit).orElseThrow().reason()).isNull();
    assertThat(cluster.build(commit).orElseThrow().attempt()).isEqualTo(2);
  }

  @Test
  void an_agent_that_is_stopped_in_a_build_leaves_it_to_the_next_one() throws Exception {
    var commit = waiting("first");
    start();
    awaitBuild(commit, BuildState.Building);
    soon("the build begun").until(() -> builder.builds().size() == 1);
    agent.close();
    assertThat(cluster.build(commit).orElseThrow().state()).isEqualTo(BuildState.Building);

    builder.letGo();
    start();

    awaitBuild(commit, BuildState.Built);
    assertThat(builder.builds()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void an_agent_that_dies_after_any_write_loses_no_head_and_makes_none_twice(int writes)
      throws Exception {
    var commit = repository.push("first");
    var dying = cluster.new Access();
    dying.dieAfter(writes);
    start(dying);
    soon("the last write").until(() -> cluster.writes().size() == writes);
    await("what the agent still does in vain").pollDelay(Duration.ofMillis(300)).until(() -> true);
    agent.close();

    start();
    awaitBuild(commit, BuildState.Built);
    awaitHead(commit);

    assertThat(cluster.writes()).filteredOn(write -> write.startsWith("create")).hasSize(1);
    assertThat(cluster.all()).hasSize(1);
  }

  @Test
  void what_is_wrong_with_the_repository_is_told_until_it_is_mended() throws Exception {
    start();
    awaitReason("RepositoryEmpty");
    var first = repository.push("first");
    awaitReason("Following");
    repository.push(first, "other");
    repository.delete("main");
    awaitReason("BranchMissing");
    awaitHead(first);
    repository.push(first, "main");
    awaitReason("Following");
    server.down();
    awaitReason("RepositoryUnreachable");
    server.up();
    awaitReason("Following");

    assertThat(cluster.states())
        .extracting(state -> state.reason())
        .containsExactly(
            "RepositoryEmpty",
            "Following",
            "BranchMissing",
            "Following",
            "RepositoryUnreachable",
            "Following");
  }

  @Test
  void a_token_that_is_revoked_is_told_and_a_new_one_in_the_file_is_taken_at_once()
      throws Exception {
    repository.push("first");
    start();
    awaitReason("Following");
    server.token("ghp_fedcba9876543210");
    awaitReason("CredentialsRefused");
    // By now the next look would come many seconds later.
    soon("some looks").until(() -> server.requests().size() > 14);

    mounted.token("ghp_fedcba9876543210");

    await("followed again")
        .atMost(Duration.ofSeconds(20))
        .until(() -> cluster.state().orElseThrow().reason().equals("Following"));
  }

  @Test
  void a_pinned_commit_is_built_before_the_head() throws Exception {
    pin = repository.push("pinned");
    var head = repository.push("head");

    start();
    awaitBuild(pin, BuildState.Built);
    awaitBuild(head, BuildState.Built);

    awaitHead(head);
    assertThat(Instant.parse(cluster.build(pin).orElseThrow().started()))
        .isBefore(Instant.parse(cluster.build(head).orElseThrow().started()));
  }

  @Test
  void a_pinned_commit_that_the_server_lacks_is_told_and_the_head_is_built_all_the_same()
      throws Exception {
    pin = "1".repeat(40);
    var head = repository.push("head");

    start();

    awaitReason("PinMissing");
    awaitBuild(head, BuildState.Built);
  }

  @Test
  void a_webhook_brings_a_look_before_its_time_and_many_bring_one() throws Exception {
    mounted.with("webhook", "word");
    start();
    awaitReason("RepositoryEmpty");
    soon("a long pause").until(() -> server.requests().size() > 9);
    var commit = repository.push("first");
    int before = server.requests().size();

    for (int i = 0; i < 20; i++) {
      assertThat(hook()).isEqualTo(202);
    }

    await("built")
        .atMost(Duration.ofSeconds(30))
        .until(() -> cluster.build(commit).filter(b -> b.state() == BuildState.Built).isPresent());
    assertThat(server.requests().size() - before).isLessThan(40);
  }

  private int hook() throws IOException, InterruptedException {
    return http.send(
            HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + agent.port() + AgentContract.WEBHOOK_PATH))
                .header("X-Gitlab-Token", "word")
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString())
        .statusCode();
  }

  @Test
  void a_cluster_out_of_reach_costs_no_build() throws Exception {
    var commit = waiting("first");
    start();
    awaitBuild(commit, BuildState.Building);
    cluster.down(true);
    builder.letGo();
    await("writes in vain").pollDelay(Duration.ofMillis(1500)).until(() -> true);

    cluster.down(false);

    awaitBuild(commit, BuildState.Built);
    assertThat(builder.builds()).hasSize(1);
  }

  @Test
  void credentials_are_hidden_in_all_that_is_told() throws Exception {
    mounted.with("webhook", "the-word-of-the-hook");
    mounted.with(
        "registry.json",
        "{\"auths\":{\"registry:5000\":{\"auth\":\"YWdlbnQ6cmVnaXN0cnktcGFzc3dvcmQ=\"}}}");
    builder.say(TOKEN + " the-word-of-the-hook registry-password");
    var commit = repository.push("with " + TOKEN);

    start();
    awaitBuild(commit, BuildState.Built);

    var told = cluster.of(commit).orElseThrow();
    assertThat(told.getSpec().commit().subject()).isEqualTo("with ***");
    assertThat(told.getStatus().build().logTail())
        .isEqualTo("Step 1/1 : FROM scratch *** *** ***\n");
  }

  @Test
  void submodules_are_told_as_the_commits_fault() throws Exception {
    var other = repository.commit("a", "1", "a");
    repository.git("update-index", "--add", "--cacheinfo", "160000," + other + ",vendor");
    repository.git("commit", "-q", "-m", "submodule");
    var commit = repository.git("rev-parse", "HEAD");
    repository.push(commit, "main");

    start();

    awaitBuild(commit, BuildState.Failed);
    assertThat(cluster.build(commit).orElseThrow().reason()).isEqualTo("SubmodulesUnsupported");
  }

  @Test
  void it_measures_looks_and_builds() throws Exception {
    var commit = repository.push("first");
    start();
    awaitBuild(commit, BuildState.Built);
    soon("measured")
        .untilAsserted(() ->
            assertThat(agent.scrape())
                .contains(
                    "staging_agent_builds_total{outcome=\"Built\"} 1.0",
                    "staging_agent_looks_total{outcome=\"Following\"}",
                    "staging_agent_step_seconds_count{step=\"push\"} 1",
                    "staging_agent_followed_age_seconds",
                    "staging_agent_head_age_seconds"));
    assertThat(agent.isAlive()).isTrue();
  }
}

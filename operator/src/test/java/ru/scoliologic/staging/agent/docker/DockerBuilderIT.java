package ru.scoliologic.staging.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;
import ru.scoliologic.staging.agent.build.ImageBuilder;
import ru.scoliologic.staging.agent.build.ImageBuilder.Order;
import ru.scoliologic.staging.agent.build.ImageBuilder.Outcome;
import ru.scoliologic.staging.agent.registry.RegistryCleaner;
import ru.scoliologic.staging.api.Build;
import ru.scoliologic.staging.cluster.model.RegistryLogin;
import ru.scoliologic.staging.throwaway.Bridge;

/** Builds on the machine's Docker engine and pushes to a registry that wants a password. */
class DockerBuilderIT {
  private static final String PASSWORD = "right-password";
  private static final String BASE = "FROM debian:trixie-slim\n";
  private static final int PORT = freePort();
  private static final String REPOSITORY = "127.0.0.1:" + PORT + "/app";

  private static final GenericContainer<?> REGISTRY =
      new GenericContainer<>(DockerImageName.parse("registry:3"))
          .withEnv(
              Map.of(
                  "REGISTRY_AUTH", "htpasswd",
                  "REGISTRY_AUTH_HTPASSWD_REALM", "registry",
                  "REGISTRY_AUTH_HTPASSWD_PATH", "/htpasswd",
                  "REGISTRY_STORAGE_DELETE_ENABLED", "true"))
          .withCopyFileToContainer(
              MountableFile.forClasspathResource("agent/htpasswd"), "/htpasswd")
          .withExposedPorts(5000)
          .waitingFor(Wait.forLogMessage(".*listening on.*", 1))
          // The same port after a restart.
          .withCreateContainerCmdModifier(create ->
              create
                  .getHostConfig()
                  .withPortBindings(
                      new PortBinding(Ports.Binding.bindPort(PORT), ExposedPort.tcp(5000))));

  @TempDir Path folder;
  private Bridge engine;
  private Path source;
  private final Recorder progress = new Recorder();

  private static final class Recorder implements ImageBuilder.Progress {
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final List<Instant> built = new CopyOnWriteArrayList<>();

    @Override
    public void line(String text) {
      lines.add(text);
    }

    @Override
    public void built(Instant at) {
      built.add(at);
    }

    @Override
    public String masked(String text) {
      return text;
    }
  }

  @BeforeAll
  static void the_registry_starts() {
    REGISTRY.start();
  }

  @AfterAll
  static void nothing_stays() throws Exception {
    try (var bridge = Bridge.toEngine();
        var docker = DockerEngine.connect(bridge.address("tcp"), Path.of("/nowhere"))) {
      new BuildCache(REPOSITORY, false).tidy(docker, 0);
    }
    REGISTRY.stop();
  }

  @BeforeEach
  void a_commit_and_an_engine() throws IOException {
    engine = Bridge.toEngine();
    source = Files.createDirectory(folder.resolve("source"));
    password(PASSWORD);
  }

  @AfterEach
  void the_bridge_goes() {
    engine.close();
  }

  private void password(String password) throws IOException {
    var login =
        Base64.getEncoder()
            .encodeToString(
                ("agent:" + password).getBytes(java.nio.charset.StandardCharsets.UTF_8));
    Files.writeString(
        folder.resolve("login.json"),
        "{\"auths\": {\"127.0.0.1:%d\": {\"auth\": \"%s\"}}}".formatted(PORT, login));
  }

  private void file(String path, String text) throws IOException {
    Files.createDirectories(source.resolve(path).getParent());
    Files.writeString(source.resolve(path), text);
  }

  private static Build build(String dockerfile, String context, String target, int seconds) {
    return new Build(
        dockerfile,
        context,
        target,
        List.of(new Build.Argument("GREETING", "good morning")),
        seconds,
        null);
  }

  private Order order(String tag, Build build) {
    return new Order(source, build, REPOSITORY, tag, Map.of("commit", "abc"));
  }

  private Outcome build(Order order) throws InterruptedException {
    return builder(engine.address("tcp")).build(order, progress);
  }

  private Outcome build(String tag) throws InterruptedException {
    return build(order(tag, build(null, null, null, 120)));
  }

  private DockerBuilder builder(URI address) {
    return new DockerBuilder(
        new DockerBuilder.Place(
            address,
            false,
            folder.resolve("tls"),
            folder.resolve("login.json"),
            folder.resolve("base-images")),
        Clock.systemUTC());
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String fresh() {
    return "t" + UUID.randomUUID().toString().substring(0, 12);
  }

  private static int manifest(String reference) throws Exception {
    var request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + PORT + "/v2/app/manifests/" + reference))
            .header("Authorization", new RegistryLogin("agent", PASSWORD).basic())
            .header("Accept", "application/vnd.docker.distribution.manifest.v2+json")
            .build();
    try (var http = HttpClient.newHttpClient()) {
      return http.send(request, BodyHandlers.discarding()).statusCode();
    }
  }

  private void assertRetry(Outcome outcome, String reason) {
    assertThat(outcome).isInstanceOf(Outcome.Retry.class);
    assertThat(((Outcome.Retry) outcome).reason().camelCase())
        .as(outcome.toString())
        .isEqualTo(reason);
    assertThat(outcome.toString() + progress.lines).doesNotContain(PASSWORD);
  }

  private Outcome.Failed assertFailed(Outcome outcome, String reason) {
    assertThat(outcome).isInstanceOf(Outcome.Failed.class);
    assertThat(((Outcome.Failed) outcome).reason().camelCase())
        .as(outcome.toString())
        .isEqualTo(reason);
    return (Outcome.Failed) outcome;
  }

  @Test
  void a_commit_becomes_an_image_in_the_registry_and_the_next_one_uses_the_cache()
      throws Exception {
    file("app/.dockerignore", "# all but\n*\n!kept\n!sub\nsub/*.log\n!sub/two.log\n");
    file("app/kept", "x");
    file("app/left", "x");
    file("app/sub/one.log", "x");
    file("app/sub/two.log", "x");
    Files.createSymbolicLink(source.resolve("app/sub/link"), Path.of("/etc/passwd"));
    file(
        "docker/Dockerfile",
        """
        FROM debian:trixie-slim AS app
        ARG GREETING
        COPY . /app
        RUN echo said $GREETING && cd /app && echo has $(find . | sort) && test -L sub/link
        FROM debian:trixie-slim AS unused
        RUN false
        """);
    var build = build("docker/Dockerfile", "app", "app", 120);

    var first = build(order(fresh(), build));

    assertThat(first).isInstanceOf(Outcome.Pushed.class);
    assertThat(manifest(((Outcome.Pushed) first).digest())).isEqualTo(200);
    assertThat(progress.built).hasSize(1);
    assertThat(progress.lines)
        .contains("said good morning", "has . ./kept ./sub ./sub/link ./sub/two.log");
    progress.lines.clear();
    assertThat(build(order(fresh(), build))).isInstanceOf(Outcome.Pushed.class);
    assertThat(progress.lines)
        .anyMatch(line -> line.contains("Using cache"))
        .doesNotContain("said good morning");
  }

  @Test
  void what_the_commit_does_wrong_is_told() throws Exception {
    assertThat(assertFailed(build(fresh()), "DockerfileMissing").message())
        .contains("no file Dockerfile");

    file("Dockerfile", BASE + "RUN echo almost there && exit 3\n");
    assertThat(assertFailed(build(fresh()), "BuildFailed").message()).endsWith("code: 3");
    assertThat(progress.lines).contains("almost there");

    file("Dockerfile", BASE + "RUN sh -c 'kill -9 $$'; exit $?\n");
    assertThat(assertFailed(build(fresh()), "BuildFailed").message()).contains("out of memory");

    file("Dockerfile", BASE + "NONSENSE here\n");
    assertThat(assertFailed(build(fresh()), "BuildFailed").message()).contains("NONSENSE");

    file("Dockerfile", BASE + "RUN --mount=type=cache,target=/c true\n");
    assertThat(assertFailed(build(fresh()), "BuildKitNeeded").message())
        .contains("line 2", "RUN --mount");

    file("Dockerfile", BASE + "RUN <<EOF\necho hello\nEOF\n");
    assertThat(assertFailed(build(fresh()), "BuildKitNeeded").message())
        .contains("line 2", "RUN <<EOF");
  }

  @Test
  void a_dockerfile_that_leads_out_of_the_commit_is_not_read() throws Exception {
    Files.createSymbolicLink(source.resolve("Dockerfile"), folder.resolve("login.json"));

    assertFailed(build(fresh()), "DockerfileMissing");
  }

  @Test
  void a_base_image_is_waited_for_when_its_registry_is_silent() throws Exception {
    file("Dockerfile", "FROM 127.0.0.1:" + freePort() + "/base:1\n");
    assertRetry(build(fresh()), "BaseImageUnavailable");

    file("Dockerfile", "FROM " + REPOSITORY + ":never\n");
    assertFailed(build(fresh()), "BuildFailed");
  }

  @Test
  void a_build_that_takes_too_long_is_ended() throws Exception {
    file("Dockerfile", BASE + "RUN echo here && sleep 301\n");

    var outcome = build(order(fresh(), build(null, null, null, 15)));

    assertThat(assertFailed(outcome, "BuildTimedOut").message()).contains("15 s", "sleep 301");
    awaitNoContainer("sleep 301");
  }

  @Test
  void an_interrupted_build_is_ended_at_once() throws Exception {
    file("Dockerfile", BASE + "RUN sleep 302\n");
    var thrown = new CompletableFuture<Throwable>();
    var thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                thrown.completeExceptionally(new AssertionError(build(fresh())));
              } catch (InterruptedException e) {
                thrown.complete(e);
              }
            });
    await("the build runs").atMost(Duration.ofSeconds(60)).until(() -> running("sleep 302"));

    thread.interrupt();

    assertThat(thrown.get(5, java.util.concurrent.TimeUnit.SECONDS))
        .isInstanceOf(InterruptedException.class);
    awaitNoContainer("sleep 302");
  }

  private boolean running(String command) throws Exception {
    try (var docker = DockerEngine.connect(engine.address("tcp"), Path.of("/nowhere"))) {
      return docker.ask(d -> d.listContainersCmd().exec()).stream()
          .anyMatch(container -> container.getCommand().contains(command));
    }
  }

  private void awaitNoContainer(String command) {
    await("no container runs " + command)
        .atMost(Duration.ofSeconds(30))
        .until(() -> !running(command));
  }

  @Test
  void an_engine_that_is_away_or_goes_away_is_waited_for() throws Exception {
    file("Dockerfile", BASE + "RUN sleep 303\n");
    var nobody = URI.create("tcp://127.0.0.1:" + freePort());
    assertRetry(
        builder(nobody).build(order(fresh(), build(null, null, null, 60)), progress),
        "EngineUnreachable");

    var outcome =
        CompletableFuture.supplyAsync(() -> {
          try {
            return build(fresh());
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    await("the build runs").atMost(Duration.ofSeconds(60)).until(() -> running("sleep 303"));
    engine.close();

    assertRetry(outcome.get(), "EngineUnreachable");
    engine = Bridge.toEngine();
    awaitNoContainer("sleep 303");
  }

  @Test
  void what_was_built_is_pushed_when_the_registry_is_back() throws Exception {
    file("Dockerfile", BASE + "RUN echo " + fresh() + " > /file\n");
    var tag = fresh();
    var docker = REGISTRY.getDockerClient();
    docker.stopContainerCmd(REGISTRY.getContainerId()).exec();
    try {
      assertRetry(build(tag), "RegistryUnreachable");
    } finally {
      docker.startContainerCmd(REGISTRY.getContainerId()).exec();
      await("the registry answers")
          .ignoreExceptions()
          .atMost(Duration.ofSeconds(30))
          .until(() -> manifest("none") == 404);
    }
    password("wrong-password");
    assertRetry(build(tag), "RegistryRefused");
    password(PASSWORD);
    progress.lines.clear();

    var outcome = build(tag);

    assertThat(outcome).isInstanceOf(Outcome.Pushed.class);
    assertThat(manifest(tag)).isEqualTo(200);
    assertThat(progress.lines).noneMatch(line -> line.startsWith("Step "));
  }

  @Test
  void a_sweep_deletes_what_no_kept_tag_has() throws Exception {
    file("Dockerfile", BASE + "RUN echo " + fresh() + " > /file\n");
    var old = fresh();
    var kept = fresh();
    build(old);
    build(kept);
    var garbage = new RegistryCleaner(folder.resolve("login.json"));

    var gone = garbage.sweep(REPOSITORY, Set.of(kept));

    assertThat(gone).contains(old).doesNotContain(kept);
    assertThat(manifest(old)).isEqualTo(404);
    assertThat(manifest(kept)).isEqualTo(200);
    assertThat(garbage.sweep(REPOSITORY, Set.of(kept))).isEmpty();
    assertThatThrownBy(() -> garbage.sweep(REPOSITORY, Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void only_images_of_the_newest_builds_stay_in_the_engine()
      throws InterruptedException, IOException, DockerEngineException, ExecutionException {
    file("Dockerfile", BASE + "RUN true\n");
    for (int i = 0; i < 4; i++) {
      build(fresh());
    }

    try (var docker = DockerEngine.connect(engine.address("tcp"), Path.of("/nowhere"))) {
      var left =
          docker.ask(d ->
              d.listImagesCmd().withLabelFilter(Map.of(BuildCache.REPOSITORY, REPOSITORY)).exec());
      assertThat(left).hasSize(3);
    }
  }
}

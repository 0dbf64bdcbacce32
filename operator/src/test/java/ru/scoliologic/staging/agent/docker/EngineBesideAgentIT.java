package ru.scoliologic.staging.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;
import ru.scoliologic.staging.agent.build.ImageBuilder;
import ru.scoliologic.staging.agent.build.ImageBuilder.Order;
import ru.scoliologic.staging.agent.build.ImageBuilder.Outcome;
import ru.scoliologic.staging.api.Build;

/**
 * An engine of the agent's own, as it runs beside it, with a small disk. No registry answers: a
 * build that succeeds ends as {@code RegistryUnreachable}.
 */
class EngineBesideAgentIT {
  private static final String BASE = "debian:trixie-slim";

  private final GenericContainer<?> dind =
      new GenericContainer<>(DockerImageName.parse("docker:29-dind"))
          .withPrivilegedMode(true)
          .withEnv("DOCKER_TLS_CERTDIR", "")
          .withCommand("--tls=false")
          .withTmpFs(Map.of("/var/lib/docker", "rw,size=400m"))
          .withExposedPorts(2375);

  @TempDir Path folder;
  private Path source;
  private DockerBuilder builder;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final List<Instant> built = new CopyOnWriteArrayList<>();

  private final ImageBuilder.Progress progress =
      new ImageBuilder.Progress() {
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
      };

  @BeforeEach
  void an_engine_that_is_given_its_base_image() throws IOException {
    dind.start();
    source = Files.createDirectory(folder.resolve("source"));
    var images = Files.createDirectory(folder.resolve("base-images"));
    try (var archive = DockerClientFactory.instance().client().saveImageCmd(BASE).exec()) {
      Files.copy(archive, images.resolve("base.tar"));
    }
    builder =
        new DockerBuilder(
            new DockerBuilder.Place(
                address(), true, folder.resolve("tls"), folder.resolve("login.json"), images),
            Clock.systemUTC());
  }

  @AfterEach
  void the_engine_goes() {
    dind.stop();
  }

  private URI address() {
    return URI.create("tcp://" + dind.getHost() + ":" + dind.getMappedPort(2375));
  }

  private Outcome build(String tag, String step) throws InterruptedException, IOException {
    Files.writeString(source.resolve("Dockerfile"), "FROM " + BASE + "\n" + step + "\n");
    return builder.build(
        new Order(
            source, new Build(null, null, null, null, 120, null), "127.0.0.1:1/app", tag, Map.of()),
        progress);
  }

  private static String reason(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Pushed pushed -> pushed.digest();
      case Outcome.Failed failed -> failed.reason().camelCase();
      case Outcome.Retry retry -> retry.reason().camelCase();
    };
  }

  @Test
  void old_images_make_room_for_a_build_that_finds_the_disk_full() throws Exception {
    try (var engine = DockerEngine.connect(address(), folder.resolve("tls"))) {
      assertThat(engine.version().getVersion()).isEqualTo("1.44");
    }
    assertThat(reason(build("one", "RUN head -c 100M /dev/zero > /old")))
        .isEqualTo("RegistryUnreachable");
    assertThat(lines).contains("Loading the base images of base.tar");
    lines.clear();
    assertThat(reason(build("two", "RUN true"))).isEqualTo("RegistryUnreachable");
    assertThat(lines).doesNotContain("Loading the base images of base.tar");
    built.clear();

    var outcome = build("three", "RUN head -c 130M /dev/zero > /new");

    assertThat(lines).anyMatch(line -> line.contains("no disk left"));
    assertThat(reason(outcome)).as(outcome.toString()).isEqualTo("RegistryUnreachable");
    assertThat(lines).contains("Loading the base images of base.tar");
    assertThat(built).hasSize(1);
    assertThat(reason(build("four", "RUN head -c 500M /dev/zero > /huge")))
        .isEqualTo("EngineOutOfDisk");
  }

  @Test
  void a_build_whose_engine_is_stopped_is_tried_again() throws Exception {
    var outcome =
        CompletableFuture.supplyAsync(() -> {
          try {
            return build("one", "RUN echo begun && sleep 300");
          } catch (InterruptedException | IOException e) {
            throw new IllegalStateException(e);
          }
        });
    await("the build runs").atMost(Duration.ofSeconds(60)).until(() -> lines.contains("begun"));

    dind.getDockerClient().stopContainerCmd(dind.getContainerId()).withTimeout(20).exec();

    assertThat(reason(outcome.get())).isEqualTo("EngineUnreachable");
  }
}

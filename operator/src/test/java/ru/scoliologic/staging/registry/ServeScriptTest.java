package ru.scoliologic.staging.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve.sh} as it ships, around a program that stands in for the registry. */
class ServeScriptTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  /** Ends with 7 when a file says so, and with 0 when it is asked to end. */
  private static final String REGISTRY =
      """
      #!/bin/sh
      echo "$1" >>"$CALLS"
      [ "$1" = serve ] || exit "${COLLECTS:-0}"
      trap 'echo ended >>"$CALLS"; exit 0' TERM
      while [ ! -e "$CALLS.fall" ]; do sleep 0.1; done
      exit 7
      """;

  @TempDir private Path folder;
  private Process process;

  @BeforeEach
  void a_registry_with_two_images() throws IOException {
    Files.createDirectory(folder.resolve("bin"));
    Files.createDirectory(folder.resolve("work"));
    var program = folder.resolve("bin/registry");
    Files.writeString(program, REGISTRY);
    assertThat(program.toFile().setExecutable(true)).isTrue();
    for (var image : new String[] {"one", "two"}) {
      Files.createDirectories(image(image).getParent());
      Files.writeString(image(image), image);
    }
  }

  @AfterEach
  void it_ends() {
    if (process != null) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private Path image(String name) {
    return folder
        .resolve("data/docker/registry/v2/repositories/app/_manifests/revisions/sha256")
        .resolve(name)
        .resolve("link");
  }

  private void start(Map<String, String> more) throws IOException {
    var builder =
        new ProcessBuilder("sh", Path.of("src/main/resources/registry/serve.sh").toString());
    builder
        .environment()
        .putAll(
            Map.of(
                "PATH",
                folder.resolve("bin") + ":" + System.getenv("PATH"),
                "CALLS",
                folder.resolve("calls").toString(),
                "CONFIG",
                "config.yml",
                "DATA",
                folder.resolve("data").toString(),
                "WORK",
                folder.resolve("work").toString(),
                "LOOK",
                "1"));
    builder.environment().putAll(more);
    process =
        builder.redirectErrorStream(true).redirectOutput(folder.resolve("said").toFile()).start();
  }

  private void awaitCalls(String expected) {
    await("calls of the registry: " + expected)
        .atMost(SOON)
        .ignoreExceptions()
        .untilAsserted(() ->
            assertThat(Files.readString(folder.resolve("calls")).lines())
                .containsExactly(expected.split(" ", -1)));
  }

  @Test
  void room_is_freed_at_the_start_and_when_an_image_was_deleted() throws IOException {
    start(Map.of());
    awaitCalls("garbage-collect serve");

    Files.delete(image("one"));

    awaitCalls("garbage-collect serve ended garbage-collect serve");
    assertThat(folder.resolve("said")).content().contains("images were deleted");
    assertThat(process.isAlive()).isTrue();
  }

  @Test
  void an_image_that_is_pushed_ends_nothing() throws IOException {
    // A stall between folder and file shall not look like a deletion.
    start(Map.of("LOOK", "3"));
    awaitCalls("garbage-collect serve");

    await("no other call of the registry")
        .during(Duration.ofSeconds(7))
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> {
          push("three");
          assertThat(Files.readString(folder.resolve("calls")).lines())
              .containsExactly("garbage-collect", "serve");
        });
  }

  /** As the registry does: the folder first, its file a moment later. */
  private void push(String name) throws IOException {
    Files.deleteIfExists(image(name));
    Files.deleteIfExists(image(name).getParent());
    Files.createDirectory(image(name).getParent());
    await("the time to write").pollDelay(Duration.ofMillis(50)).until(() -> true);
    Files.writeString(image(name), name);
  }

  @Test
  void a_registry_that_cannot_free_room_serves_all_the_same() throws IOException {
    start(Map.of("COLLECTS", "1"));

    awaitCalls("garbage-collect serve");
    assertThat(folder.resolve("said")).content().contains("still take their room");
  }

  @Test
  void a_registry_that_falls_ends_the_container_with_its_code()
      throws IOException, InterruptedException {
    start(Map.of());
    awaitCalls("garbage-collect serve");

    Files.createFile(folder.resolve("calls.fall"));

    assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(7);
  }

  @Test
  void a_container_that_is_to_end_ends_the_registry_first()
      throws IOException, InterruptedException {
    start(Map.of());
    awaitCalls("garbage-collect serve");

    process.destroy();

    assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    awaitCalls("garbage-collect serve ended");
  }
}

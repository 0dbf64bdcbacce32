package ru.scoliologic.staging.throwaway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What can go wrong around the cluster is told in one line with its cure. */
class FailuresTest {
  private record Outcome(int code, List<String> errors) {}

  private static Outcome run(Map<String, String> environment, String script, String... arguments)
      throws IOException, InterruptedException {
    var command = new ArrayList<>(List.of("bash", Path.of("src/test/cluster", script).toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(environment);
    var process = builder.start();
    var errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), errors.lines().filter(line -> !line.isBlank()).toList());
  }

  @Test
  void an_engine_that_does_not_answer_at_docker_host_is_named() throws Exception {
    var outcome = run(Map.of("DOCKER_HOST", "unix:///nowhere.sock"), "engine.sh");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.errors())
        .containsExactly(
            "error: no Docker engine answers at DOCKER_HOST=unix:///nowhere.sock: start it, or unset"
                + " DOCKER_HOST");
  }

  @Test
  void an_installation_without_a_context_is_refused() throws Exception {
    var outcome = run(Map.of(), "install.sh");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.errors())
        .singleElement()
        .asString()
        .contains("make install CONTEXT=<kubectl context> IMAGE=<registry/name:tag>");
  }

  @Test
  void an_image_that_is_not_in_the_table_is_refused() throws Exception {
    var outcome = run(Map.of(), "images.sh", "nothing:1");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.errors()).singleElement().asString().contains("nothing:1 is not in");
  }

  @Test
  void a_full_disk_and_a_port_in_use_are_told_with_their_cure() {
    assertThat(Docker.cure("write /x: no space left on device"))
        .startsWith("the disk is full: free");
    assertThat(Docker.cure("Bind for 0.0.0.0:80 failed: port is already allocated"))
        .endsWith("stop what holds the port, or `make stop` if it is an older cluster");
  }
}

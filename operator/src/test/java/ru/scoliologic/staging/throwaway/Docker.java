package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** The Docker command line: what the shell scripts and a person use too. */
final class Docker {
  private Docker() {}

  /**
   * Runs {@code docker <arguments>}; anything but exit code 0 is an exception with the command's
   * last words.
   */
  static String run(String... arguments) {
    ExecResult result = attempt(arguments);
    if (result.exitCode() != 0) {
      throw new ClusterException(
          "docker " + String.join(" ", arguments) + " failed: " + cure(result.lastWords()));
    }
    return result.stdout().strip();
  }

  static ExecResult attempt(String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).start();
      process.getOutputStream().close();
      var errors =
          CompletableFuture.supplyAsync(() -> {
            try {
              return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
              return e.toString();
            }
          });
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new ExecResult(process.waitFor(), output, errors.join());
    } catch (IOException e) {
      throw new ClusterException(
          "the docker command is missing: run `make images`, which sets it up", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException("interrupted while docker ran", e);
    }
  }

  /** Runs {@code docker <producer> | docker <consumer>}. */
  static void pipe(List<String> producer, List<String> consumer) {
    try {
      var builders =
          Stream.of(producer, consumer)
              .map(arguments -> {
                List<String> command = new ArrayList<>(List.of("docker"));
                command.addAll(arguments);
                return new ProcessBuilder(command);
              })
              .toList();
      builders.getFirst().redirectError(ProcessBuilder.Redirect.DISCARD);
      builders.getLast().redirectErrorStream(true);
      List<Process> processes = ProcessBuilder.startPipeline(builders);
      String output =
          new String(processes.getLast().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      for (Process process : processes) {
        if (process.waitFor() != 0) {
          throw new ClusterException(
              "docker "
                  + String.join(" ", producer)
                  + " | "
                  + String.join(" ", consumer)
                  + " failed: "
                  + cure(output));
        }
      }
    } catch (IOException e) {
      throw new ClusterException("docker could not be run: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException("interrupted while docker ran", e);
    }
  }

  static void requireEngine() {
    ExecResult result = attempt("version", "--format", "{{.Server.Version}}");
    if (result.exitCode() != 0) {
      throw new ClusterException(
          "no Docker engine answers: run operator/src/test/cluster/engine.sh, or set DOCKER_HOST to one");
    }
  }

  /** Adds the cure to the words of a failure that is known. */
  static String cure(String words) {
    String line = words.strip().replaceAll("\\s*\\R\\s*", " ");
    if (line.contains("no space left on device")) {
      return "the disk is full: free some space (docker system df shows what images hold)";
    }
    if (line.contains("port is already allocated") || line.contains("address already in use")) {
      return line + "; stop what holds the port, or `make stop` if it is an older cluster";
    }
    return line;
  }
}

package ru.scoliologic.staging.throwaway;

import java.time.Instant;

/**
 * Clusters of test runs that were killed hard: they carry our label and the mark of a process that
 * is gone. A container takes its volumes, control groups and mounts with it; nothing without the
 * label is touched.
 */
final class Leftovers {
  private static final String OWNER = "org.scoliologic.staging.owner";

  private Leftovers() {}

  static String ownerLabel() {
    return OWNER;
  }

  /** This process, told apart from a later one with the same number by when it started. */
  static String owner() {
    return mark(ProcessHandle.current());
  }

  static void clear() {
    String found =
        Docker.run(
            "ps",
            "-a",
            "--no-trunc",
            "--filter",
            "label=" + ThrowawayCluster.LABEL + "=" + ThrowawayCluster.Use.TEST.label(),
            "--format",
            "{{.ID}} {{.Label \"" + OWNER + "\"}}");
    found
        .lines()
        .map(line -> line.split(" ", 2))
        .filter(line -> line.length < 2 || !alive(line[1]))
        .forEach(line -> Docker.run("rm", "-f", "-v", line[0]));
  }

  private static boolean alive(String mark) {
    try {
      long pid = Long.parseLong(mark.split("@", 2)[0]);
      return ProcessHandle.of(pid).filter(process -> mark(process).equals(mark)).isPresent();
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static String mark(ProcessHandle process) {
    return process.pid() + "@" + process.info().startInstant().orElse(Instant.EPOCH).toEpochMilli();
  }
}

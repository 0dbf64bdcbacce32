package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;

/** A process in the throwaway cluster, as the node's kernel counts it. */
record NodeProcess(Staging staging, String pid) {
  private static final int TICKS_A_SECOND = 100;

  /**
   * The process of the operator's image that runs.
   *
   * @param program its first argument: run or agent
   */
  static NodeProcess of(Staging staging, String program) {
    return new NodeProcess(
        staging, each(staging, "java .*operator.jar " + program, "echo ${p#/proc/}"));
  }

  /** Kills processes at once, by how their command line begins. */
  static void kill(Staging staging, String commandLine) {
    assertThat(each(staging, commandLine, "kill -9 ${p#/proc/} && echo killed"))
        .as("a process of %s", commandLine)
        .contains("killed");
  }

  /** Does something with each process, $p, whose command line begins so. */
  private static String each(Staging staging, String commandLine, String action) {
    return sh(
        staging,
        "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^%s' && %s; done; true"
            .formatted(commandLine, action));
  }

  /** Resident memory, the most of it so far, threads and connections. */
  String memory() {
    return String.format(
        Locale.ROOT,
        "%.0f MB resident, %.0f at most, %s threads, %s connections",
        residentMegabytes(),
        mostMegabytes(),
        value(status(), "Threads"),
        sh(staging, "ls /proc/%s/fd -l | grep -c socket: || true".formatted(pid)));
  }

  double residentMegabytes() {
    return number(status(), "VmRSS");
  }

  /** The most resident memory so far. */
  double mostMegabytes() {
    return number(status(), "VmHWM");
  }

  private String status() {
    return sh(staging, "cat /proc/" + pid + "/status");
  }

  /** Whether the file is mapped into its memory. */
  boolean maps(String file) {
    return sh(staging, "grep -c ' %s$' /proc/%s/maps || true".formatted(file, pid))
        .matches("[1-9]\\d*");
  }

  /** Processor time of all threads since the start. */
  double cpuSeconds() {
    var fields =
        sh(staging, "cat /proc/" + pid + "/stat").replaceFirst(".*\\) ", "").split(" ", -1);
    return (Double.parseDouble(fields[11]) + Double.parseDouble(fields[12])) / TICKS_A_SECOND;
  }

  int restarts() {
    return staging.admin().pods().inNamespace(Staging.OPERATOR).list().getItems().stream()
        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
        .mapToInt(status -> status.getRestartCount())
        .sum();
  }

  private static double number(String status, String field) {
    return Double.parseDouble(value(status, field).replaceAll("[^0-9]", "")) / 1024;
  }

  private static String value(String status, String field) {
    return status
        .lines()
        .filter(line -> line.startsWith(field + ":"))
        .map(line -> line.substring(field.length() + 1).strip())
        .findFirst()
        .orElse("0");
  }

  private static String sh(Staging staging, String command) {
    return staging.cluster().exec("sh", "-c", command).stdout().strip();
  }
}

package ru.scoliologic.staging.throwaway;

/** How a command ended. */
public record ExecResult(int exitCode, String stdout, String stderr) {
  String lastWords() {
    return stderr.isBlank() ? stdout.strip() : stderr.strip();
  }
}

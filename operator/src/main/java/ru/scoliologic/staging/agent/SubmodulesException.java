package ru.scoliologic.staging.agent;

/** A commit has submodules, which are not fetched. */
final class SubmodulesException extends Exception {
  static final String REASON = "SubmodulesUnsupported";

  SubmodulesException(String path) {
    super(
        "The commit has a submodule at %s, and the agent fetches none: put its files into the repository, or fetch them in the Dockerfile."
            .formatted(path));
  }
}

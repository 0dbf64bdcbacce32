package ru.scoliologic.staging.agent.git;

/** The commit has submodules, which are not supported. */
public final class SubmodulesException extends Exception {
  SubmodulesException(String path) {
    super(
        "The commit has a submodule at %s, and the agent fetches none: put its files into the repository, or fetch them in the Dockerfile."
            .formatted(path));
  }
}

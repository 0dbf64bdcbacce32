package ru.scoliologic.staging.agent;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import ru.scoliologic.staging.agent.ImageBuilder.Outcome;
import ru.scoliologic.staging.agent.ImageBuilder.Outcome.Failed;
import ru.scoliologic.staging.agent.ImageBuilder.Outcome.Retry;

/** What it means that an engine gave a build up. */
final class BuildFault {
  /** The engine's words for a RUN that failed; the command itself may hold any words. */
  private static final Pattern COMMAND =
      Pattern.compile("(?s)The command .* returned a non-zero code: (\\d+).*");

  private static final Pattern NOT_UNDERSTOOD =
      Pattern.compile(
          "(?i)dockerfile parse error|unknown instruction|unknown flag|failed to parse platform"
              + "|requires buildkit|platform specifier component");

  /** What kill -9 leaves, which is what a container gets that has no memory left. */
  private static final String KILLED = "137";

  private BuildFault() {}

  /**
   * What the engine's words mean.
   *
   * @param said the engine's reason
   * @param step the instruction that was begun last; empty before the first one
   * @param lastLines of the log
   * @param dockerfile its text
   */
  static Outcome of(String said, String step, List<String> lastLines, String dockerfile) {
    var command = COMMAND.matcher(said);
    boolean ran = command.matches();
    if (ran ? lastLines.stream().anyMatch(Words::diskFull) : Words.diskFull(said)) {
      return new Retry(
          "EngineOutOfDisk", "the Docker engine has no disk left: " + Words.line(said));
    }
    if (ran) {
      var killed =
          command.group(1).equals(KILLED)
              ? "; it was killed, likely out of memory: raise build.engine.resources, or have the"
                  + " build use less"
              : "";
      return new Failed("BuildFailed", Words.line(said) + killed);
    }
    var use =
        NOT_UNDERSTOOD.matcher(said).find()
            ? BuildKitSyntax.any(dockerfile)
            : Optional.<BuildKitSyntax.Use>empty();
    if (use.isPresent()) {
      return buildKitNeeded(use.get());
    }
    if (Words.memoryFull(said)) {
      return new Retry(
          "EngineOutOfMemory", "the Docker engine has no memory left: " + Words.line(said));
    }
    if (pulls(step) && (Words.unreachable(said) || said.contains("x509:"))) {
      return new Retry(
          "BaseImageUnavailable",
          "the registry of an image that the Dockerfile names does not answer (%s): %s"
              .formatted(Words.line(step), Words.line(said)));
    }
    return new Failed("BuildFailed", Words.line(said));
  }

  /**
   * What it means that a registry did not take an image: never that the commit is bad.
   *
   * @param said the engine's words for the registry's answer
   */
  static Retry ofPush(String registry, String said) {
    if (Words.refused(said)) {
      return new Retry(
          "RegistryRefused",
          "the registry %s does not let the agent push: correct its credentials (%s)"
              .formatted(registry, Words.line(said)));
    }
    if (Words.failed(said)) {
      return new Retry(
          "RegistryUnreachable",
          "the registry %s fails: its volume may be full (%s)"
              .formatted(registry, Words.line(said)));
    }
    return Words.unreachable(said)
        ? new Retry(
            "RegistryUnreachable",
            "the registry %s does not answer: %s".formatted(registry, Words.line(said)))
        : new Retry(
            "RegistryRefused",
            "the registry %s did not take the image: %s".formatted(registry, Words.line(said)));
  }

  static Failed buildKitNeeded(BuildKitSyntax.Use use) {
    return new Failed(
        "BuildKitNeeded",
        "line %d of the Dockerfile uses %s, which needs BuildKit, and the engine's own builder builds"
                .formatted(use.line(), use.construct())
            + " here: write the step without it, or build the image elsewhere and set app.image");
  }

  private static boolean pulls(String step) {
    return step.startsWith("FROM ") || (step.startsWith("COPY ") && step.contains("--from="));
  }
}

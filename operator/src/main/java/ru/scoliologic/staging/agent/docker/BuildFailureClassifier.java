package ru.scoliologic.staging.agent.docker;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import ru.scoliologic.staging.agent.build.BuildReason;
import ru.scoliologic.staging.agent.build.ImageBuilder.Outcome;
import ru.scoliologic.staging.agent.build.ImageBuilder.Outcome.Failed;
import ru.scoliologic.staging.agent.build.ImageBuilder.Outcome.Retry;
import ru.scoliologic.staging.cluster.log.ProgramLog;

/** Classifies failures of an engine's builds and pushes. */
final class BuildFailureClassifier {
  /** The engine's message for a RUN that failed; the command itself may contain any text. */
  private static final Pattern COMMAND =
      Pattern.compile("(?s)The command .* returned a non-zero code: (\\d+).*");

  private static final Pattern NOT_UNDERSTOOD =
      Pattern.compile(
          "(?i)dockerfile parse error|unknown instruction|unknown flag|failed to parse platform"
              + "|requires buildkit|platform specifier component");

  /** Exit code of SIGKILL, which a container gets when it is out of memory. */
  private static final String KILLED = "137";

  private BuildFailureClassifier() {}

  /**
   * Classifies the engine's error message.
   *
   * @param said the engine's message, masked like all lines
   * @param step the last started instruction; empty before the first one
   * @param lastLines of the log
   * @param dockerfile its text
   */
  static Outcome of(String said, String step, List<String> lastLines, String dockerfile) {
    var command = COMMAND.matcher(said);
    boolean ran = command.matches();
    if (ran ? lastLines.stream().anyMatch(ErrorText::diskFull) : ErrorText.diskFull(said)) {
      return new Retry(
          BuildReason.ENGINE_OUT_OF_DISK,
          "the Docker engine has no disk left: " + ErrorText.line(said));
    }
    if (ran) {
      var killed =
          command.group(1).equals(KILLED)
              ? "; it was killed, likely out of memory: raise build.engine.resources, or have the"
                  + " build use less"
              : "";
      return new Failed(BuildReason.BUILD_FAILED, cause(lastLines) + ErrorText.line(said) + killed);
    }
    var use =
        NOT_UNDERSTOOD.matcher(said).find()
            ? BuildKitSyntax.any(dockerfile)
            : Optional.<BuildKitSyntax.Use>empty();
    if (use.isPresent()) {
      return buildKitNeeded(use.get());
    }
    if (ErrorText.memoryFull(said)) {
      return new Retry(
          BuildReason.ENGINE_OUT_OF_MEMORY,
          "the Docker engine has no memory left: " + ErrorText.line(said));
    }
    if (pulls(step) && (ErrorText.unreachable(said) || said.contains("x509:"))) {
      return new Retry(
          BuildReason.BASE_IMAGE_UNAVAILABLE,
          "the registry of an image that the Dockerfile names does not respond (%s): %s"
              .formatted(ErrorText.line(step), ErrorText.line(said)));
    }
    return new Failed(BuildReason.BUILD_FAILED, ErrorText.line(said));
  }

  /** The log line that names the failure, as a prefix; else empty. */
  private static String cause(List<String> lastLines) {
    var log = ProgramLog.of(String.join("\n", lastLines), "build");
    return log.tells() ? log.line() + "; " : "";
  }

  /**
   * Classifies a failed push, which is never the commit's fault.
   *
   * @param said the engine's message about the registry's response
   */
  static Retry ofPush(String registry, String said) {
    if (ErrorText.refused(said)) {
      return new Retry(
          BuildReason.REGISTRY_REFUSED,
          "the registry %s does not let the agent push: correct its credentials (%s)"
              .formatted(registry, ErrorText.line(said)));
    }
    if (ErrorText.failed(said)) {
      return new Retry(
          BuildReason.REGISTRY_UNREACHABLE,
          "the registry %s fails: its volume may be full (%s)"
              .formatted(registry, ErrorText.line(said)));
    }
    return ErrorText.unreachable(said)
        ? new Retry(
            BuildReason.REGISTRY_UNREACHABLE,
            "the registry %s does not respond: %s".formatted(registry, ErrorText.line(said)))
        : new Retry(
            BuildReason.REGISTRY_REFUSED,
            "the registry %s rejected the image: %s".formatted(registry, ErrorText.line(said)));
  }

  static Failed buildKitNeeded(BuildKitSyntax.Use use) {
    return new Failed(
        BuildReason.BUILD_KIT_NEEDED,
        "line %d of the Dockerfile uses %s, which needs BuildKit, and the engine's own builder builds"
                .formatted(use.line(), use.construct())
            + " here: write the step without it, or build the image elsewhere and set app.image");
  }

  private static boolean pulls(String step) {
    return step.startsWith("FROM ") || (step.startsWith("COPY ") && step.contains("--from="));
  }
}

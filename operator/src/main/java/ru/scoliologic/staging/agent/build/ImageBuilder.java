package ru.scoliologic.staging.agent.build;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import ru.scoliologic.staging.api.Build;
import ru.scoliologic.staging.stage.StatusReason;

/** Builds the image of a commit and pushes it to the registry. */
public interface ImageBuilder {

  /**
   * The input of a build.
   *
   * @param source folder with the files of the commit, without {@code .git}
   * @param build recipe and limits
   * @param repository to push to, without a tag
   * @param tag of the image
   * @param labels of the image
   */
  record Order(
      Path source, Build build, String repository, String tag, Map<String, String> labels) {}

  /** Receives progress while a build runs; its methods do not throw. */
  interface Progress {
    /** One line of the engine's log. */
    void line(String text);

    /** The image is built; the push follows. */
    void built(Instant at);

    /** The text with secrets masked; must be called before the text is cut. */
    String masked(String text);
  }

  sealed interface Outcome {
    /** The image is in the registry under this digest, {@code sha256:...}. */
    record Pushed(String digest, Instant built, Instant pushed) implements Outcome {}

    /** The commit's fault: a retry would fail too. */
    record Failed(BuildReason reason, String message) implements Outcome {}

    /** Not the commit's fault: a retry may succeed. */
    record Retry(StatusReason reason, String message) implements Outcome {}
  }

  /**
   * Builds and pushes.
   *
   * @throws InterruptedException when the thread is interrupted; the build then ends
   */
  Outcome build(Order order, Progress progress) throws InterruptedException;
}

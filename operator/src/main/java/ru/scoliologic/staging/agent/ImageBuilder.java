package ru.scoliologic.staging.agent;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import ru.scoliologic.staging.api.Build;

/** Makes the image of a commit and puts it into the registry. */
public interface ImageBuilder {

  /**
   * What is to be built.
   *
   * @param source folder with the files of the commit, without {@code .git}
   * @param build recipe and limits
   * @param repository to push to, without a tag
   * @param tag of the image
   * @param labels of the image
   */
  record Order(
      Path source, Build build, String repository, String tag, Map<String, String> labels) {}

  /** Told of each step while it goes on; throws nothing. */
  interface Progress {
    /** One line of the log, as the engine says it. */
    void line(String text);

    /** The image is made; what follows is the push. */
    void built(Instant at);
  }

  /** How it ended. */
  sealed interface Outcome {
    /** The image is in the registry under this digest, {@code sha256:...}. */
    record Pushed(String digest, Instant built, Instant pushed) implements Outcome {}

    /**
     * The commit's fault: another try would end the same.
     *
     * @param reason in CamelCase: BuildFailed, BuildTimedOut, DockerfileMissing, BuildKitNeeded
     */
    record Failed(String reason, String message) implements Outcome {}

    /**
     * Not the commit's fault: it is worth another try.
     *
     * @param reason in CamelCase: EngineUnreachable, EngineOutOfDisk, EngineOutOfMemory,
     *     RegistryUnreachable, RegistryRefused, BaseImageUnavailable
     */
    record Retry(String reason, String message) implements Outcome {}
  }

  /**
   * Builds and pushes.
   *
   * @throws InterruptedException when the thread is interrupted; the build is ended then
   */
  Outcome build(Order order, Progress progress) throws InterruptedException;
}

package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import ru.scoliologic.staging.agent.build.BuildReason;
import ru.scoliologic.staging.agent.build.ImageBuilder;

/**
 * Ends each build as the commit's file {@code build} says: fails, or waits until it is let go on,
 * or meets trouble while the engine is down.
 */
final class FakeBuilder implements ImageBuilder {
  private final List<String> builds = new ArrayList<>();
  private final Semaphore go = new Semaphore(0);
  private volatile boolean engineDown;
  private volatile String secretInLog = "";

  void engineDown(boolean now) {
    engineDown = now;
  }

  void say(String text) {
    secretInLog = text;
  }

  /** Lets a build that waits go on. */
  void letGo() {
    go.release();
  }

  /** Subjects of the builds that were begun, in order: what README.md says. */
  synchronized List<String> builds() {
    return List.copyOf(builds);
  }

  @Override
  public Outcome build(Order order, Progress progress) throws InterruptedException {
    synchronized (this) {
      builds.add(read(order, "README.md"));
    }
    if (engineDown) {
      return new Outcome.Retry(BuildReason.ENGINE_UNREACHABLE, "The engine cannot be reached.");
    }
    progress.line("Step 1/1 : FROM scratch " + secretInLog);
    switch (read(order, "build")) {
      case "fails" -> {
        return new Outcome.Failed(BuildReason.BUILD_FAILED, "It does not build.");
      }
      case "waits" -> go.acquire();
      default -> {
        // It builds at once.
      }
    }
    var built = Instant.now();
    progress.built(built);
    return new Outcome.Pushed("sha256:" + "0".repeat(64), built, Instant.now());
  }

  private static String read(Order order, String name) {
    try {
      var file = order.source().resolve(name);
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.AgentContract.Config;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.stage.Reason;

/** Does what {@link BuildQueue} says: one build at a time, on a thread of its own. */
final class Builds implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Builds.class);
  private static final Duration PROGRESS = Duration.ofSeconds(5);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
  private static final Duration IDLE = Duration.ofMinutes(1);
  private static final Duration END = Duration.ofSeconds(10);

  private final Config config;
  private final AgentFiles files;
  private final CommitStore commits;
  private final ReleaseStore store;
  private final ImageBuilder builder;
  private final AgentMetrics metrics;
  private final Clock clock;
  private final Runnable onEnd;
  private final String buildHash;
  private final Map<String, Resting> resting = new HashMap<>();
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("build-progress").factory());
  private final Signal stop = new Signal();
  private Running running;
  private volatile boolean stopping;

  /** A release whose next try comes later, unless somebody asks anew. */
  private record Resting(Pause pause, Instant until, String retry) {}

  private static final class Running {
    private final String release;
    private Thread thread;
    private boolean cancelled;
    private boolean interruptible = true;

    private Running(String release) {
      this.release = release;
    }
  }

  /**
   * Builds for an environment.
   *
   * @param onEnd called when a build has ended, so that the next step may come
   */
  Builds(
      Config config,
      AgentFiles files,
      CommitStore commits,
      ReleaseStore store,
      ImageBuilder builder,
      AgentMetrics metrics,
      Clock clock,
      Runnable onEnd) {
    this.config = config;
    this.files = files;
    this.commits = commits;
    this.store = store;
    this.builder = builder;
    this.metrics = metrics;
    this.clock = clock;
    this.onEnd = onEnd;
    this.buildHash = config.buildHash();
  }

  /**
   * Begins or ends a build, if that is what is to be done.
   *
   * @return until when nothing is to be done, if nothing changes
   */
  synchronized Duration step(Optional<String> pin, Optional<String> head) {
    if (stopping) {
      return IDLE;
    }
    var releases =
        store.releases().stream()
            .collect(Collectors.toMap(release -> release.getMetadata().getName(), r -> r));
    var now = clock.instant();
    resting.keySet().retainAll(releases.keySet());
    var due =
        resting.entrySet().stream()
            .filter(entry -> rests(entry.getValue(), releases.get(entry.getKey()), now))
            .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().until()));
    var view =
        new BuildQueue.View(
            pin,
            head,
            releases.values(),
            Optional.ofNullable(running).map(build -> build.release),
            due.keySet(),
            buildHash);
    switch (BuildQueue.next(view)) {
      case BuildQueue.Step.Begin begin -> begin(releases.get(begin.release()));
      case BuildQueue.Step.Cancel cancel -> cancel();
      case BuildQueue.Step.Rest rest -> {
        // Something has to change first.
      }
    }
    return due.values().stream()
        .map(until -> Duration.between(now, until))
        .filter(wait -> wait.compareTo(IDLE) < 0)
        .min(Duration::compareTo)
        .orElse(IDLE);
  }

  /** Whether an image is being built. */
  synchronized boolean isBuilding() {
    return running != null;
  }

  private static boolean rests(Resting rest, StagingRelease release, Instant now) {
    return now.isBefore(rest.until()) && Objects.equals(rest.retry(), release.getSpec().retry());
  }

  private void begin(StagingRelease release) {
    var build = new Running(release.getMetadata().getName());
    build.thread = Thread.ofPlatform().daemon().name("build").unstarted(() -> run(build, release));
    running = build;
    build.thread.start();
  }

  private void cancel() {
    if (!running.cancelled) {
      running.cancelled = true;
      interrupt();
      LOG.atInfo().addKeyValue("release", running.release).log("build cancelled");
    }
  }

  private void interrupt() {
    if (running.interruptible) {
      running.thread.interrupt();
    }
  }

  private void run(Running build, StagingRelease release) {
    var report = new BuildReport(release, store, files, clock);
    try {
      report.begin();
      var tick =
          ticker.scheduleWithFixedDelay(
              report::progress, PROGRESS.toSeconds(), PROGRESS.toSeconds(), TimeUnit.SECONDS);
      Optional<ImageBuilder.Outcome> outcome;
      try {
        outcome = Optional.of(build(release, report));
      } catch (InterruptedException e) {
        outcome = Optional.empty();
      } finally {
        tick.cancel(false);
        report.end();
        atEnd(build);
      }
      finish(build, release, report, outcome);
    } catch (RuntimeException e) {
      LOG.atWarn().addKeyValue("release", build.release).setCause(e).log("build not begun");
      rest(release);
    } finally {
      synchronized (this) {
        running = null;
      }
      onEnd.run();
    }
  }

  /** From here on nobody interrupts: what comes is the last word on the build. */
  private synchronized void atEnd(Running build) {
    build.interruptible = false;
    // An interrupt that came too late must not hit the last write.
    Thread.interrupted();
  }

  private ImageBuilder.Outcome build(StagingRelease release, BuildReport report)
      throws InterruptedException {
    var commit = release.getSpec().commit();
    var name = report.release();
    var source = files.work().resolve("source");
    try {
      var begun = clock.instant();
      commits.export(commit.hash(), source);
      metrics.took(AgentMetrics.Step.export, begun);
      var order =
          new ImageBuilder.Order(
              source,
              config.gitops().build(),
              config.push(),
              new Names(config.environment()).version(name),
              Map.of(
                  "org.opencontainers.image.revision", commit.hash(),
                  "org.opencontainers.image.source", config.gitops().repository()));
      return builder.build(order, report);
    } catch (SubmodulesException e) {
      return new ImageBuilder.Outcome.Failed(SubmodulesException.REASON, e.getMessage());
    } catch (GitTrouble e) {
      return new ImageBuilder.Outcome.Retry(e.reason().camelCase(), e.getMessage());
    } catch (RuntimeException e) {
      LOG.atWarn().addKeyValue("release", name).setCause(e).log("build broke off");
      return new ImageBuilder.Outcome.Retry(
          Reason.UNEXPECTED_ERROR.camelCase(),
          "The build broke off: %s; it is tried again.".formatted(e.getMessage()));
    } finally {
      clear(source);
    }
  }

  private static void clear(Path source) {
    try {
      CommitStore.delete(source);
    } catch (IOException e) {
      LOG.warn("the sources of the last build could not be removed", e);
    }
  }

  /** Without an outcome it was interrupted: by a newer commit, or because the agent is to stop. */
  private void finish(
      Running build,
      StagingRelease release,
      BuildReport report,
      Optional<ImageBuilder.Outcome> outcome) {
    boolean pushed = outcome.filter(ImageBuilder.Outcome.Pushed.class::isInstance).isPresent();
    if (!pushed && stopping) {
      return;
    }
    boolean cancelled;
    synchronized (this) {
      cancelled = build.cancelled;
    }
    BuildStatus last;
    if (!pushed && cancelled) {
      last = report.cancelled();
    } else {
      last =
          report.ended(
              outcome.orElseGet(() ->
                  new ImageBuilder.Outcome.Retry(
                      Reason.UNEXPECTED_ERROR.camelCase(),
                      "The build was interrupted; it is tried again.")));
    }
    write(report, last);
    if (last.state() == BuildState.Waiting) {
      rest(release);
    } else {
      synchronized (this) {
        resting.remove(build.release);
      }
    }
    measure(report, outcome, last);
  }

  private void measure(
      BuildReport report, Optional<ImageBuilder.Outcome> outcome, BuildStatus last) {
    metrics.built(last.state());
    if (outcome.orElse(null) instanceof ImageBuilder.Outcome.Pushed done) {
      metrics.took(AgentMetrics.Step.build, report.started(), done.built());
      metrics.took(AgentMetrics.Step.push, done.built(), done.pushed());
    }
    LOG.atInfo()
        .addKeyValue("release", report.release())
        .addKeyValue("state", last.state())
        .addKeyValue("reason", last.reason())
        .addKeyValue("seconds", Duration.between(report.started(), clock.instant()).toSeconds())
        .log("build ended");
  }

  private synchronized void rest(StagingRelease release) {
    var name = release.getMetadata().getName();
    var pause = resting.containsKey(name) ? resting.get(name).pause() : new Pause(FIRST_PAUSE);
    resting.put(
        name, new Resting(pause, clock.instant().plus(pause.next()), release.getSpec().retry()));
  }

  /** A build is too dear to be forgotten because the cluster cannot be reached for a while. */
  private void write(BuildReport report, BuildStatus last) {
    var pause = new Pause(Duration.ofSeconds(1));
    while (true) {
      try {
        store.write(report.release(), last);
        return;
      } catch (RuntimeException e) {
        LOG.atWarn().addKeyValue("release", report.release()).setCause(e).log("not written yet");
      }
      try {
        stop.await(pause.next());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      if (stopping) {
        return;
      }
    }
  }

  /** Ends the build that runs and leaves what is told of it: the next agent begins it again. */
  @Override
  public void close() {
    Thread thread;
    synchronized (this) {
      stopping = true;
      stop.raise();
      thread = running == null ? null : running.thread;
      if (thread != null) {
        interrupt();
      }
    }
    ticker.shutdownNow();
    try {
      if (thread != null && !thread.join(END)) {
        LOG.warn("the build did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package ru.scoliologic.staging.agent.build;

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
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.agent.AgentFiles;
import ru.scoliologic.staging.agent.AgentMetrics;
import ru.scoliologic.staging.agent.ReleaseStore;
import ru.scoliologic.staging.agent.RetryPause;
import ru.scoliologic.staging.agent.WakeUp;
import ru.scoliologic.staging.agent.git.CommitStore;
import ru.scoliologic.staging.agent.git.GitException;
import ru.scoliologic.staging.agent.git.SubmodulesException;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.stage.Reason;

/** Executes the steps of {@link BuildScheduler}: one build at a time, on its own thread. */
public final class BuildRunner implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BuildRunner.class);
  private static final Duration PROGRESS = Duration.ofSeconds(5);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
  private static final Duration IDLE = Duration.ofMinutes(1);
  private static final Duration END = Duration.ofSeconds(10);

  private final Supplier<Config> config;
  private final AgentFiles files;
  private final CommitStore commits;
  private final ReleaseStore store;
  private final ImageBuilder builder;
  private final AgentMetrics metrics;
  private final Clock clock;
  private final Runnable onEnd;
  private final Map<String, Resting> resting = new HashMap<>();
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("build-progress").factory());
  private final WakeUp stop = new WakeUp();
  private Running running;
  private volatile boolean stopping;

  /** A release whose retry is delayed, unless a user requests a retry. */
  private record Resting(RetryPause pause, Instant until, String retry) {}

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
   * Builds for one environment.
   *
   * @param onEnd called when a build has ended, to trigger the next step
   */
  public BuildRunner(
      Supplier<Config> config,
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
  }

  /**
   * Starts or cancels a build, if the scheduler requires it.
   *
   * @return time until the next step, if nothing changes
   */
  public synchronized Duration step(Optional<String> pin, Optional<String> head) {
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
        new BuildScheduler.View(
            pin,
            head,
            releases.values(),
            Optional.ofNullable(running).map(build -> build.release),
            due.keySet(),
            config.get().buildHash());
    switch (BuildScheduler.next(view)) {
      case BuildScheduler.Step.Begin begin -> begin(releases.get(begin.release()));
      case BuildScheduler.Step.Cancel cancel -> cancel();
      case BuildScheduler.Step.Rest rest -> {
        // Waits for a change.
      }
    }
    return due.values().stream()
        .map(until -> Duration.between(now, until))
        .filter(wait -> wait.compareTo(IDLE) < 0)
        .min(Duration::compareTo)
        .orElse(IDLE);
  }

  public synchronized boolean isBuilding() {
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
    }
  }

  private void interrupt() {
    if (running.interruptible) {
      running.thread.interrupt();
    }
  }

  private void run(Running build, StagingRelease release) {
    var report = new BuildReporter(release, store, files, clock);
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

  /** Disables interrupts, so that the final status is written. */
  private synchronized void atEnd(Running build) {
    build.interruptible = false;
    // A late interrupt must not hit the final write.
    Thread.interrupted();
  }

  private ImageBuilder.Outcome build(StagingRelease release, BuildReporter report)
      throws InterruptedException {
    var commit = release.getSpec().commit();
    var name = report.release();
    var asked = config.get();
    var source = files.work().resolve("source");
    try {
      var begun = clock.instant();
      commits.export(commit.hash(), source);
      metrics.took(AgentMetrics.Step.export, begun);
      var order =
          new ImageBuilder.Order(
              source,
              asked.gitops().build(),
              asked.push(),
              AppVersion.idOf(release),
              Map.of(
                  "org.opencontainers.image.revision", commit.hash(),
                  "org.opencontainers.image.source", asked.gitops().repository()));
      return builder.build(order, report);
    } catch (SubmodulesException e) {
      return new ImageBuilder.Outcome.Failed(BuildReason.SUBMODULES_UNSUPPORTED, e.getMessage());
    } catch (GitException e) {
      return new ImageBuilder.Outcome.Retry(e.reason(), e.getMessage());
    } catch (RuntimeException e) {
      LOG.atWarn().addKeyValue("release", name).setCause(e).log("build broke off");
      return new ImageBuilder.Outcome.Retry(
          Reason.UNEXPECTED_ERROR,
          "The build was aborted: %s; it is tried again.".formatted(e.getMessage()));
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

  /**
   * Without an outcome the build was interrupted: by a newer commit, or because the agent stops.
   */
  private void finish(
      Running build,
      StagingRelease release,
      BuildReporter report,
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
      LOG.atInfo().addKeyValue("release", build.release).log("build cancelled");
    } else {
      last =
          report.ended(
              outcome.orElseGet(() ->
                  new ImageBuilder.Outcome.Retry(
                      Reason.UNEXPECTED_ERROR, "The build was interrupted; it is tried again.")));
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
      BuildReporter report, Optional<ImageBuilder.Outcome> outcome, BuildStatus last) {
    metrics.built(last.state());
    if (outcome.orElse(null) instanceof ImageBuilder.Outcome.Pushed done) {
      metrics.took(AgentMetrics.Step.build, report.started(), done.built());
      metrics.took(AgentMetrics.Step.push, done.built(), done.pushed());
    }
    var line =
        LOG.atInfo().addKeyValue("release", report.release()).addKeyValue("state", last.state());
    if (last.reason() != null) {
      line = line.addKeyValue("reason", last.reason());
    }
    line.addKeyValue("seconds", Duration.between(report.started(), clock.instant()).toSeconds())
        .log("build ended");
  }

  private synchronized void rest(StagingRelease release) {
    var name = release.getMetadata().getName();
    var pause = resting.containsKey(name) ? resting.get(name).pause() : new RetryPause(FIRST_PAUSE);
    resting.put(
        name, new Resting(pause, clock.instant().plus(pause.next()), release.getSpec().retry()));
  }

  /** Retries while the cluster is unreachable: a build is too expensive to be lost. */
  private void write(BuildReporter report, BuildStatus last) {
    var pause = new RetryPause(Duration.ofSeconds(1));
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

  /** Ends the current build and leaves its status: the next agent restarts the build. */
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

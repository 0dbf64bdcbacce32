package ru.scoliologic.staging.agent.build;

import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.agent.AgentFiles;
import ru.scoliologic.staging.agent.ReleaseStore;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.stage.StatusReason;

/** Reports one build in the status of its release and in the agent's log. */
final class BuildReporter implements ImageBuilder.Progress {
  private static final Logger LOG = LoggerFactory.getLogger(BuildReporter.class);
  private static final int LONGEST_MESSAGE = 1000;

  private final ReleaseStore store;
  private final AgentFiles files;
  private final String release;
  private final int attempt;
  private final String retry;
  private final Instant started;
  private final LogTail tail = new LogTail();
  private volatile SecretMasker masking;
  private volatile Instant built;
  private volatile boolean changed;
  private boolean ended;

  BuildReporter(StagingRelease release, ReleaseStore store, AgentFiles files, Clock clock) {
    this.store = store;
    this.files = files;
    this.release = release.getMetadata().getName();
    var last = BuildScheduler.build(release);
    this.attempt = (last.attempt() == null ? 0 : last.attempt()) + 1;
    this.retry = release.getSpec().retry();
    this.started = clock.instant();
    this.masking = files.masking();
  }

  String release() {
    return release;
  }

  Instant started() {
    return started;
  }

  /** Reports the start. */
  void begin() {
    store.write(release, status(BuildState.Building, null, null, null, null));
    LOG.atInfo().addKeyValue("release", release).addKeyValue("attempt", attempt).log("build begun");
  }

  @Override
  public void line(String text) {
    masking
        .mask(text)
        .lines()
        .map(LogTail::bounded)
        .filter(line -> !line.isBlank())
        .forEach(line -> {
          LOG.atInfo().addKeyValue("release", release).log("| {}", line);
          tail.add(line);
          changed = true;
        });
  }

  @Override
  public String masked(String text) {
    return masking.mask(text);
  }

  @Override
  public void built(Instant at) {
    built = at;
    changed = true;
    progress();
  }

  /** Reports changes, if any; a failed write is repeated with the next report. */
  synchronized void progress() {
    if (ended || !changed) {
      return;
    }
    masking = files.masking();
    changed = false;
    try {
      var state = built == null ? BuildState.Building : BuildState.Pushing;
      store.write(release, status(state, null, null, null, null));
    } catch (RuntimeException e) {
      changed = true;
      LOG.atWarn().addKeyValue("release", release).setCause(e).log("progress not written");
    }
  }

  /** Ends progress reports; the caller writes the final status. */
  synchronized void end() {
    ended = true;
  }

  /** The final status of the build. */
  BuildStatus ended(ImageBuilder.Outcome outcome) {
    return switch (outcome) {
      case ImageBuilder.Outcome.Pushed pushed -> {
        built = pushed.built();
        yield status(BuildState.Built, null, null, pushed.digest(), pushed.pushed());
      }
      case ImageBuilder.Outcome.Failed failed ->
          status(BuildState.Failed, failed.reason(), failed.message(), null, null);
      case ImageBuilder.Outcome.Retry trouble ->
          status(BuildState.Waiting, trouble.reason(), trouble.message(), null, null);
    };
  }

  BuildStatus cancelled() {
    return status(
        BuildState.Cancelled, BuildReason.SUPERSEDED, "A newer commit came first.", null, null);
  }

  private BuildStatus status(
      BuildState state, StatusReason reason, String message, String digest, Instant pushed) {
    return new BuildStatus(
        state,
        reason == null ? null : reason.camelCase(),
        message(message),
        digest,
        attempt,
        retry,
        text(started),
        text(built),
        text(pushed),
        tail.text());
  }

  private String message(String text) {
    if (text == null) {
      return null;
    }
    var masked = masking.mask(text);
    return masked.length() <= LONGEST_MESSAGE ? masked : masked.substring(0, LONGEST_MESSAGE);
  }

  /** Start times order builds, so they need more precision than seconds. */
  private static String text(Instant at) {
    return at == null ? null : at.truncatedTo(ChronoUnit.MILLIS).toString();
  }
}

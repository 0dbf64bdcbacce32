package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.AgentContract.Config;
import ru.scoliologic.staging.cluster.Names;

/**
 * Deletes images from the environment's registry whose releases are gone. It waits until nothing is
 * built and nothing starts, for a registry that frees room does not serve for a moment.
 */
final class Housekeeping {
  private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
  static final Duration QUIET = Duration.ofMinutes(1);
  static final Duration LATER = Duration.ofMinutes(5);

  private static final String SERVING = "Serving";
  private static final Set<String> UNDER_WAY = Set.of("Building", "Starting");

  private final Config config;
  private final Sweeper sweeper;
  private final Clock clock;
  private Instant next = Instant.MIN;
  private boolean quiet;
  private Set<String> swept = Set.of();

  /** Deletes all images of a repository but those of some tags; returns what is gone. */
  @FunctionalInterface
  interface Sweeper {
    Set<String> sweep(String repository, Collection<String> keep)
        throws IOException, InterruptedException;
  }

  Housekeeping(Config config, Sweeper sweeper, Clock clock) {
    this.config = config;
    this.sweeper = sweeper;
    this.clock = clock;
  }

  /**
   * Looks whether there is something to delete and the time has come.
   *
   * @param building whether an image is being built
   * @return until when nothing is to be done, if nothing changes
   */
  Duration step(Collection<StagingRelease> releases, boolean building) throws InterruptedException {
    if (!config.gitops().ownRegistry()) {
      return LATER;
    }
    var now = clock.instant();
    // Without a release that serves, which image does is not known here: somebody deleted it.
    if (building || any(releases, UNDER_WAY) || !any(releases, Set.of(SERVING))) {
      quiet = false;
      return LATER;
    }
    if (!quiet) {
      quiet = true;
      next = now.plus(QUIET);
    }
    var keep =
        releases.stream()
            .filter(release -> release.getSpec().commit() != null)
            .map(
                release -> new Names(config.environment()).version(release.getMetadata().getName()))
            .collect(Collectors.toSet());
    if (keep.isEmpty() || keep.equals(swept)) {
      return LATER;
    }
    if (now.isBefore(next)) {
      return Duration.between(now, next);
    }
    try {
      var gone = sweeper.sweep(config.push(), keep);
      swept = keep;
      if (!gone.isEmpty()) {
        LOG.atInfo().addKeyValue("tags", gone).log("old images deleted");
      }
    } catch (IOException e) {
      LOG.atWarn().setCause(e).log("old images not deleted");
      next = now.plus(LATER);
    }
    return LATER;
  }

  private static boolean any(Collection<StagingRelease> releases, Set<String> states) {
    return releases.stream()
        .map(StagingRelease::getStatus)
        .anyMatch(
            status -> status != null && status.state() != null && states.contains(status.state()));
  }
}

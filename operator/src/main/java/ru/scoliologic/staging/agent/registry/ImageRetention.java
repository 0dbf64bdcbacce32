package ru.scoliologic.staging.agent.registry;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.ReleaseState;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;
import ru.scoliologic.staging.cluster.model.AppVersion;

/**
 * Deletes images from the environment's registry whose releases are gone. It waits until no build
 * runs and no version starts, because garbage collection interrupts the registry.
 */
public final class ImageRetention {
  private static final Logger LOG = LoggerFactory.getLogger(ImageRetention.class);
  static final Duration QUIET = Duration.ofMinutes(1);
  static final Duration LATER = Duration.ofMinutes(5);

  private final Supplier<Config> config;
  private final Sweeper sweeper;
  private final Clock clock;
  private Instant next = Instant.MIN;
  private boolean quiet;
  private Set<String> swept = Set.of();

  /** Deletes all images of a repository except those of some tags; returns the deleted tags. */
  @FunctionalInterface
  public interface Sweeper {
    Set<String> sweep(String repository, Collection<String> keep)
        throws IOException, InterruptedException;
  }

  public ImageRetention(Supplier<Config> config, Sweeper sweeper, Clock clock) {
    this.config = config;
    this.sweeper = sweeper;
    this.clock = clock;
  }

  /**
   * Deletes unneeded images when it is due.
   *
   * @param building whether an image is being built
   * @return time until the next step, if nothing changes
   */
  public Duration step(Collection<StagingRelease> releases, boolean building)
      throws InterruptedException {
    if (!config.get().gitops().ownRegistry()) {
      return LATER;
    }
    var now = clock.instant();
    // The serving release was deleted, so the image to keep is unknown.
    if (building
        || any(releases, ReleaseState.Building)
        || any(releases, ReleaseState.Starting)
        || !any(releases, ReleaseState.Serving)) {
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
            .map(AppVersion::idOf)
            .collect(Collectors.toSet());
    if (keep.isEmpty() || keep.equals(swept)) {
      return LATER;
    }
    if (now.isBefore(next)) {
      return Duration.between(now, next);
    }
    try {
      var gone = sweeper.sweep(config.get().push(), keep);
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

  private static boolean any(Collection<StagingRelease> releases, ReleaseState state) {
    return releases.stream()
        .map(StagingRelease::getStatus)
        .anyMatch(status -> status != null && status.is(state));
  }
}

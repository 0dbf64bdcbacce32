package ru.scoliologic.staging.notification;

import io.fabric8.kubernetes.api.model.Condition;
import java.util.Collection;
import java.util.Comparator;
import java.util.Objects;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.ReleaseState;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;
import ru.scoliologic.staging.stage.Conditions;

/** The outcome of a release, as far as it is reported. */
enum ReleaseOutcome {
  UNDER_WAY,
  VERIFIED,
  /** It failed after it had got the traffic. */
  ROLLED_BACK,
  /** It failed before it got any traffic. */
  FAILED,
  SUPERSEDED;

  /** A release that was verified stays so, whatever happens later. */
  static ReleaseOutcome of(StagingReleaseStatus status) {
    if (isTrue(status, "Verified")) {
      return VERIFIED;
    }
    if (status.is(ReleaseState.Failed)) {
      return hadTraffic(status) ? ROLLED_BACK : FAILED;
    }
    return isTrue(status, "Superseded") ? SUPERSEDED : UNDER_WAY;
  }

  boolean bad() {
    return this == ROLLED_BACK || this == FAILED;
  }

  /**
   * Whether a verified version ends a series of failures: its own, or of the last ended release.
   *
   * @param told its own entries
   * @param all releases of the environment
   */
  static boolean recovers(
      StagingRelease release, Collection<Told> told, Collection<StagingRelease> all) {
    var handled = release.getStatus().handled();
    boolean failedItself =
        (handled != null && handled.retry() != null)
            || told.stream()
                .map(Told::occasion)
                .anyMatch(occasion ->
                    occasion.equals("Failed")
                        || occasion.equals("RolledBack")
                        || occasion.equals(CommitState.FAILURE.occasion()));
    return failedItself
        || all.stream()
            .filter(other -> !other.getMetadata().getName().equals(release.getMetadata().getName()))
            .filter(other -> other.getStatus() != null)
            .filter(other -> asked(other).compareTo(asked(release)) <= 0)
            .filter(other -> of(other.getStatus()) == VERIFIED || of(other.getStatus()).bad())
            .max(
                Comparator.comparing(ReleaseOutcome::asked)
                    .thenComparing(other -> other.getMetadata().getName()))
            .filter(before -> of(before.getStatus()).bad())
            .isPresent();
  }

  /** Timestamps of one form sort as text. */
  private static String asked(StagingRelease release) {
    var timings = release.getStatus().timings();
    return timings == null || timings.asked() == null ? "" : timings.asked();
  }

  private static boolean hadTraffic(StagingReleaseStatus status) {
    return isTrue(status, "RolledOut")
        || (status.timings() != null && status.timings().switched() != null);
  }

  private static boolean isTrue(StagingReleaseStatus status, String type) {
    return Conditions.find(status.conditions(), type)
        .map(Condition::getStatus)
        .filter(found -> Objects.equals(found, "True"))
        .isPresent();
  }
}

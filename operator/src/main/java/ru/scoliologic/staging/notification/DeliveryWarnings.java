package ru.scoliologic.staging.notification;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Telling;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;

/**
 * Warnings about addressees that could not be notified: one for each, until it accepts a message
 * again. A missing answer is reported when a message is given up, all else at the first try.
 */
public final class DeliveryWarnings {
  private DeliveryWarnings() {}

  /**
   * Sentences, each about another addressee.
   *
   * @param before releases as last written
   * @param after the same as they are written now
   */
  public static List<String> of(
      Collection<StagingRelease> before, Collection<StagingRelease> after) {
    var known = new ArrayList<Told>();
    before.forEach(release -> known.addAll(told(release)));
    var complaints = new ArrayList<String>();
    var addressees = new LinkedHashSet<String>();
    for (var release : after) {
      for (var entry : told(release)) {
        if (failing(entry)
            && !known.contains(entry)
            && !alreadyFailing(entry.notification(), known)
            && addressees.add(entry.notification())) {
          complaints.add(
              "%s was not notified of %s of %s: %s"
                  .formatted(
                      entry.notification(),
                      entry.occasion(),
                      release.getMetadata().getName(),
                      entry.message()));
        }
      }
    }
    return complaints;
  }

  private static List<Told> told(StagingRelease release) {
    return Optional.ofNullable(release.getStatus())
        .map(StagingReleaseStatus::told)
        .orElse(List.of());
  }

  private static boolean failing(Told entry) {
    return entry.state() == Telling.GivenUp
        || (entry.state() == Telling.Due
            && entry.reason() != null
            && !entry.reason().equals(Outcome.Kind.Unreachable.name()));
  }

  /** Timestamps of one form sort as text. */
  private static boolean alreadyFailing(String notification, List<Told> known) {
    var last =
        known.stream()
            .filter(entry -> entry.notification().equals(notification))
            .filter(entry -> entry.state() == Telling.Told)
            .map(Told::at)
            .filter(Objects::nonNull)
            .max(String::compareTo)
            .orElse("");
    return known.stream()
        .filter(entry -> entry.notification().equals(notification) && failing(entry))
        .map(Told::at)
        .anyMatch(at -> at != null && at.compareTo(last) >= 0);
  }
}

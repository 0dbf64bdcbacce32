package ru.scoliologic.staging.release;

import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.cluster.Snapshot;

/**
 * The version an environment is to have (pure): the one its spec names, or the one a release asked
 * to serve since, until the spec names another one.
 *
 * @param image of the version
 * @param pinnedAgainst the spec's image at the time of a release's request; empty without one
 */
public record Target(String image, Optional<String> pinnedAgainst) {

  public static Target of(Snapshot snapshot) {
    var asked = snapshot.environment().getSpec().services().app().image();
    var status = snapshot.environment().getStatus();
    var app = status == null ? null : status.app();
    return Ledger.ofImages(snapshot)
        .filter(Target::asksToServe)
        .max(Comparator.comparing(release -> release.getMetadata().getName()))
        .map(release -> new Target(release.getSpec().image(), Optional.of(asked)))
        .or(() ->
            Optional.ofNullable(app)
                .filter(versions -> versions.pinned() != null)
                .filter(versions -> asked.equals(versions.pinnedAgainst()))
                .map(versions -> new Target(versions.pinned(), Optional.of(asked))))
        .orElseGet(() -> new Target(asked, Optional.empty()));
  }

  /** The image that a release asked for, if one did. */
  public Optional<String> pinned() {
    return pinnedAgainst.map(against -> image);
  }

  private static boolean asksToServe(StagingRelease release) {
    var status = release.getStatus();
    var handled = status == null || status.handled() == null ? Handled.NOTHING : status.handled();
    return release.getSpec().serve() != null
        && !Objects.equals(release.getSpec().serve(), handled.serve());
  }
}

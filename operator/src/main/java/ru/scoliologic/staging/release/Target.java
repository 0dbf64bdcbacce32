package ru.scoliologic.staging.release;

import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.cluster.AgentContract;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;

/**
 * What is asked for (pure).
 *
 * @param head the newest commit of the branch, or the image that the spec names
 * @param pin the commit that the spec pins
 * @param request the version whose release asked to serve, until there is another head
 */
public record Target(Optional<Version> head, Optional<Version> pin, Optional<Version> request) {

  /**
   * Reads it.
   *
   * @param somethingServes whether any version is to serve already: before, an image that the spec
   *     names goes before all commits
   */
  public static Target of(Snapshot snapshot, boolean somethingServes) {
    var head = head(snapshot, somethingServes);
    return new Target(head, pin(snapshot), request(snapshot, head));
  }

  /** The version that goes before all others, if one is asked for. */
  public Optional<Version> desired() {
    return pin.or(() -> request).or(() -> head);
  }

  private static Optional<Version> head(Snapshot snapshot, boolean somethingServes) {
    var spec = snapshot.environment().getSpec();
    var image = Optional.ofNullable(spec.services().app().image()).map(Version::ofImage);
    if (spec.gitops() == null || (image.isPresent() && !somethingServes)) {
      return image;
    }
    return newestCommit(snapshot)
        .map(release -> Catalog.version(snapshot, release))
        .or(() -> image);
  }

  /** What the agent last saw at the branch's head; before it said so, the newest that it made. */
  private static Optional<StagingRelease> newestCommit(Snapshot snapshot) {
    var commits =
        Catalog.releases(snapshot).stream()
            .filter(release -> release.getSpec().commit() != null)
            .toList();
    var seen =
        snapshot
            .owned()
            .find(ConfigMap.class, snapshot.names().agentState())
            .flatMap(AgentContract.State::of)
            .map(AgentContract.State::head);
    return seen.flatMap(name ->
            commits.stream().filter(r -> r.getMetadata().getName().equals(name)).findFirst())
        .or(() -> commits.stream().reduce((older, newer) -> newer));
  }

  private static Optional<Version> pin(Snapshot snapshot) {
    return Optional.ofNullable(snapshot.environment().getSpec().gitops())
        .map(GitopsSpec::pin)
        .map(pin ->
            Catalog.releases(snapshot).stream()
                .filter(release -> release.getSpec().commit() != null)
                .filter(release -> release.getSpec().commit().hash().equals(pin))
                .reduce((older, newer) -> newer)
                .map(release -> Catalog.version(snapshot, release))
                .orElseGet(() -> new Version("pin-" + pin, "", Catalog.shortened(pin), true)));
  }

  private static Optional<Version> request(Snapshot snapshot, Optional<Version> head) {
    var names = snapshot.names();
    var status = snapshot.environment().getStatus();
    return Catalog.releases(snapshot).stream()
        .filter(Target::asksToServe)
        .filter(release -> canServe(snapshot, release))
        .max(Comparator.comparing(release -> release.getMetadata().getName()))
        .or(() ->
            Optional.ofNullable(status)
                .map(last -> last.app())
                .filter(app -> app.pinned() != null)
                .filter(app ->
                    head.map(version -> names.release(version.id()))
                        .filter(name -> name.equals(app.pinnedAgainst()))
                        .isPresent())
                .flatMap(app -> Catalog.find(snapshot, names.version(app.pinned())))
                .filter(release -> canServe(snapshot, release)))
        .map(release -> Catalog.version(snapshot, release));
  }

  /** What is not built, or failed, cannot serve: to ask for it holds nothing else back. */
  private static boolean canServe(Snapshot snapshot, StagingRelease release) {
    var status = release.getStatus();
    boolean failed = status != null && status.failedWith() != null && !Ledger.retryAsked(release);
    return !failed && !Catalog.version(snapshot, release).image().isEmpty();
  }

  private static boolean asksToServe(StagingRelease release) {
    var status = release.getStatus();
    var handled = status == null || status.handled() == null ? Handled.NOTHING : status.handled();
    return release.getSpec().serve() != null
        && !Objects.equals(release.getSpec().serve(), handled.serve());
  }
}

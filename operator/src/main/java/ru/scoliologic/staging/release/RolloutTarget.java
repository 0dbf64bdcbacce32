package ru.scoliologic.staging.release;

import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * The desired versions.
 *
 * @param head the newest commit of the branch, or the image that the spec names
 * @param pin the commit that the spec pins
 * @param request the version whose release is requested to serve, until there is another head
 */
public record RolloutTarget(
    Optional<AppVersion> head, Optional<AppVersion> pin, Optional<AppVersion> request) {

  /**
   * Reads the target from the spec, the agent's report and the releases.
   *
   * @param somethingServes whether any version serves already; before that, an image in the spec
   *     takes precedence over all commits
   */
  public static RolloutTarget of(Snapshot snapshot, boolean somethingServes) {
    var head = head(snapshot, somethingServes);
    return new RolloutTarget(head, pin(snapshot), request(snapshot, head));
  }

  /** The version that takes precedence, if one is requested. */
  public Optional<AppVersion> desired() {
    return pin.or(() -> request).or(() -> head);
  }

  private static Optional<AppVersion> head(Snapshot snapshot, boolean somethingServes) {
    var spec = snapshot.environment().getSpec();
    var image =
        Optional.ofNullable(spec.services().app().image())
            .map(named -> Tags.version(snapshot, named));
    if (spec.gitops() == null || (image.isPresent() && !somethingServes)) {
      return image;
    }
    return newestCommit(snapshot)
        .map(release -> ReleaseCatalog.version(snapshot, release))
        .or(() -> image);
  }

  /** The branch's head as the agent last reported it, or else the newest release it created. */
  private static Optional<StagingRelease> newestCommit(Snapshot snapshot) {
    var commits =
        ReleaseCatalog.releases(snapshot).stream()
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

  private static Optional<AppVersion> pin(Snapshot snapshot) {
    return Optional.ofNullable(snapshot.environment().getSpec().gitops())
        .map(GitopsSpec::pin)
        .map(pin ->
            ReleaseCatalog.releases(snapshot).stream()
                .filter(release -> release.getSpec().commit() != null)
                .filter(release -> release.getSpec().commit().hash().equals(pin))
                .reduce((older, newer) -> newer)
                .map(release -> ReleaseCatalog.version(snapshot, release))
                .orElseGet(
                    () -> new AppVersion("pin-" + pin, "", ReleaseCatalog.shortened(pin), true)));
  }

  private static Optional<AppVersion> request(Snapshot snapshot, Optional<AppVersion> head) {
    var names = snapshot.names();
    var status = snapshot.environment().getStatus();
    return ReleaseCatalog.releases(snapshot).stream()
        .filter(RolloutTarget::asksToServe)
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
                .flatMap(app -> ReleaseCatalog.named(snapshot, app.pinned()))
                .filter(release -> canServe(snapshot, release)))
        .map(release -> ReleaseCatalog.version(snapshot, release));
  }

  /** A version that is not built, or failed, cannot serve: a request for it has no effect. */
  private static boolean canServe(Snapshot snapshot, StagingRelease release) {
    var status = release.getStatus();
    boolean failed =
        status != null && status.failedWith() != null && !ReleaseLedger.retryAsked(release);
    return !failed && !ReleaseCatalog.version(snapshot, release).image().isEmpty();
  }

  private static boolean asksToServe(StagingRelease release) {
    var status = release.getStatus();
    var handled = status == null || status.handled() == null ? Handled.NOTHING : status.handled();
    return release.getSpec().serve() != null
        && !Objects.equals(release.getSpec().serve(), handled.serve());
  }
}

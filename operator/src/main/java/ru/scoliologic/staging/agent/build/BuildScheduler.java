package ru.scoliologic.staging.agent.build;

import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;

/**
 * Decides what to build: the pinned commit, then the head of the branch, each until its image
 * exists or the build failed. A newer head cancels the current build, but never two in a row, so
 * that a branch with frequent pushes still gets images.
 */
final class BuildScheduler {
  private static final BuildStatus NONE =
      new BuildStatus(null, null, null, null, null, null, null, null, null, null);

  private static final Set<BuildState> ENDED =
      EnumSet.of(BuildState.Built, BuildState.Failed, BuildState.Cancelled);

  private BuildScheduler() {}

  /**
   * The observed state.
   *
   * @param pin name of the release of the pinned commit, if one is pinned and known
   * @param head name of the release of the branch's head, if known
   * @param releases of the environment
   * @param running name of the release in build
   * @param resting names of releases whose retry is not due yet
   * @param buildHash of the current build recipe; releases of another recipe are not built
   */
  record View(
      Optional<String> pin,
      Optional<String> head,
      Collection<StagingRelease> releases,
      Optional<String> running,
      Set<String> resting,
      String buildHash) {}

  sealed interface Step {
    /** Wait for a change. */
    record Rest() implements Step {}

    /** Build this release. */
    record Begin(String release) implements Step {}

    /** Cancel the current build, because another release has priority. */
    record Cancel(String release) implements Step {}
  }

  static Step next(View view) {
    var wanted =
        Stream.concat(view.pin().stream(), view.head().stream())
            .filter(
                name -> !view.resting().contains(name) || view.running().equals(Optional.of(name)))
            .flatMap(name -> find(view, name).stream())
            .filter(release -> isOfRecipe(view, release) && isToBeBuilt(release))
            .map(BuildScheduler::name)
            .findFirst();
    if (view.running().isEmpty()) {
      return wanted.<Step>map(Step.Begin::new).orElseGet(Step.Rest::new);
    }
    var running = view.running().get();
    return wanted.equals(view.running())
            || isBuilt(view, running)
            || followsACancelled(view, running)
        ? new Step.Rest()
        : new Step.Cancel(running);
  }

  /** The image exists, so there is no build to cancel. */
  private static boolean isBuilt(View view, String running) {
    return find(view, running)
        .filter(release -> build(release).state() == BuildState.Built)
        .isPresent();
  }

  /**
   * Whether the last other build that ended was cancelled. A build that an agent left when it
   * crashed, or that waits for the engine, has not ended.
   */
  private static boolean followsACancelled(View view, String running) {
    return view.releases().stream()
        .filter(release -> !name(release).equals(running))
        .map(BuildScheduler::build)
        .filter(build -> build.started() != null && ENDED.contains(build.state()))
        .max(Comparator.comparing(build -> Instant.parse(build.started())))
        .filter(build -> build.state() == BuildState.Cancelled)
        .isPresent();
  }

  /** With another recipe the image would not match the release's name. */
  private static boolean isOfRecipe(View view, StagingRelease release) {
    var hash = release.getSpec().buildHash();
    return hash == null || hash.equals(view.buildHash());
  }

  /** A release in state Building without a build was left by an agent that crashed. */
  private static boolean isToBeBuilt(StagingRelease release) {
    var build = build(release);
    if (build.state() == BuildState.Failed) {
      return isAskedAgain(release);
    }
    return build.state() != BuildState.Built;
  }

  private static boolean isAskedAgain(StagingRelease release) {
    var asked = release.getSpec().retry();
    return asked != null && !Objects.equals(asked, build(release).retry());
  }

  private static Optional<StagingRelease> find(View view, String name) {
    return view.releases().stream().filter(release -> name(release).equals(name)).findFirst();
  }

  private static String name(StagingRelease release) {
    return release.getMetadata().getName();
  }

  static BuildStatus build(StagingRelease release) {
    return Optional.ofNullable(release.getStatus()).map(StagingReleaseStatus::build).orElse(NONE);
  }
}

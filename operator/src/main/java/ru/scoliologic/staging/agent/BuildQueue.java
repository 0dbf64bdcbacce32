package ru.scoliologic.staging.agent;

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
 * What is to be built (pure): the pinned commit, then the head of the branch, each until its image
 * is there or it failed. A newer head ends a build that runs, but never two in a row, so that a
 * branch on which more is pushed than can be built still gets somewhere.
 */
final class BuildQueue {
  private static final BuildStatus NONE =
      new BuildStatus(null, null, null, null, null, null, null, null, null, null);

  private static final Set<BuildState> ENDED =
      EnumSet.of(BuildState.Built, BuildState.Failed, BuildState.Cancelled);

  private BuildQueue() {}

  /**
   * What is there.
   *
   * @param pin name of the release of the pinned commit, if one is pinned and known
   * @param head name of the release of the branch's head, once it is known
   * @param releases of the environment
   * @param running name of the release that is being built at this moment
   * @param resting names of releases whose next try is not due yet
   * @param buildHash of the recipe that builds go by; what was made for another one is not built
   */
  record View(
      Optional<String> pin,
      Optional<String> head,
      Collection<StagingRelease> releases,
      Optional<String> running,
      Set<String> resting,
      String buildHash) {}

  /** What to do about it. */
  sealed interface Step {
    /** Nothing, until something changes. */
    record Rest() implements Step {}

    /** Build this one. */
    record Begin(String release) implements Step {}

    /** End the build that runs, for another one counts now. */
    record Cancel(String release) implements Step {}
  }

  static Step next(View view) {
    var wanted =
        Stream.concat(view.pin().stream(), view.head().stream())
            .filter(
                name -> !view.resting().contains(name) || view.running().equals(Optional.of(name)))
            .flatMap(name -> find(view, name).stream())
            .filter(release -> isOfRecipe(view, release) && isToBeBuilt(release))
            .map(BuildQueue::name)
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

  /** Its image is there: there is nothing to cancel any more. */
  private static boolean isBuilt(View view, String running) {
    return find(view, running)
        .filter(release -> build(release).state() == BuildState.Built)
        .isPresent();
  }

  /**
   * Of the others, the last one that came to an end was cancelled. One that an agent left when it
   * died, or that waits for the engine, came to none.
   */
  private static boolean followsACancelled(View view, String running) {
    return view.releases().stream()
        .filter(release -> !name(release).equals(running))
        .map(BuildQueue::build)
        .filter(build -> build.started() != null && ENDED.contains(build.state()))
        .max(Comparator.comparing(build -> Instant.parse(build.started())))
        .filter(build -> build.state() == BuildState.Cancelled)
        .isPresent();
  }

  /** Of another recipe, it would get an image that its name does not stand for. */
  private static boolean isOfRecipe(View view, StagingRelease release) {
    var hash = release.getSpec().buildHash();
    return hash == null || hash.equals(view.buildHash());
  }

  /** What is Building though nobody builds it was left so by an agent that died. */
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

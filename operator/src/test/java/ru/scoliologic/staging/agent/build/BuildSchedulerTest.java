package ru.scoliologic.staging.agent.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.agent.build.BuildScheduler.Step;
import ru.scoliologic.staging.agent.build.BuildScheduler.Step.Begin;
import ru.scoliologic.staging.agent.build.BuildScheduler.Step.Cancel;
import ru.scoliologic.staging.agent.build.BuildScheduler.Step.Rest;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;

class BuildSchedulerTest {
  private static final Optional<String> NONE = Optional.empty();
  private static final String RECIPE = "recipe";
  private static final Set<BuildState> ENDS =
      Set.of(BuildState.Built, BuildState.Failed, BuildState.Cancelled);

  /** What a release can be found as. */
  enum Found {
    ABSENT(null, false),
    NEW(null, false),
    WAITING(BuildState.Waiting, false),
    BUILDING(BuildState.Building, false),
    PUSHING(BuildState.Pushing, false),
    BUILT(BuildState.Built, false),
    BUILT_AND_ASKED_AGAIN(BuildState.Built, true),
    FAILED(BuildState.Failed, false),
    FAILED_AND_ASKED_AGAIN(BuildState.Failed, true),
    CANCELLED(BuildState.Cancelled, false);

    private final BuildState state;
    private final boolean asked;

    Found(BuildState state, boolean asked) {
      this.state = state;
      this.asked = asked;
    }

    private boolean toBeBuilt() {
      return this != ABSENT && this != BUILT && this != BUILT_AND_ASKED_AGAIN && this != FAILED;
    }

    private StagingRelease release(String name, int order) {
      return BuildSchedulerTest.release(name, state, order, asked ? "again" : null);
    }
  }

  private static StagingRelease release(String name, BuildState state, int order, String asked) {
    var release = new StagingRelease();
    release.setMetadata(new ObjectMetaBuilder().withName(name).build());
    release.setSpec(
        new StagingReleaseSpec("env", null, null, null, null, asked, null, null, List.of()));
    if (state != null) {
      var started = "2026-01-01T00:00:%02dZ".formatted(order);
      release.setStatus(
          StagingReleaseStatus.ofBuild(
              new BuildStatus(state, null, null, null, 1, null, started, null, null, null)));
    }
    return release;
  }

  private static Step next(
      Optional<String> pin,
      Optional<String> head,
      Optional<String> running,
      Set<String> resting,
      StagingRelease... releases) {
    return BuildScheduler.next(
        new BuildScheduler.View(pin, head, List.of(releases), running, resting, RECIPE));
  }

  private static Step head(Found found) {
    return next(NONE, Optional.of("a"), NONE, Set.of(), found.release("a", 1));
  }

  @ParameterizedTest
  @EnumSource(
      value = Found.class,
      names = {"NEW", "WAITING", "BUILDING", "PUSHING", "FAILED_AND_ASKED_AGAIN", "CANCELLED"})
  void a_head_that_was_neither_built_nor_failed_is_built(Found found) {
    assertThat(head(found)).isEqualTo(new Begin("a"));
  }

  @ParameterizedTest
  @EnumSource(
      value = Found.class,
      names = {"BUILT", "BUILT_AND_ASKED_AGAIN", "FAILED"})
  void a_head_that_was_built_or_failed_is_not_built_again(Found found) {
    assertThat(head(found)).isEqualTo(new Rest());
  }

  @Test
  void a_failed_one_is_not_built_twice_for_the_same_request() {
    var release = release("a", BuildState.Failed, 1, "again");
    release.setStatus(
        StagingReleaseStatus.ofBuild(
            new BuildStatus(
                BuildState.Failed, null, null, null, 2, "again", null, null, null, null)));
    assertThat(next(NONE, Optional.of("a"), NONE, Set.of(), release)).isEqualTo(new Rest());
  }

  @ParameterizedTest
  @CsvSource({"recipe, true", "another, false"})
  void only_what_was_made_for_the_recipe_is_built(String hash, boolean built) {
    var release = Found.BUILDING.release("a", 1);
    release.setSpec(
        new StagingReleaseSpec("env", null, null, hash, null, null, null, null, List.of()));
    assertThat(next(NONE, Optional.of("a"), NONE, Set.of(), release))
        .isEqualTo(built ? new Begin("a") : new Rest());
  }

  @Test
  void the_pin_comes_before_the_head() {
    var a = Found.NEW.release("a", 1);
    var b = Found.NEW.release("b", 2);
    assertThat(next(Optional.of("a"), Optional.of("b"), NONE, Set.of(), a, b))
        .isEqualTo(new Begin("a"));
    assertThat(
            next(
                Optional.of("a"), Optional.of("b"), NONE, Set.of(), Found.BUILT.release("a", 1), b))
        .isEqualTo(new Begin("b"));
  }

  @Test
  void a_pin_whose_next_try_is_not_due_does_not_hold_up_the_head() {
    var a = Found.WAITING.release("a", 1);
    var b = Found.NEW.release("b", 2);
    assertThat(next(Optional.of("a"), Optional.of("b"), NONE, Set.of("a"), a, b))
        .isEqualTo(new Begin("b"));
  }

  @Test
  void a_newer_head_ends_the_build_of_the_older_one() {
    var a = Found.BUILDING.release("a", 1);
    var b = Found.NEW.release("b", 2);
    assertThat(next(NONE, Optional.of("b"), Optional.of("a"), Set.of(), a, b))
        .isEqualTo(new Cancel("a"));
  }

  @Test
  void the_build_after_a_cancelled_one_goes_on_to_its_end() {
    var a = Found.CANCELLED.release("a", 1);
    var b = Found.BUILDING.release("b", 2);
    var c = Found.NEW.release("c", 3);
    assertThat(next(NONE, Optional.of("c"), Optional.of("b"), Set.of(), a, b, c))
        .isEqualTo(new Rest());
  }

  @Test
  void a_cancelled_one_is_built_when_it_is_the_head_again() {
    var a = Found.CANCELLED.release("a", 1);
    var b = Found.BUILT.release("b", 2);
    assertThat(next(NONE, Optional.of("a"), NONE, Set.of(), a, b)).isEqualTo(new Begin("a"));
  }

  /** Every finding of three releases, every head, pin, running build and rest. */
  @Test
  void in_every_state_its_rules_hold() {
    var names = List.of("a", "b", "c");
    var maybe = List.of(NONE, Optional.of("a"), Optional.of("b"), Optional.of("c"));
    int states = 0;
    for (var a : Found.values()) {
      for (var b : Found.values()) {
        for (var c : Found.values()) {
          var found = Map.of("a", a, "b", b, "c", c);
          for (var pin : maybe) {
            for (var head : maybe) {
              for (var running : maybe) {
                for (var resting : List.of(Set.<String>of(), Set.of("a"), Set.of("a", "b"))) {
                  check(names, found, pin, head, running, resting);
                  states++;
                }
              }
            }
          }
        }
      }
    }
    assertThat(states).isEqualTo(1000 * 64 * 3);
  }

  private static void check(
      List<String> names,
      Map<String, Found> found,
      Optional<String> pin,
      Optional<String> head,
      Optional<String> running,
      Set<String> resting) {
    var releases = new ArrayList<StagingRelease>();
    for (var name : names) {
      if (found.get(name) != Found.ABSENT) {
        releases.add(found.get(name).release(name, names.indexOf(name)));
      }
    }
    var step =
        BuildScheduler.next(new BuildScheduler.View(pin, head, releases, running, resting, RECIPE));
    boolean right =
        switch (step) {
          case Begin begin ->
              running.isEmpty()
                  && found.get(begin.release()).toBeBuilt()
                  && !resting.contains(begin.release())
                  && (pin.equals(Optional.of(begin.release()))
                      || (head.equals(Optional.of(begin.release()))
                          && pin.filter(p -> due(p, found, resting)).isEmpty()));
          case Cancel cancel ->
              running.equals(Optional.of(cancel.release()))
                  && !lastOther(names, found, cancel.release())
                      .equals(Optional.of(Found.CANCELLED));
          case Rest rest ->
              running.isPresent()
                  || (pin.filter(p -> due(p, found, resting)).isEmpty()
                      && head.filter(h -> due(h, found, resting)).isEmpty());
        };
    if (!right) {
      assertThat(step)
          .as("%s pin %s head %s running %s resting %s", found, pin, head, running, resting)
          .isNull();
    }
  }

  private static boolean due(String name, Map<String, Found> found, Set<String> resting) {
    return found.get(name).toBeBuilt() && !resting.contains(name);
  }

  /** What became of the last build that came to an end, that one aside. */
  private static Optional<Found> lastOther(
      List<String> names, Map<String, Found> found, String running) {
    return names.reversed().stream()
        .filter(name -> !name.equals(running))
        .map(found::get)
        .filter(f -> f.state != null && ENDS.contains(f.state))
        .findFirst();
  }

  /**
   * A branch on which somebody pushes again and again while it builds: every order of a push, the
   * end of a build, an engine's trouble and a crash, up to {@value #LONGEST} events.
   */
  @Test
  void however_busy_the_branch_no_two_builds_in_a_row_are_cancelled_and_the_newest_is_built_last() {
    explore(new World(), LONGEST);
  }

  private static final int LONGEST = 8;

  private enum Event {
    PUSH,
    BUILT,
    FAILED,
    TROUBLE,
    CRASH
  }

  /** What is there, and what the agent did in order. */
  private static final class World {
    private final Map<String, BuildStatus> builds = new HashMap<>();
    private final List<BuildState> ends = new ArrayList<>();
    private Optional<String> running = NONE;
    private int pushed;
    private int clock;

    private World copy() {
      var copy = new World();
      copy.builds.putAll(builds);
      copy.ends.addAll(ends);
      copy.running = running;
      copy.pushed = pushed;
      copy.clock = clock;
      return copy;
    }

    private void write(BuildState state) {
      var name = running.orElseThrow();
      builds.put(
          name,
          new BuildStatus(
              state, null, null, null, 1, null, builds.get(name).started(), null, null, null));
    }

    private void end(BuildState state) {
      write(state);
      ends.add(state);
      running = NONE;
    }

    /** Takes steps until there is nothing to do. */
    private void settle() {
      while (true) {
        var releases = new ArrayList<StagingRelease>();
        builds.forEach((name, build) -> {
          var release = release(name, null, 0, null);
          release.setStatus(build == null ? null : StagingReleaseStatus.ofBuild(build));
          releases.add(release);
        });
        var head = pushed == 0 ? NONE : Optional.of("commit-" + pushed);
        var view = new BuildScheduler.View(NONE, head, releases, running, Set.of(), RECIPE);
        switch (BuildScheduler.next(view)) {
          case Begin begin -> {
            running = Optional.of(begin.release());
            var started = "2026-01-01T00:00:%02dZ".formatted(++clock);
            builds.put(
                begin.release(),
                new BuildStatus(
                    BuildState.Building, null, null, null, 1, null, started, null, null, null));
          }
          case Cancel cancel -> end(BuildState.Cancelled);
          case Rest rest -> {
            return;
          }
        }
      }
    }
  }

  private static void explore(World world, int left) {
    world.settle();
    assertThat(world.ends).doesNotContainSequence(BuildState.Cancelled, BuildState.Cancelled);
    if (left == 0) {
      finish(world);
      return;
    }
    for (var event : Event.values()) {
      if (event != Event.PUSH && world.running.isEmpty()) {
        continue;
      }
      var next = world.copy();
      switch (event) {
        case PUSH -> next.builds.put("commit-" + ++next.pushed, null);
        case BUILT -> next.end(BuildState.Built);
        case FAILED -> next.end(BuildState.Failed);
        case TROUBLE -> next.end(BuildState.Waiting);
        case CRASH -> next.running = NONE;
      }
      explore(next, left - 1);
    }
  }

  /** Once nobody pushes any more, the head is built or has failed. */
  private static void finish(World world) {
    for (int i = 0; i < 3 && world.running.isPresent(); i++) {
      world.end(BuildState.Built);
      world.settle();
    }
    assertThat(world.running).isEmpty();
    if (world.pushed > 0) {
      assertThat(world.builds.get("commit-" + world.pushed).state())
          .isIn(BuildState.Built, BuildState.Failed);
    }
    assertThat(new HashSet<>(world.ends)).doesNotContainNull();
  }
}

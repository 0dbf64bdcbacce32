package ru.scoliologic.staging.release;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.release.RolloutDecision.Built;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.release.RolloutDecision.Health;
import ru.scoliologic.staging.release.RolloutDecision.Policy;
import ru.scoliologic.staging.release.RolloutDecision.Previous;
import ru.scoliologic.staging.release.RolloutDecision.Running;
import ru.scoliologic.staging.release.RolloutDecision.Situation;
import ru.scoliologic.staging.release.RolloutDecision.Version;
import ru.scoliologic.staging.release.RolloutDecision.Wait;
import ru.scoliologic.staging.release.RolloutDecision.Wishes;

/**
 * Every order of pushes, builds, failures, checks, people's decisions and deaths of the operator,
 * for up to four commits: all states that can be reached are visited, and what must always hold is
 * looked at in each.
 */
// States are packed into longs: there are millions.
@SuppressWarnings("EnumOrdinal")
class RolloutDecisionExplorationTest {

  /** What people do in a world; together they would make more states than seconds allow. */
  enum People {
    NOBODY(4),
    APPROVALS(4),
    PINS(4),
    REQUESTS(4),
    RETRIES(4),
    HOLD(4),
    /** None of people's: what served before is down at times. */
    OUTAGES(3),
    ALL_OF_THEM(2);

    private final int commits;

    People(int commits) {
      this.commits = commits;
    }

    private boolean includes(People other) {
      return this == other || (this == ALL_OF_THEM && other != HOLD && other != OUTAGES);
    }
  }

  /** Steps after which nothing may move any more while nothing new is observed. */
  private static final int SETTLES_AFTER = 6;

  /** A world of nobody is a part of each other one: what can happen in it can in those. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOBODY")
  void no_bad_or_unapproved_version_serves_and_every_commit_comes_to_an_end(People people) {
    var explorer = new Explorer(people);

    explorer.explore();

    assertThat(explorer.violations).as(explorer.told()).isEmpty();
    assertThat(explorer.seen.size()).as("states of a world with %s", people).isGreaterThan(1000);
    assertThat(explorer.rollbacks).as("the interesting cases were among them").isPositive();
  }

  /** One state of the world, packed into a long: {@link World} is its readable form. */
  private static final class World {
    static final int NONE = 7;

    int commits;
    int head;
    int pin = NONE;
    int request = NONE;
    final int[] built = new int[4];
    final boolean[] approved = new boolean[4];
    final boolean[] verified = new boolean[4];
    final boolean[] bad = new boolean[4];
    int serving = NONE;
    int servingHealth;
    int servingChecks;
    int candidate = NONE;
    int candidateHealth;
    int candidateChecks;
    int previous = NONE;
    boolean previousUp;
    boolean graceOver;

    long pack() {
      long packed = commits;
      packed = packed << 3 | head;
      packed = packed << 3 | pin;
      packed = packed << 3 | request;
      for (int i = 0; i < 4; i++) {
        packed = packed << 2 | built[i];
        packed = packed << 3 | (approved[i] ? 4 : 0) | (verified[i] ? 2 : 0) | (bad[i] ? 1 : 0);
      }
      packed = packed << 3 | serving;
      packed = packed << 2 | servingHealth;
      packed = packed << 2 | servingChecks;
      packed = packed << 3 | candidate;
      packed = packed << 2 | candidateHealth;
      packed = packed << 2 | candidateChecks;
      packed = packed << 3 | previous;
      packed = packed << 1 | (previousUp ? 1 : 0);
      return packed << 1 | (graceOver ? 1 : 0);
    }

    static World of(long state) {
      long packed = state;
      var world = new World();
      world.graceOver = (packed & 1) == 1;
      packed >>>= 1;
      world.previousUp = (packed & 1) == 1;
      packed >>>= 1;
      world.previous = (int) (packed & 7);
      packed >>>= 3;
      world.candidateChecks = (int) (packed & 3);
      packed >>>= 2;
      world.candidateHealth = (int) (packed & 3);
      packed >>>= 2;
      world.candidate = (int) (packed & 7);
      packed >>>= 3;
      world.servingChecks = (int) (packed & 3);
      packed >>>= 2;
      world.servingHealth = (int) (packed & 3);
      packed >>>= 2;
      world.serving = (int) (packed & 7);
      packed >>>= 3;
      for (int i = 3; i >= 0; i--) {
        world.approved[i] = (packed & 4) != 0;
        world.verified[i] = (packed & 2) != 0;
        world.bad[i] = (packed & 1) != 0;
        packed >>>= 3;
        world.built[i] = (int) (packed & 3);
        packed >>>= 2;
      }
      world.request = (int) (packed & 7);
      packed >>>= 3;
      world.pin = (int) (packed & 7);
      packed >>>= 3;
      world.head = (int) (packed & 7);
      packed >>>= 3;
      world.commits = (int) packed;
      return world;
    }

    Situation situation(People people) {
      var versions = new ArrayList<Version>();
      for (int i = 0; i < commits; i++) {
        versions.add(new Version(NAMES.get(i), BUILT[built[i]], approved[i], verified[i], bad[i]));
      }
      return new Situation(
          versions,
          new Wishes(name(commits == 0 ? NONE : head), name(pin), name(request)),
          new Policy(!people.includes(People.APPROVALS), people != People.HOLD),
          running(serving, servingHealth, servingChecks),
          running(candidate, candidateHealth, candidateChecks),
          new Previous(name(previous), previousUp, graceOver));
    }

    private static Optional<Running> running(int which, int health, int checks) {
      return which == NONE
          ? Optional.empty()
          : Optional.of(new Running(NAMES.get(which), HEALTH[health], CHECKS[checks]));
    }

    @Override
    public String toString() {
      return situation(People.NOBODY).toString();
    }
  }

  private static final List<String> NAMES = List.of("a", "b", "c", "d");
  private static final Built[] BUILT = Built.values();
  private static final Health[] HEALTH = Health.values();
  private static final Checks[] CHECKS = Checks.values();

  private static Optional<String> name(int which) {
    return which == World.NONE ? Optional.empty() : Optional.of(NAMES.get(which));
  }

  private static int index(Optional<String> name) {
    return name.map(NAMES::indexOf).orElse(World.NONE);
  }

  /** Walks through all states. */
  private static final class Explorer {
    private final People people;
    private final States seen = new States();
    private final ArrayDeque<Long> frontier = new ArrayDeque<>();
    private final List<String> violations = new ArrayList<>();
    private long rollbacks;

    Explorer(People people) {
      this.people = people;
    }

    String told() {
      return violations.stream().limit(3).reduce("", (one, other) -> one + "\n" + other);
    }

    void explore() {
      visit(new World().pack());
      while (!frontier.isEmpty() && violations.size() < 10) {
        long state = frontier.poll();
        var world = World.of(state);
        var step = RolloutDecision.of(world.situation(people));
        judge(state, step);
        acted(world, step, this::visit);
        happenings(state, this::visit);
      }
    }

    private void visit(long state) {
      if (seen.add(state)) {
        frontier.add(state);
      }
    }

    /** What the operator does, in whole, and what is left of it if it dies on the way. */
    private static void acted(World before, RolloutDecision step, LongConsumer next) {
      var moved = World.of(before.pack());
      move(moved, step);
      // Workloads and traffic were moved; the marks were not written any more.
      next.accept(moved.pack());
      mark(moved, step);
      next.accept(moved.pack());
    }

    private static void move(World world, RolloutDecision step) {
      int serving = index(step.placement().serving());
      int candidate = index(step.placement().candidate());
      if (serving != world.serving) {
        boolean beside = serving == world.candidate;
        boolean kept = serving == world.previous;
        world.servingHealth = beside ? world.candidateHealth : kept ? Health.UP.ordinal() : 0;
        // The checks that count from now on go through the ingress.
        world.servingChecks = 0;
        world.serving = serving;
        world.graceOver = false;
      }
      if (candidate != world.candidate) {
        world.candidate = candidate;
        world.candidateHealth = 0;
        world.candidateChecks = 0;
      }
      int previous = index(step.placement().previous());
      if (previous != world.previous) {
        // It served until now.
        world.previousUp = previous != World.NONE;
      }
      world.previous = previous;
    }

    private static void mark(World world, RolloutDecision step) {
      step.marks()
          .verified()
          .map(NAMES::indexOf)
          .ifPresent(which -> {
            world.verified[which] = true;
            world.bad[which] = false;
          });
      step.marks().bad().ifPresent(id -> world.bad[NAMES.indexOf(id)] = true);
    }

    /** All that can happen without the operator. */
    private void happenings(long state, LongConsumer next) {
      branch(state, next);
      workloads(state, next);
      outages(state, next);
      people(state, next);
    }

    private void branch(long state, LongConsumer next) {
      var world = World.of(state);
      if (world.commits < people.commits) {
        var pushed = World.of(state);
        pushed.head = pushed.commits++;
        pushed.request = World.NONE;
        next.accept(pushed.pack());
      }
      for (int i = 0; i < world.commits; i++) {
        if (i != world.head) {
          var forced = World.of(state);
          forced.head = i;
          forced.request = World.NONE;
          next.accept(forced.pack());
        }
        if (world.built[i] == Built.NO.ordinal() && (i == world.head || i == world.pin)) {
          for (var outcome : List.of(Built.YES, Built.FAILED)) {
            var built = World.of(state);
            built.built[i] = outcome.ordinal();
            next.accept(built.pack());
          }
        }
      }
    }

    private static void workloads(long state, LongConsumer next) {
      var world = World.of(state);
      for (int health = 0; health < HEALTH.length; health++) {
        if (world.candidate != World.NONE && health != world.candidateHealth) {
          var changed = World.of(state);
          changed.candidateHealth = health;
          changed.candidateChecks = 0;
          next.accept(changed.pack());
        }
        // What was up once counts as up.
        if (world.serving != World.NONE
            && health != world.servingHealth
            && world.servingHealth != Health.UP.ordinal()) {
          var changed = World.of(state);
          changed.servingHealth = health;
          next.accept(changed.pack());
        }
      }
      for (int checks = 0; checks < CHECKS.length; checks++) {
        if (world.candidate != World.NONE
            && world.candidateHealth == Health.UP.ordinal()
            && checks != world.candidateChecks) {
          var changed = World.of(state);
          changed.candidateChecks = checks;
          next.accept(changed.pack());
        }
        if (world.serving != World.NONE
            && world.servingHealth == Health.UP.ordinal()
            && checks != world.servingChecks) {
          var changed = World.of(state);
          changed.servingChecks = checks;
          next.accept(changed.pack());
        }
      }
      if (world.previous != World.NONE && !world.graceOver) {
        var changed = World.of(state);
        changed.graceOver = true;
        next.accept(changed.pack());
      }
    }

    private void outages(long state, LongConsumer next) {
      var world = World.of(state);
      if (people == People.OUTAGES && world.previous != World.NONE) {
        world.previousUp = !world.previousUp;
        next.accept(world.pack());
      }
    }

    private void people(long state, LongConsumer next) {
      var world = World.of(state);
      if (people.includes(People.PINS) && world.pin != World.NONE) {
        var changed = World.of(state);
        changed.pin = World.NONE;
        next.accept(changed.pack());
      }
      for (int i = 0; i < world.commits; i++) {
        if (people.includes(People.APPROVALS) && !world.approved[i]) {
          var changed = World.of(state);
          changed.approved[i] = true;
          next.accept(changed.pack());
        }
        if (people.includes(People.PINS) && world.pin != i) {
          var changed = World.of(state);
          changed.pin = i;
          next.accept(changed.pack());
        }
        if (people.includes(People.REQUESTS) && world.request != i) {
          var changed = World.of(state);
          changed.request = i;
          next.accept(changed.pack());
        }
        if (people.includes(People.RETRIES) && world.bad[i]) {
          var changed = World.of(state);
          changed.bad[i] = false;
          next.accept(changed.pack());
        }
        if (people.includes(People.RETRIES) && world.built[i] == Built.FAILED.ordinal()) {
          var changed = World.of(state);
          changed.built[i] = Built.NO.ordinal();
          next.accept(changed.pack());
        }
      }
    }

    private void judge(long state, RolloutDecision step) {
      var before = World.of(state);
      var after = World.of(state);
      move(after, step);
      mark(after, step);
      marks(before, step);
      serves(before, after, step);
      settles(before, after, step);
    }

    private void marks(World before, RolloutDecision step) {
      step.marks()
          .bad()
          .map(NAMES::indexOf)
          .ifPresent(which -> {
            if (before.verified[which]) {
              violation("a verified version becomes bad", before, step);
            }
            boolean asCandidate =
                which == before.candidate && failed(before.candidateHealth, before.candidateChecks);
            boolean asServing =
                which == before.serving && failed(before.servingHealth, before.servingChecks);
            if (!asCandidate && !asServing) {
              violation("a version becomes bad that did not fail", before, step);
            }
          });
      step.marks()
          .verified()
          .map(NAMES::indexOf)
          .filter(which ->
              which != before.serving
                  || before.servingHealth != Health.UP.ordinal()
                  || before.servingChecks != Checks.PASSED.ordinal())
          .ifPresent(which -> violation("a version is verified that did not pass", before, step));
    }

    private static boolean failed(int health, int checks) {
      return health == Health.BROKEN.ordinal()
          || (health == Health.UP.ordinal() && checks == Checks.FAILED.ordinal());
    }

    private void serves(World before, World after, RolloutDecision step) {
      boolean switched = after.serving != before.serving;
      boolean up = after.serving != World.NONE && after.servingHealth == Health.UP.ordinal();
      if (switched && after.bad[after.serving]) {
        violation("a bad version gets the traffic", before, step);
      }
      if (switched
          && people.includes(People.APPROVALS)
          && !after.approved[after.serving]
          && !after.verified[after.serving]
          && after.serving != before.pin
          && after.serving != before.request) {
        violation("an unapproved version gets the traffic", before, step);
      }
      if (switched
          && after.serving == before.previous
          && after.serving != before.candidate
          && !before.previousUp) {
        violation("what is down gets the traffic", before, step);
      }
      if (switched && before.built[after.serving] != Built.YES.ordinal()) {
        violation("a version without an image gets the traffic", before, step);
      }
      // A mark that is written in this step is acted upon in the next.
      if (!switched && up && before.bad[before.serving] && step.marks().verified().isEmpty()) {
        boolean another =
            before.previous != World.NONE && before.verified[before.previous] && before.previousUp;
        if (another) {
          violation("a bad version goes on serving beside a verified one", before, step);
        }
      }
      verifiedServes(before, after, step);
      if (before.serving != World.NONE && after.serving == World.NONE) {
        violation("the traffic is taken from everybody", before, step);
      }
      if (switched && before.serving != World.NONE && before.bad[before.serving]) {
        rollbacks++;
      }
    }

    /** Whatever is tried, a verified version serves or runs beside what is being tried. */
    private void verifiedServes(World before, World after, RolloutDecision step) {
      boolean exists = false;
      for (int i = 0; i < before.commits; i++) {
        exists |= before.verified[i];
      }
      if (!exists || after.serving == World.NONE || after.verified[after.serving]) {
        return;
      }
      boolean servedVerified = before.serving != World.NONE && before.verified[before.serving];
      boolean stillThere = after.previous != World.NONE && after.verified[after.previous];
      boolean wasThere = before.previous != World.NONE && before.verified[before.previous];
      if ((servedVerified || wasThere) && !stillThere) {
        violation("no verified version is kept beside one that is not", before, step);
      }
    }

    private void settles(World before, World after, RolloutDecision step) {
      var now = after;
      var last = step;
      long state = now.pack();
      for (int i = 0; ; i++) {
        var next = RolloutDecision.of(now.situation(people));
        if (index(next.placement().serving()) == before.serving
            && now.serving != before.serving
            && before.serving != World.NONE
            && i == 0
            && step.marks().bad().isEmpty()) {
          violation("the last switch is undone although nothing was observed", before, step);
          return;
        }
        if (last.placement().candidate().isPresent()
            && next.placement().candidate().isEmpty()
            && next.placement().serving().equals(last.placement().serving())
            && last.marks().bad().isEmpty()) {
          violation("the candidate is taken away although nothing was observed", before, step);
          return;
        }
        var moved = World.of(state);
        move(moved, next);
        mark(moved, next);
        if (moved.pack() == state) {
          ends(now, next);
          return;
        }
        if (i > SETTLES_AFTER) {
          violation("it never settles", before, step);
          return;
        }
        now = moved;
        state = moved.pack();
        last = next;
      }
    }

    /** With nothing more to do, every commit is at an end or says what it waits for. */
    private void ends(World world, RolloutDecision step) {
      for (int i = 0; i < world.commits; i++) {
        boolean ended =
            world.verified[i]
                || world.bad[i]
                || world.built[i] == Built.FAILED.ordinal()
                || step.marks().superseded().contains(NAMES.get(i));
        if (!ended && !step.waits().containsKey(NAMES.get(i))) {
          violation("commit %s is forgotten".formatted(NAMES.get(i)), world, step);
        }
        if (world.verified[i] && step.marks().superseded().contains(NAMES.get(i))) {
          violation("a verified commit is superseded", world, step);
        }
      }
      if (step.waits().containsValue(Wait.HELD_BACK)
          && world.pin == World.NONE
          && world.request == World.NONE) {
        violation("a commit is held back by nobody", world, step);
      }
    }

    private void violation(String what, World before, RolloutDecision step) {
      violations.add(what + ":\n  " + before + "\n  " + step);
    }
  }

  /** A set of longs without objects: there are millions. */
  private static final class States {
    private long[] table = new long[1 << 20];
    private int size;

    boolean add(long state) {
      if (size * 2 > table.length) {
        grow();
      }
      return put(table, state);
    }

    int size() {
      return size;
    }

    /** No state is packed as zero, for nothing serves at first. */
    private boolean put(long[] into, long state) {
      int at = (int) ((state * 0x9E3779B97F4A7C15L) >>> 32) & (into.length - 1);
      while (into[at] != 0) {
        if (into[at] == state) {
          return false;
        }
        at = (at + 1) & (into.length - 1);
      }
      into[at] = state;
      size++;
      return true;
    }

    private void grow() {
      var larger = new long[table.length * 2];
      size = 0;
      for (long state : table) {
        if (state != 0) {
          put(larger, state);
        }
      }
      table = larger;
    }
  }
}

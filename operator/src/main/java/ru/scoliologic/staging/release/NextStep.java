package ru.scoliologic.staging.release;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What an environment's versions are to become next: one pure function of what is observed.
 *
 * <p>A step either moves traffic or workloads, or marks a version; what is marked is written down
 * before anything is moved because of it. So a step that was lost half-way is simply decided upon
 * again, whoever died.
 *
 * @param desired what people or the branch ask for, if there is such a version
 * @param wanted what is to serve once it can: {@code desired}, or what serves until then
 * @param serving what gets the traffic; none before the first version
 * @param candidate what runs beside it, outside the traffic
 * @param previous what served before and goes on running, for a short way back
 * @param verified to be marked as verified, and not as bad any more: it serves and its checks
 *     passed
 * @param bad to be marked as bad: it failed, and is not tried again unless somebody asks
 * @param superseded versions that were overtaken before they were verified
 * @param waits why a version that is not at its end yet is not
 */
public record NextStep(
    Optional<String> desired,
    Optional<String> wanted,
    Optional<String> serving,
    Optional<String> candidate,
    Optional<String> previous,
    Optional<String> verified,
    Optional<String> bad,
    Set<String> superseded,
    Map<String, Wait> waits) {

  /** How far the image of a version is. */
  public enum Built {
    NO,
    FAILED,
    YES
  }

  /** How the workload of a version is doing. */
  public enum Health {
    STARTING,
    /** It can serve; of the serving version: it has been able to. */
    UP,
    /** Given up: it keeps ending, or was not healthy in time, or its migration failed. */
    BROKEN
  }

  /** What the checks of a version say. */
  public enum Checks {
    UNKNOWN,
    PASSED,
    /** A critical check fails that does not fail for the verified version. */
    FAILED,
    /** They fail for what is not the version's fault. */
    INCONCLUSIVE
  }

  /** Why a version is not at its end yet. */
  public enum Wait {
    NOT_BUILT,
    NOT_APPROVED,
    /** A pin, or a release that asked to serve, holds another version. */
    HELD_BACK,
    STARTING,
    CHECKING,
    INCONCLUSIVE,
    /** It fails while it serves, and there is nothing to go back to, or going back is not asked. */
    FAILING,
    /** Verified before, it does not come up now: that says nothing about the version. */
    NOT_COMING_UP
  }

  /**
   * One version.
   *
   * @param id names it
   * @param approved whether somebody allowed it
   * @param verified whether its checks have ever passed while it served
   * @param bad whether it failed, and nobody has asked since to try it again
   */
  public record Version(String id, Built built, boolean approved, boolean verified, boolean bad) {}

  /** A version that has a workload. */
  public record Running(String id, Health health, Checks checks) {}

  /**
   * All that the decision depends on.
   *
   * @param versions in any order, each once
   * @param head what the branch, or the spec, asks for
   * @param pin what the spec pins; goes before all else
   * @param request what a release asked for; goes before the head
   * @param autoDeploy whether the head needs nobody's approval
   * @param goesBack whether a version that fails while it serves gives way to the one before
   * @param serving what gets the traffic
   * @param candidate what runs beside it
   * @param previous what served before and is still there
   * @param previousUp whether it can have the traffic at once
   * @param graceOver whether open connections to the previous version have had their time
   */
  public record Situation(
      List<Version> versions,
      Optional<String> head,
      Optional<String> pin,
      Optional<String> request,
      boolean autoDeploy,
      boolean goesBack,
      Optional<Running> serving,
      Optional<Running> candidate,
      Optional<String> previous,
      boolean previousUp,
      boolean graceOver) {

    private Optional<Version> find(Optional<String> id) {
      return id.flatMap(
          name -> versions.stream().filter(version -> version.id().equals(name)).findFirst());
    }
  }

  /** Decides. */
  public static NextStep of(Situation situation) {
    return new Decision(situation).step();
  }

  /** The steps of deciding. */
  private static final class Decision {
    private final Situation seen;
    private final Optional<Version> desired;
    private final Map<String, Wait> waits = new LinkedHashMap<>();
    private Optional<String> serving;
    private Optional<String> candidate = Optional.empty();
    private Optional<String> previous;
    private Optional<String> verified = Optional.empty();
    private Optional<String> bad = Optional.empty();

    Decision(Situation seen) {
      this.seen = seen;
      this.desired =
          seen.find(seen.pin())
              .or(() -> seen.find(seen.request()))
              .or(() -> seen.find(seen.head()));
      this.serving = seen.serving().map(Running::id);
      this.previous = seen.previous();
    }

    NextStep step() {
      judgeServing();
      goBack();
      var wanted = wanted();
      wanted.ifPresent(this::moveTo);
      letGo();
      explain();
      return new NextStep(
          desired.map(Version::id),
          wanted.map(Version::id),
          serving,
          candidate,
          previous,
          verified,
          bad,
          superseded(),
          Map.copyOf(waits));
    }

    /** Marks what serves; a mark is acted upon when it is seen again. */
    private void judgeServing() {
      if (seen.serving().isEmpty()) {
        return;
      }
      var running = seen.serving().get();
      var version = seen.find(serving).orElseThrow();
      if (version.verified()) {
        return;
      }
      if (running.health() == Health.BROKEN) {
        bad = serving.filter(id -> !version.bad());
      } else if (running.health() == Health.UP) {
        switch (running.checks()) {
          case PASSED -> verified = serving;
          case FAILED -> {
            if (seen.goesBack() && !version.bad() && wayBack().isPresent()) {
              bad = serving;
            } else {
              waits.put(version.id(), Wait.FAILING);
            }
          }
          case INCONCLUSIVE -> waits.put(version.id(), Wait.INCONCLUSIVE);
          case UNKNOWN -> waits.put(version.id(), Wait.CHECKING);
        }
      } else {
        waits.put(version.id(), Wait.STARTING);
      }
    }

    /** The verified version that runs and can have the traffic at once. */
    private Optional<Version> wayBack() {
      return seen.find(seen.previous()).filter(Version::verified).filter(v -> seen.previousUp());
    }

    private void goBack() {
      boolean servesBad = seen.find(serving).filter(Version::bad).isPresent();
      if (servesBad && wayBack().isPresent()) {
        serving = previous;
        previous = Optional.empty();
      }
    }

    /** Asked for by name, a version needs no approval. */
    private boolean allowed(Version version) {
      return seen.autoDeploy()
          || version.approved()
          || version.verified()
          || seen.pin().or(seen::request).isPresent();
    }

    private boolean eligible(Version version) {
      return version.built() == Built.YES && !version.bad() && allowed(version);
    }

    private Optional<Version> wanted() {
      // What is marked in this step is acted upon in the next.
      return desired
          .filter(this::eligible)
          .filter(version -> !bad.equals(Optional.of(version.id())))
          .or(() ->
              seen.find(serving).filter(version -> !version.bad() || serving.equals(verified)))
          .or(() ->
              seen.versions().stream()
                  .filter(version -> version.verified() && version.built() == Built.YES)
                  .reduce((older, newer) -> newer))
          .or(() -> seen.find(serving));
    }

    private void moveTo(Version version) {
      var target = Optional.of(version.id());
      if (target.equals(serving)) {
        return;
      }
      boolean nothingToProtect =
          serving.isEmpty()
              || (serving.equals(seen.serving().map(Running::id))
                  && seen.serving().filter(s -> s.health() != Health.UP).isPresent()
                  && seen.find(serving).filter(Version::verified).isEmpty());
      if (nothingToProtect) {
        serving = target;
        previous = Optional.empty();
        waits.clear();
        return;
      }
      if (target.equals(previous) && version.verified()) {
        if (seen.previousUp()) {
          switchTo(target);
        } else {
          waits.put(version.id(), Wait.STARTING);
        }
        return;
      }
      candidate = target;
      seen.candidate()
          .filter(running -> running.id().equals(version.id()))
          .ifPresentOrElse(
              running -> judge(running, version), () -> waits.put(version.id(), Wait.STARTING));
    }

    private void judge(Running running, Version version) {
      switch (running.health()) {
        case STARTING -> waits.put(version.id(), Wait.STARTING);
        case BROKEN -> fails(version);
        case UP -> {
          switch (running.checks()) {
            case UNKNOWN -> waits.put(version.id(), Wait.CHECKING);
            case INCONCLUSIVE -> waits.put(version.id(), Wait.INCONCLUSIVE);
            case FAILED -> fails(version);
            case PASSED -> {
              candidate = Optional.empty();
              switchTo(Optional.of(version.id()));
            }
          }
        }
      }
    }

    /** A version that was verified before cannot become bad: the fault is elsewhere. */
    private void fails(Version version) {
      if (version.verified()) {
        waits.put(version.id(), Wait.NOT_COMING_UP);
      } else if (bad.isEmpty()) {
        bad = Optional.of(version.id());
      } else {
        waits.put(version.id(), Wait.CHECKING);
      }
    }

    private void switchTo(Optional<String> target) {
      boolean servesVerified = seen.find(serving).filter(Version::verified).isPresent();
      boolean keepsVerified =
          seen.find(previous)
              .filter(Version::verified)
              .filter(v -> !Optional.of(v.id()).equals(target))
              .isPresent();
      if (servesVerified || !keepsVerified) {
        previous = serving;
      }
      serving = target;
      waits.remove(target.get());
      if (seen.find(target).filter(v -> !v.verified()).isPresent()) {
        waits.put(target.get(), Wait.CHECKING);
      }
    }

    /** The version before goes when nobody can need it any more. */
    private void letGo() {
      boolean justSwitched = !serving.equals(seen.serving().map(Running::id));
      boolean needed =
          seen.find(serving).filter(version -> !version.verified()).isPresent()
              && seen.find(previous).filter(Version::verified).isPresent();
      if (seen.graceOver() && !justSwitched && !needed) {
        previous = Optional.empty();
      }
    }

    /** Why what is asked for does not move. */
    private void explain() {
      desired.ifPresent(version -> {
        if (version.bad() || version.built() == Built.FAILED) {
          return;
        }
        if (version.built() == Built.NO) {
          waits.put(version.id(), Wait.NOT_BUILT);
        } else if (!allowed(version)) {
          waits.put(version.id(), Wait.NOT_APPROVED);
        }
      });
      seen.find(seen.head())
          .filter(head -> !Optional.of(head.id()).equals(desired.map(Version::id)))
          .filter(head -> !head.verified() && !head.bad() && head.built() != Built.FAILED)
          .ifPresent(head -> waits.putIfAbsent(head.id(), Wait.HELD_BACK));
    }

    private Set<String> superseded() {
      var overtaken = new LinkedHashSet<String>();
      for (var version : seen.versions()) {
        var id = Optional.of(version.id());
        boolean ended = version.verified() || version.bad() || version.built() == Built.FAILED;
        boolean underWay =
            id.equals(serving)
                || id.equals(candidate)
                || id.equals(desired.map(Version::id))
                || id.equals(seen.head())
                || id.equals(verified)
                || id.equals(bad);
        if (version.bad() || version.built() == Built.FAILED || !underWay) {
          waits.remove(version.id());
        }
        if (!ended && !underWay) {
          overtaken.add(version.id());
        }
      }
      return Set.copyOf(overtaken);
    }
  }
}

package ru.scoliologic.staging.release;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides the next step of an environment's versions: one function of the observed state.
 *
 * <p>A step either moves traffic or workloads, or marks a version. A mark is written before
 * anything is moved because of it, so a step that was lost half-way is decided again, by any
 * instance.
 *
 * @param desired the version that users or the branch request, if it exists
 * @param wanted the version that must serve once it can: {@code desired}, or the serving one until
 *     then
 * @param waits why a version that is not at its end yet waits
 */
public record RolloutDecision(
    Optional<String> desired,
    Optional<String> wanted,
    Placement placement,
    Marks marks,
    Map<String, Wait> waits) {

  /**
   * The versions that run.
   *
   * @param serving receives the traffic; empty before the first version
   * @param candidate runs beside it, without traffic
   * @param previous served before and keeps running, for a fast rollback
   */
  public record Placement(
      Optional<String> serving, Optional<String> candidate, Optional<String> previous) {}

  /**
   * What is written into releases.
   *
   * @param verified no longer bad: it serves and its checks passed
   * @param bad it failed, and is not tried again without a request
   * @param superseded versions that were replaced before they were verified
   */
  public record Marks(Optional<String> verified, Optional<String> bad, Set<String> superseded) {}

  /** Build state of a version. */
  public enum Built {
    NO,
    FAILED,
    YES
  }

  /** Health of a version's workload. */
  public enum Health {
    STARTING,
    /** It can serve; of the serving version: it has been able to. */
    UP,
    /** Failed permanently: it keeps crashing, exceeded its deadline, or its migration failed. */
    BROKEN
  }

  /** Result of a version's checks. */
  public enum Checks {
    UNKNOWN,
    PASSED,
    /** A critical check fails that does not fail for the verified version. */
    FAILED,
    /** They fail for a cause outside the version. */
    INCONCLUSIVE
  }

  /** Why a version is not at its end yet. */
  public enum Wait {
    NOT_BUILT,
    NOT_APPROVED,
    /** A pin, or a release requested to serve, selects another version. */
    HELD_BACK,
    STARTING,
    CHECKING,
    INCONCLUSIVE,
    /** It fails while it serves, and there is no previous version, or rollback is off. */
    FAILING,
    /** It was verified before and does not come up now, which is no fault of the version. */
    NOT_COMING_UP
  }

  /**
   * One version.
   *
   * @param id of the version
   * @param approved whether a user approved it
   * @param verified whether its checks have ever passed while it served
   * @param bad whether it failed, and no retry was requested since
   */
  public record Version(String id, Built built, boolean approved, boolean verified, boolean bad) {}

  /** A version that has a workload. */
  public record Running(String id, Health health, Checks checks) {}

  /**
   * The requested versions.
   *
   * @param head the version that the branch, or the spec, requests
   * @param pin the version that the spec pins; takes precedence over all others
   * @param request the version that a release requests; takes precedence over the head
   */
  public record Wishes(Optional<String> head, Optional<String> pin, Optional<String> request) {}

  /**
   * What the spec allows.
   *
   * @param autoDeploy whether the head needs no approval
   * @param goesBack whether a version that fails while it serves is rolled back
   */
  public record Policy(boolean autoDeploy, boolean goesBack) {}

  /**
   * The version that served before, as long as it exists.
   *
   * @param up whether it can receive the traffic at once
   * @param graceOver whether the drain time of connections to it is over
   */
  public record Previous(Optional<String> id, boolean up, boolean graceOver) {}

  /**
   * All inputs of the decision.
   *
   * @param versions in any order, each once
   * @param serving receives the traffic
   * @param candidate runs beside it
   */
  public record Situation(
      List<Version> versions,
      Wishes wishes,
      Policy policy,
      Optional<Running> serving,
      Optional<Running> candidate,
      Previous previous) {

    private Optional<Version> find(Optional<String> id) {
      return id.flatMap(
          name -> versions.stream().filter(version -> version.id().equals(name)).findFirst());
    }
  }

  public static RolloutDecision of(Situation situation) {
    return new Decision(situation).step();
  }

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
          seen.find(seen.wishes().pin())
              .or(() -> seen.find(seen.wishes().request()))
              .or(() -> seen.find(seen.wishes().head()));
      this.serving = seen.serving().map(Running::id);
      this.previous = seen.previous().id();
    }

    RolloutDecision step() {
      judgeServing();
      goBack();
      var wanted = wanted();
      wanted.ifPresent(this::moveTo);
      letGo();
      explain();
      return new RolloutDecision(
          desired.map(Version::id),
          wanted.map(Version::id),
          new Placement(serving, candidate, previous),
          new Marks(verified, bad, superseded()),
          Map.copyOf(waits));
    }

    /** Marks the serving version; a mark takes effect when it is read again. */
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
            if (seen.policy().goesBack() && !version.bad() && wayBack().isPresent()) {
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

    /** The verified version that runs and can receive the traffic at once. */
    private Optional<Version> wayBack() {
      return seen.find(seen.previous().id())
          .filter(Version::verified)
          .filter(v -> seen.previous().up());
    }

    private void goBack() {
      boolean servesBad = seen.find(serving).filter(Version::bad).isPresent();
      if (servesBad && wayBack().isPresent()) {
        serving = previous;
        previous = Optional.empty();
      }
    }

    /** A version requested by name needs no approval. */
    private boolean allowed(Version version) {
      return seen.policy().autoDeploy()
          || version.approved()
          || version.verified()
          || seen.wishes().pin().or(seen.wishes()::request).isPresent();
    }

    private boolean eligible(Version version) {
      return version.built() == Built.YES && !version.bad() && allowed(version);
    }

    private Optional<Version> wanted() {
      // A mark of this step takes effect in the next.
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
        if (seen.previous().up()) {
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

    /** Removes the previous version once it is not needed. */
    private void letGo() {
      boolean justSwitched = !serving.equals(seen.serving().map(Running::id));
      boolean needed =
          seen.find(serving).filter(version -> !version.verified()).isPresent()
              && seen.find(previous).filter(Version::verified).isPresent();
      if (seen.previous().graceOver() && !justSwitched && !needed) {
        previous = Optional.empty();
      }
    }

    /** Reports why the desired version does not progress. */
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
      seen.find(seen.wishes().head())
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
                || id.equals(seen.wishes().head())
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

package ru.scoliologic.staging.release;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.release.NextStep.Wait;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** What the release of one version is to say (pure). */
final class Entry {
  /** A commit that is not told to be the head by then is not. */
  private static final Duration ANNOUNCED = Duration.ofSeconds(30);

  private final Snapshot snapshot;
  private final Ledger.Facts facts;
  private final Version version;
  private final Optional<StagingRelease> known;
  private final Optional<StagingReleaseStatus> last;
  private final Optional<BuildStatus> build;
  private final List<Condition> before;
  private final long generation;

  /** Whether it gets the traffic. */
  private final boolean serves;

  /** Whether it starts beside the version that does. */
  private final boolean starts;

  /** Whether it serves for the first time and is not up yet. */
  private final boolean comesUp;

  private final boolean verified;

  /**
   * The entry of a version.
   *
   * @param known its release as it is
   */
  Entry(Snapshot snapshot, Ledger.Facts facts, Version version, Optional<StagingRelease> known) {
    this.snapshot = snapshot;
    this.facts = facts;
    this.version = version;
    this.known = known;
    this.last = known.map(StagingRelease::getStatus);
    this.build = known.flatMap(Catalog::build);
    this.before = last.map(StagingReleaseStatus::conditions).orElse(List.of());
    this.generation = known.map(release -> release.getMetadata().getGeneration()).orElse(1L);
    this.serves = version.equals(facts.serving());
    this.starts = facts.candidate().filter(version::equals).isPresent();
    this.comesUp = serves && !facts.available() && !Conditions.isTrue(before, Ledger.ROLLED_OUT);
    this.verified = Conditions.isTrue(before, Ledger.VERIFIED) || is(facts.step().verified());
  }

  private boolean is(Optional<String> id) {
    return id.filter(version.id()::equals).isPresent();
  }

  StagingReleaseStatus status() {
    // Into new volumes everything is tried anew, the migration too.
    boolean wiped = wiped().isPresent();
    var failedWith = wiped ? null : failedWith();
    var conditions = new ArrayList<Condition>();
    built().ifPresent(conditions::add);
    rolledOut().ifPresent(conditions::add);
    verified().ifPresent(conditions::add);
    superseded(failedWith != null).ifPresent(conditions::add);
    var state = state(conditions, failedWith != null || (wiped && serves));
    return new StagingReleaseStatus(
        generation,
        state,
        message(state, conditions),
        conditions,
        timings(),
        known
            .map(release ->
                new Handled(
                    release.getSpec().retry(),
                    release.getSpec().serve(),
                    release.getSpec().revalidate()))
            .orElse(Handled.NOTHING),
        failedWith,
        report(),
        wiped ? null : migrated(),
        wiped ? null : copy(),
        version.ofCommit() && !version.image().isEmpty() ? version.image() : null,
        null,
        last.map(StagingReleaseStatus::told).orElse(null));
  }

  /** The configuration that it failed with; a version with such a mark is not tried again. */
  private String failedWith() {
    var failed = last.map(StagingReleaseStatus::failedWith).orElse(null);
    if (is(facts.step().bad())) {
      return facts.configuration();
    }
    boolean triedAgain = known.filter(Ledger::retryAsked).isPresent() || starts;
    boolean cameUp = serves && facts.available() && !Conditions.isTrue(before, Ledger.ROLLED_OUT);
    boolean changed = comesUp && facts.wants(version) && !facts.configuration().equals(failed);
    return triedAgain || cameUp || changed || is(facts.step().verified()) ? null : failed;
  }

  private Boolean migrated() {
    return facts.migrated().contains(version.id())
        ? Boolean.TRUE
        : last.map(StagingReleaseStatus::migrated).orElse(null);
  }

  /**
   * The database as it was before the migration was first tried: later copies may hold what a try
   * left half done. Null where no copy was made.
   */
  private String copy() {
    return last.map(StagingReleaseStatus::databaseCopy)
        .orElseGet(() -> facts.copies().get(version.id()));
  }

  /** What is said of a first deployment that is removed; empty unless one is. */
  private Optional<StageResult> wiped() {
    return facts.servingState().filter(state -> state.reason() == Reason.FIRST_DEPLOYMENT_WIPED);
  }

  /** One with the same outcomes keeps the time at which they were found. */
  private SmokeReport report() {
    var told = last.map(StagingReleaseStatus::report);
    return facts
        .report()
        .filter(found -> serves)
        .filter(found -> told.filter(l -> found.results().equals(l.results())).isEmpty())
        .or(() -> told)
        .orElse(null);
  }

  private Optional<Condition> built() {
    if (!version.ofCommit()) {
      return Optional.empty();
    }
    var state = build.map(BuildStatus::state).orElse(BuildState.Waiting);
    var message = build.map(BuildStatus::message).filter(m -> !m.isBlank());
    return Optional.of(
        switch (state) {
          case Built ->
              condition(
                  Ledger.BUILT,
                  "True",
                  Reason.BUILT,
                  "its image is in the registry: " + build.get().digest());
          case Failed ->
              condition(
                  Ledger.BUILT,
                  "False",
                  Reason.BUILD_FAILED,
                  message.orElse("the build failed")
                      + build.map(BuildStatus::logTail).map(tail -> "\n" + tail).orElse(""));
          case Cancelled ->
              condition(
                  Ledger.BUILT,
                  "False",
                  Reason.BUILD_CANCELLED,
                  message.orElse("a newer commit came first"));
          case Building, Pushing ->
              condition(
                  Ledger.BUILT,
                  "Unknown",
                  Reason.BUILDING,
                  state == BuildState.Building
                      ? "its image is being built"
                      : "its image is being pushed");
          case Waiting ->
              condition(
                  Ledger.BUILT,
                  "Unknown",
                  Reason.BUILD_WAITING,
                  message.orElse("its build has not begun"));
        });
  }

  private Optional<Condition> rolledOut() {
    if (wiped().isPresent()) {
      return wiped()
          .filter(state -> serves)
          .map(state -> condition(Ledger.ROLLED_OUT, "False", state.reason(), state.message()));
    }
    if (serves && facts.available()) {
      return Optional.of(
          condition(
              Ledger.ROLLED_OUT, "True", Reason.ROLLED_OUT, "it came up and got the traffic"));
    }
    if (starts) {
      var state = facts.candidateState().orElseThrow();
      return Optional.of(condition(Ledger.ROLLED_OUT, "False", state.reason(), state.message()));
    }
    if (serves && !Conditions.isTrue(before, Ledger.ROLLED_OUT)) {
      return Optional.of(
          facts
              .servingState()
              .map(state -> condition(Ledger.ROLLED_OUT, "False", state.reason(), state.message()))
              .orElseGet(() ->
                  condition(
                      Ledger.ROLLED_OUT,
                      "False",
                      Reason.COMPONENTS_STARTING,
                      "the first version starts: see the environment's condition Deployed")));
    }
    return kept(Ledger.ROLLED_OUT);
  }

  private Optional<Condition> verified() {
    if (verified) {
      return Optional.of(
          condition(
              Ledger.VERIFIED, "True", Reason.CHECKS_PASSED, "the checks passed while it served"));
    }
    return facts
        .validation()
        // What passes so soon may have been asked of the version before: it does not count yet.
        .filter(result -> serves && !result.isReady())
        .or(() ->
            facts
                .candidateState()
                .filter(state -> starts && state.reason() == Reason.CHECKS_FAILED))
        .map(result ->
            condition(
                Ledger.VERIFIED,
                result instanceof StageResult.Waiting ? "Unknown" : "False",
                result.reason(),
                result.message()))
        .or(() -> kept(Ledger.VERIFIED));
  }

  private Optional<Condition> superseded(boolean failed) {
    boolean overtaken =
        facts.step().superseded().contains(version.id())
            && !serves
            && !starts
            && !failed
            && !isNew();
    return Optional.of(overtaken)
        .filter(yes -> yes)
        .map(yes ->
            condition(
                Ledger.SUPERSEDED,
                "True",
                Reason.SUPERSEDED,
                facts.target().desired().map(Version::title).orElse("another version")
                    + " was asked for before this version was verified"));
  }

  /**
   * Whether it may be the head that is not heard of yet: the agent makes the release of a commit,
   * and may begin to build it, a moment before its word of the head is seen here.
   */
  private boolean isNew() {
    var head =
        facts
            .target()
            .head()
            .flatMap(other -> Catalog.find(snapshot, other.id()))
            .map(release -> Instant.parse(release.getMetadata().getCreationTimestamp()));
    return version.ofCommit()
        && known
            .map(release -> Instant.parse(release.getMetadata().getCreationTimestamp()))
            .filter(made -> snapshot.now().isBefore(made.plus(ANNOUNCED)))
            .filter(made -> head.filter(made::isBefore).isEmpty())
            .isPresent();
  }

  private Optional<Condition> kept(String type) {
    return Conditions.find(before, type)
        .map(found -> new ConditionBuilder(found).withObservedGeneration(generation).build());
  }

  private Condition condition(String type, String status, Reason reason, String message) {
    var since =
        Conditions.find(before, type)
            .filter(found -> found.getStatus().equals(status))
            .map(Condition::getLastTransitionTime)
            .orElseGet(this::now);
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withReason(reason.camelCase())
        .withMessage(message)
        .withObservedGeneration(generation)
        .withLastTransitionTime(since)
        .build();
  }

  private String state(List<Condition> conditions, boolean failed) {
    if (failed) {
      return "Failed";
    }
    if (starts || comesUp) {
      return "Starting";
    }
    if (serves) {
      return "Serving";
    }
    if (Conditions.find(conditions, Ledger.SUPERSEDED).isPresent()) {
      return Ledger.SUPERSEDED;
    }
    if (facts.previous().filter(version::equals).isPresent()) {
      return "Previous";
    }
    if (verified) {
      return "Replaced";
    }
    if (facts.step().waits().get(version.id()) == Wait.NOT_APPROVED) {
      return "AwaitingApproval";
    }
    var built = build.map(BuildStatus::state);
    if (built.filter(s -> s == BuildState.Failed).isPresent()) {
      return "Failed";
    }
    return built.filter(s -> s == BuildState.Building || s == BuildState.Pushing).isPresent()
        ? "Building"
        : "Waiting";
  }

  private String message(String state, List<Condition> conditions) {
    return switch (state) {
      case "Serving" -> verified ? "serves and is verified" : conditions.getLast().getMessage();
      case "Previous" -> "served before; kept for a short way back";
      case "Replaced" -> "served before; another version serves now";
      case "AwaitingApproval" ->
          "is built and waits for somebody to approve it: set spec.approved of this release to true";
      case "Waiting" -> waiting(conditions);
      case "Starting" -> said(conditions, Ledger.ROLLED_OUT);
      case "Failed" ->
          Stream.of(Ledger.BUILT, Ledger.ROLLED_OUT, Ledger.VERIFIED)
                  .flatMap(type -> Conditions.find(conditions, type).stream())
                  .filter(condition -> condition.getStatus().equals("False"))
                  .map(Condition::getMessage)
                  .findFirst()
                  .orElseGet(() -> conditions.getLast().getMessage())
              + (wiped().isEmpty() && Boolean.TRUE.equals(migrated())
                  ? "; its migration was run, and no database goes back by itself"
                      + (copy() == null ? "" : ": the one before it is kept as " + copy())
                  : "");
      case "Building" -> said(conditions, Ledger.BUILT);
      default -> conditions.getLast().getMessage();
    };
  }

  private String waiting(List<Condition> conditions) {
    if (facts.step().waits().get(version.id()) == Wait.HELD_BACK) {
      return "is held back: spec.gitops.pin, or a release that asked to serve, goes before it";
    }
    return Conditions.find(conditions, Ledger.BUILT)
        .filter(condition -> !condition.getStatus().equals("True"))
        .map(Condition::getMessage)
        .orElse("is to be tried next");
  }

  private static String said(List<Condition> conditions, String type) {
    return Conditions.find(conditions, type).orElseGet(conditions::getLast).getMessage();
  }

  private Timings timings() {
    var told = last.map(StagingReleaseStatus::timings).orElse(Timings.NONE);
    boolean up = serves && facts.available();
    var asked = told.asked() == null ? asked() : told.asked();
    var done = told.verified() == null && verified ? now() : told.verified();
    return new Timings(
        known.map(r -> r.getSpec().commit()).map(Commit::committed).orElse(null),
        asked,
        build.map(BuildStatus::built).orElse(null),
        build.map(BuildStatus::pushed).orElse(null),
        told.available() == null && (up || isChecked()) ? now() : told.available(),
        told.switched() == null && up ? now() : told.switched(),
        done,
        done == null
            ? null
            : Duration.between(Instant.parse(asked), Instant.parse(done)).toSeconds());
  }

  /** Whether it could serve and is checked beside the version that does. */
  private boolean isChecked() {
    return starts
        && facts
            .candidateState()
            .map(StageResult::reason)
            .filter(r -> r == Reason.CHECKS_RUNNING || r == Reason.CHECKS_FAILED)
            .isPresent();
  }

  private String asked() {
    return known
        .filter(release -> version.ofCommit())
        .map(release -> release.getMetadata().getCreationTimestamp())
        .orElseGet(this::now);
  }

  private String now() {
    return snapshot.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }
}

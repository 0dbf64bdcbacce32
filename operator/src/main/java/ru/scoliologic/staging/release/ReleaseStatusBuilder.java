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
import ru.scoliologic.staging.api.StagingReleaseStatus.ReleaseState;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.release.RolloutDecision.Wait;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Builds the status of one version's release. */
final class ReleaseStatusBuilder {
  /** A commit that is not reported as the head within this time is not the head. */
  private static final Duration ANNOUNCED = Duration.ofSeconds(30);

  private final Snapshot snapshot;
  private final ReleaseLedger.Facts facts;
  private final AppVersion version;
  private final Optional<StagingRelease> known;
  private final Optional<StagingReleaseStatus> last;
  private final Optional<BuildStatus> build;
  private final List<Condition> before;
  private final long generation;

  /** Whether it receives the traffic. */
  private final boolean serves;

  /** Whether it starts beside the serving version. */
  private final boolean starts;

  /** Whether it serves for the first time and is not up yet. */
  private final boolean comesUp;

  private final boolean verified;

  /** Whether its tag now resolves to other content, which is not checked yet. */
  private final boolean changed;

  /**
   * Prepares the status of a version.
   *
   * @param known its current release
   */
  ReleaseStatusBuilder(
      Snapshot snapshot,
      ReleaseLedger.Facts facts,
      AppVersion version,
      Optional<StagingRelease> known) {
    this.snapshot = snapshot;
    this.facts = facts;
    this.version = version;
    this.known = known;
    this.last = known.map(StagingRelease::getStatus);
    this.build = known.flatMap(ReleaseCatalog::build);
    this.before = last.map(StagingReleaseStatus::conditions).orElse(List.of());
    this.generation = known.map(release -> release.getMetadata().getGeneration()).orElse(1L);
    this.serves = version.equals(facts.workloads().serving().version());
    this.starts = facts.workloads().starting().filter(version::equals).isPresent();
    this.comesUp =
        serves
            && !facts.workloads().serving().available()
            && !Conditions.isTrue(before, ReleaseLedger.ROLLED_OUT);
    this.changed = known.filter(release -> Tags.changed(snapshot, release)).isPresent();
    this.verified =
        !changed
            && (Conditions.isTrue(before, ReleaseLedger.VERIFIED)
                || is(facts.decision().marks().verified()));
  }

  private boolean is(Optional<String> id) {
    return id.filter(version.id()::equals).isPresent();
  }

  StagingReleaseStatus status() {
    // On new volumes every version is tried again, with its migration.
    boolean wiped = wiped().isPresent();
    var failedWith = wiped ? null : failedWith();
    var conditions = new ArrayList<Condition>();
    resolved().ifPresent(conditions::add);
    built().ifPresent(conditions::add);
    rolledOut().ifPresent(conditions::add);
    verified().ifPresent(conditions::add);
    superseded(failedWith != null).ifPresent(conditions::add);
    var state = state(conditions, failedWith != null || (wiped && serves));
    var failure = failure(state, conditions);
    return new StagingReleaseStatus(
        generation,
        state.name(),
        message(state, conditions, failure),
        conditions,
        timings(),
        known
            .map(release ->
                new Handled(
                    retryWaits() ? before().retry() : release.getSpec().retry(),
                    release.getSpec().serve(),
                    release.getSpec().revalidate()))
            .orElse(Handled.NOTHING),
        failedWith,
        report(),
        (wiped || changed) ? null : migrated(),
        (wiped || changed) ? null : copy(),
        // Only where the digest differs from the given image.
        version.image().isEmpty() || version.image().equals(version.title())
            ? null
            : version.image(),
        null,
        last.map(StagingReleaseStatus::told).orElse(null),
        failure);
  }

  private Handled before() {
    return last.map(StagingReleaseStatus::handled).orElse(Handled.NOTHING);
  }

  /** Whether a retry is requested for a failed version while other versions are wanted. */
  private boolean retryWaits() {
    boolean failed =
        last.map(StagingReleaseStatus::failedWith).isPresent() || is(BuildState.Failed);
    boolean wanted =
        Stream.of(facts.target().desired(), facts.target().head())
            .flatMap(Optional::stream)
            .anyMatch(version::equals);
    return failed
        && !wanted
        && !starts
        && !serves
        && known.filter(ReleaseLedger::retryAsked).isPresent();
  }

  private boolean is(BuildState state) {
    return build.map(BuildStatus::state).filter(s -> s == state).isPresent();
  }

  /** The last failure, kept during a retry: nothing else shows that a retry failed the same way. */
  private String failure(ReleaseState state, List<Condition> conditions) {
    if (state == ReleaseState.Failed) {
      return cause(conditions);
    }
    return verified ? null : last.map(StagingReleaseStatus::failure).orElse(null);
  }

  private static String cause(List<Condition> conditions) {
    return Stream.of(ReleaseLedger.BUILT, ReleaseLedger.ROLLED_OUT, ReleaseLedger.VERIFIED)
        .flatMap(type -> Conditions.find(conditions, type).stream())
        .filter(condition -> condition.getStatus().equals("False"))
        .map(Condition::getMessage)
        .findFirst()
        .orElseGet(() -> conditions.getLast().getMessage());
  }

  /** The configuration with which it failed; a version with this mark is not tried again. */
  private String failedWith() {
    var failed = last.map(StagingReleaseStatus::failedWith).orElse(null);
    if (is(facts.decision().marks().bad())) {
      return facts.configuration().value();
    }
    boolean triedAgain =
        (known.filter(ReleaseLedger::retryAsked).isPresent() && !retryWaits()) || starts;
    boolean cameUp =
        serves
            && facts.workloads().serving().available()
            && !Conditions.isTrue(before, ReleaseLedger.ROLLED_OUT);
    boolean changed =
        comesUp && facts.wants(version) && !facts.configuration().value().equals(failed);
    return triedAgain || cameUp || changed || is(facts.decision().marks().verified())
        ? null
        : failed;
  }

  private Boolean migrated() {
    return facts.migrations().done().contains(version.id())
        ? Boolean.TRUE
        : last.map(StagingReleaseStatus::migrated).orElse(null);
  }

  /**
   * The database before the first try of the migration: later copies may hold the changes of a
   * failed try. Null where no copy was made.
   */
  private String copy() {
    return last.map(StagingReleaseStatus::databaseCopy)
        .orElseGet(() -> facts.migrations().copies().get(version.id()));
  }

  /** Status of the removal of a first deployment; empty when none is removed. */
  private Optional<StageResult> wiped() {
    return facts
        .workloads()
        .serving()
        .state()
        .filter(state -> state.reason() == Reason.FIRST_DEPLOYMENT_WIPED);
  }

  /** A report with the same outcomes keeps its time. */
  private SmokeReport report() {
    var told = last.map(StagingReleaseStatus::report);
    return facts
        .validation()
        .report()
        .filter(found -> serves)
        .filter(found -> told.filter(l -> found.results().equals(l.results())).isEmpty())
        .or(() -> told)
        .orElse(null);
  }

  /** The result of the last resolution of its tag. */
  private Optional<Condition> resolved() {
    return Tags.answered(snapshot, version)
        .map(tag ->
            tag.digest() == null
                ? condition(
                    ReleaseLedger.RESOLVED,
                    "False",
                    Reason.TAG_NOT_RESOLVED,
                    Tags.unresolved(version, tag))
                : condition(
                    ReleaseLedger.RESOLVED,
                    "True",
                    Reason.TAG_RESOLVED,
                    "its tag is " + tag.digest()))
        .or(() -> kept(ReleaseLedger.RESOLVED));
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
                  ReleaseLedger.BUILT,
                  "True",
                  Reason.BUILT,
                  "its image is in the registry: " + build.get().digest());
          case Failed ->
              condition(
                  ReleaseLedger.BUILT,
                  "False",
                  Reason.BUILD_FAILED,
                  message.orElse("the build failed")
                      + build.map(BuildStatus::logTail).map(tail -> "\n" + tail).orElse(""));
          case Cancelled ->
              condition(
                  ReleaseLedger.BUILT,
                  "False",
                  Reason.BUILD_CANCELLED,
                  message.orElse("a newer commit was pushed before its image was built"));
          case Building, Pushing ->
              condition(
                  ReleaseLedger.BUILT,
                  "Unknown",
                  Reason.BUILDING,
                  state == BuildState.Building
                      ? "its image is being built"
                      : "its image is being pushed");
          case Waiting ->
              condition(
                  ReleaseLedger.BUILT,
                  "Unknown",
                  Reason.BUILD_WAITING,
                  message.orElse("its build has not started"));
        });
  }

  private Optional<Condition> rolledOut() {
    if (wiped().isPresent()) {
      return wiped()
          .filter(state -> serves)
          .map(state ->
              condition(ReleaseLedger.ROLLED_OUT, "False", state.reason(), state.message()));
    }
    if (serves && facts.workloads().serving().available()) {
      return Optional.of(
          condition(
              ReleaseLedger.ROLLED_OUT,
              "True",
              Reason.ROLLED_OUT,
              "it became healthy and got the traffic"));
    }
    if (starts) {
      var state = facts.workloads().candidateState().orElseThrow();
      return Optional.of(
          condition(ReleaseLedger.ROLLED_OUT, "False", state.reason(), state.message()));
    }
    if (serves && !Conditions.isTrue(before, ReleaseLedger.ROLLED_OUT)) {
      return Optional.of(
          facts
              .workloads()
              .serving()
              .state()
              .map(state ->
                  condition(ReleaseLedger.ROLLED_OUT, "False", state.reason(), state.message()))
              .orElseGet(() ->
                  condition(
                      ReleaseLedger.ROLLED_OUT,
                      "False",
                      Reason.COMPONENTS_STARTING,
                      "the first version starts: see the environment's condition Deployed")));
    }
    // The new content was never rolled out, and needs its migration when it starts again.
    return changed && !serves ? Optional.empty() : kept(ReleaseLedger.ROLLED_OUT);
  }

  private Optional<Condition> verified() {
    if (verified) {
      return Optional.of(
          condition(
              ReleaseLedger.VERIFIED,
              "True",
              Reason.CHECKS_PASSED,
              "the checks passed while it served"));
    }
    if (changed) {
      return Conditions.find(before, ReleaseLedger.VERIFIED)
          .map(last ->
              condition(
                  ReleaseLedger.VERIFIED,
                  "Unknown",
                  Reason.CHECKS_RUNNING,
                  "its tag resolves to other content than before, which is not checked yet"));
    }
    return facts
        .validation()
        .result()
        // An early pass may be an answer of the previous version: it does not count yet.
        .filter(result -> serves && !result.isReady())
        .or(() ->
            facts
                .workloads()
                .candidateState()
                .filter(state -> starts && state.reason() == Reason.CHECKS_FAILED))
        .map(result ->
            condition(
                ReleaseLedger.VERIFIED,
                result instanceof StageResult.Waiting ? "Unknown" : "False",
                result.reason(),
                result.message()))
        .or(() -> kept(ReleaseLedger.VERIFIED));
  }

  private Optional<Condition> superseded(boolean failed) {
    boolean overtaken =
        facts.decision().marks().superseded().contains(version.id())
            && !serves
            && !starts
            && !failed
            && !isNew();
    return Optional.of(overtaken)
        .filter(yes -> yes)
        .map(yes ->
            condition(
                ReleaseLedger.SUPERSEDED,
                "True",
                Reason.SUPERSEDED,
                facts.target().desired().map(AppVersion::title).orElse("another version")
                    + " was requested before this version was verified"
                    + last.map(StagingReleaseStatus::failure)
                        .map(cause -> "; it had failed: " + cause)
                        .orElse("")));
  }

  /**
   * Whether it may be a head that is not reported yet: the agent creates the release of a commit,
   * and may start its build, a moment before the new head is seen here.
   */
  private boolean isNew() {
    var head =
        facts
            .target()
            .head()
            .flatMap(other -> ReleaseCatalog.find(snapshot, other.id()))
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

  private ReleaseState state(List<Condition> conditions, boolean failed) {
    if (failed) {
      return ReleaseState.Failed;
    }
    if (starts || comesUp) {
      return ReleaseState.Starting;
    }
    if (serves) {
      return ReleaseState.Serving;
    }
    if (Conditions.find(conditions, ReleaseLedger.SUPERSEDED).isPresent()) {
      return ReleaseState.Superseded;
    }
    if (facts.workloads().previous().filter(version::equals).isPresent()) {
      return ReleaseState.Previous;
    }
    if (verified) {
      return ReleaseState.Replaced;
    }
    if (facts.decision().waits().get(version.id()) == Wait.NOT_APPROVED) {
      return ReleaseState.AwaitingApproval;
    }
    var built = build.map(BuildStatus::state);
    if (is(BuildState.Failed)) {
      return ReleaseState.Failed;
    }
    return built.filter(s -> s == BuildState.Building || s == BuildState.Pushing).isPresent()
        ? ReleaseState.Building
        : ReleaseState.Waiting;
  }

  private String message(ReleaseState state, List<Condition> conditions, String failure) {
    return switch (state) {
      case Serving -> verified ? "serves and is verified" : conditions.getLast().getMessage();
      case Previous -> "served before; kept for a fast rollback";
      case Replaced -> "served before; another version serves now";
      case AwaitingApproval ->
          "is built and waits for approval: set spec.approved of this release to true";
      case Waiting -> waiting(conditions);
      case Starting -> said(conditions, ReleaseLedger.ROLLED_OUT);
      case Failed ->
          ProgramLog.with(
              failure,
              (wiped().isEmpty() && Boolean.TRUE.equals(migrated())
                      ? "; its migration ran, and the database is not rolled back"
                          + (copy() == null
                              ? ""
                              : ": the database before the migration is kept as " + copy())
                      : "")
                  + (retryWaits() ? "; " + retryWaiting() : ""));
      case Building -> said(conditions, ReleaseLedger.BUILT);
      case Superseded -> conditions.getLast().getMessage();
    };
  }

  /** Why the retry has no effect, and what helps. */
  private String retryWaiting() {
    return "spec.retry has no effect yet, because %s is requested: %s"
        .formatted(
            facts.target().desired().map(AppVersion::title).orElse("another version"),
            version.image().isEmpty()
                ? "name the commit in spec.gitops.pin of the environment to have it built again"
                : "set spec.serve of this release as well to have it tried again");
  }

  private String waiting(List<Condition> conditions) {
    if (facts.decision().waits().get(version.id()) == Wait.HELD_BACK) {
      return "is held back: spec.gitops.pin, or a release with spec.serve, takes precedence";
    }
    return Conditions.find(conditions, ReleaseLedger.BUILT)
        .filter(condition -> !condition.getStatus().equals("True"))
        .map(Condition::getMessage)
        .orElse("is tried next");
  }

  private static String said(List<Condition> conditions, String type) {
    return Conditions.find(conditions, type).orElseGet(conditions::getLast).getMessage();
  }

  private Timings timings() {
    var told = last.map(StagingReleaseStatus::timings).orElse(Timings.NONE);
    boolean up = serves && facts.workloads().serving().available();
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

  /** Whether it could serve and is checked beside the serving version. */
  private boolean isChecked() {
    return starts
        && facts
            .workloads()
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

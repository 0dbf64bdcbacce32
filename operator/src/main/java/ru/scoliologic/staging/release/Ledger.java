package ru.scoliologic.staging.release;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** What the releases of an environment are to say (pure). */
public final class Ledger {
  public static final String COMPONENT = "app";
  public static final String ROLLED_OUT = "RolledOut";
  public static final String VERIFIED = "Verified";
  public static final String SUPERSEDED = "Superseded";

  /** Releases kept; beyond, the oldest that nobody needs go. */
  static final int KEPT = 10;

  private static final int HASH_LENGTH = 8;

  private final Snapshot snapshot;
  private final Facts facts;

  /**
   * What one pass found out.
   *
   * @param target the version that is wanted
   * @param serving image that gets the traffic
   * @param available whether the serving version is available
   * @param candidate image that starts beside it, if any
   * @param candidateState how the candidate is doing; Failing with {@code failed} when it is given
   *     up
   * @param failed whether the candidate is given up, or the wanted version that serves if it never
   *     came up
   * @param previous image that served before and is still kept
   * @param validation what the checks through the ingress say, if they ran
   * @param configuration hash of what the application is configured with
   * @param report the outcome of every check of the serving version, if they ran
   * @param migrated images whose migration was found to have succeeded
   * @param servingState how the wanted version that serves is doing while it is not up
   */
  public record Facts(
      Target target,
      String serving,
      boolean available,
      Optional<String> candidate,
      Optional<StageResult> candidateState,
      boolean failed,
      Optional<String> previous,
      Optional<StageResult> validation,
      String configuration,
      Optional<SmokeReport> report,
      Set<String> migrated,
      Optional<StageResult> servingState) {}

  private Ledger(Snapshot snapshot, Facts facts) {
    this.snapshot = snapshot;
    this.facts = facts;
  }

  /** The release of every version that has one or needs one, with its status. */
  public static List<StagingRelease> of(Snapshot snapshot, Facts facts) {
    return new Ledger(snapshot, facts).releases();
  }

  /** Releases beyond the number that is kept: the oldest first, none that is still needed. */
  public static List<StagingRelease> surplus(Snapshot snapshot, Facts facts) {
    var needed =
        Stream.of(
                Stream.of(facts.serving(), facts.target().image()),
                facts.candidate().stream(),
                facts.previous().stream(),
                Stream.of(snapshot.environment().getSpec().services().app().image()))
            .flatMap(images -> images)
            .toList();
    var all = ofImages(snapshot).toList();
    return all.stream()
        .filter(release -> !needed.contains(release.getSpec().image()))
        .sorted(
            Comparator.comparing(
                    (StagingRelease release) -> release.getMetadata().getCreationTimestamp())
                .thenComparing(release -> release.getMetadata().getName()))
        .limit(Math.max(0, all.size() - KEPT))
        .toList();
  }

  /** Releases of given images: those of commits are the agent's. */
  static Stream<StagingRelease> ofImages(Snapshot snapshot) {
    return snapshot.owned().list(StagingRelease.class).stream()
        .filter(release -> release.getSpec().image() != null);
  }

  /** The release of an image, if there is one. */
  public static Optional<StagingRelease> find(Snapshot snapshot, String image) {
    return ofImages(snapshot)
        .filter(release -> image.equals(release.getSpec().image()))
        .findFirst();
  }

  /** Whether a version failed with this configuration and nobody asked to try it again. */
  public static boolean gaveUp(Snapshot snapshot, String image, String configuration) {
    return find(snapshot, image)
        .filter(release -> release.getStatus() != null)
        .filter(release -> configuration.equals(release.getStatus().failedWith()))
        .filter(release -> !retryAsked(release))
        .isPresent();
  }

  /** Whether a version needs no migration any more: it had one, or it was rolled out before. */
  public static boolean settled(Snapshot snapshot, String image) {
    return find(snapshot, image)
        .map(StagingRelease::getStatus)
        .filter(status ->
            Boolean.TRUE.equals(status.migrated())
                || Conditions.isTrue(status.conditions(), ROLLED_OUT))
        .isPresent();
  }

  /**
   * Whether no release remembers anything of the volumes, such as a migration: only then may they
   * go, or a version would be started later in a database that was never prepared for it.
   */
  public static boolean isForgotten(Snapshot snapshot) {
    return snapshot.owned().list(StagingRelease.class).stream()
        .map(StagingRelease::getStatus)
        .filter(Objects::nonNull)
        .allMatch(status ->
            status.failedWith() == null
                && !Boolean.TRUE.equals(status.migrated())
                && !Conditions.isTrue(status.conditions(), ROLLED_OUT));
  }

  /** Name of the release of an image: the environment and a hash of the reference. */
  public static String name(String environment, String image) {
    return environment + "-" + Hash.of(image).substring(0, HASH_LENGTH);
  }

  private static boolean retryAsked(StagingRelease release) {
    return release.getSpec().retry() != null
        && !Objects.equals(release.getSpec().retry(), handled(release).retry());
  }

  private static Handled handled(StagingRelease release) {
    return release.getStatus() == null || release.getStatus().handled() == null
        ? Handled.NOTHING
        : release.getStatus().handled();
  }

  private List<StagingRelease> releases() {
    var images = new LinkedHashSet<String>();
    images.add(facts.serving());
    facts.candidate().ifPresent(images::add);
    ofImages(snapshot).map(release -> release.getSpec().image()).forEach(images::add);
    return images.stream().map(this::release).toList();
  }

  private StagingRelease release(String image) {
    var environment = snapshot.environment();
    var known = find(snapshot, image);
    var release = new StagingRelease();
    release.setMetadata(
        Ownership.owned(environment, COMPONENT, name(environment.getMetadata().getName(), image)));
    release.setSpec(StagingReleaseSpec.ofImage(environment.getMetadata().getName(), image));
    release.setStatus(status(image, known));
    return release;
  }

  private StagingReleaseStatus status(String image, Optional<StagingRelease> known) {
    var last = known.map(StagingRelease::getStatus);
    var before = last.map(StagingReleaseStatus::conditions).orElse(List.of());
    boolean serves = image.equals(facts.serving());
    boolean starts = facts.candidate().filter(image::equals).isPresent();
    boolean verified =
        Conditions.isTrue(before, VERIFIED)
            || (serves && facts.validation().filter(StageResult::isReady).isPresent());
    boolean wanted = serves && image.equals(facts.target().image());
    boolean comesUp = serves && !facts.available() && !Conditions.isTrue(before, ROLLED_OUT);
    boolean retryAsked = known.filter(Ledger::retryAsked).isPresent();
    boolean tried = starts || wanted || retryAsked;
    boolean failed = starts ? facts.failed() : wanted && comesUp && !retryAsked && givenUp(image);
    boolean wiped = wiped().isPresent();
    // Into new volumes everything is tried anew, the migration too.
    var failedWith =
        wiped
            ? null
            : tried
                ? failed ? facts.configuration() : null
                : last.map(StagingReleaseStatus::failedWith).orElse(null);
    long generation = known.map(release -> release.getMetadata().getGeneration()).orElse(1L);
    boolean superseded =
        !serves
            && !starts
            && !verified
            && failedWith == null
            && !image.equals(facts.target().image());

    var conditions = new ArrayList<Condition>();
    rolledOut(before, generation, serves, starts).ifPresent(conditions::add);
    verified(before, generation, serves, verified).ifPresent(conditions::add);
    if (superseded) {
      conditions.add(
          condition(
              before,
              generation,
              SUPERSEDED,
              "True",
              Reason.SUPERSEDED,
              facts.target().image() + " was asked for before this version was verified"));
    }
    var state =
        state(
            image,
            serves,
            starts || comesUp,
            verified,
            superseded,
            failedWith != null || (wiped && serves));
    return new StagingReleaseStatus(
        generation,
        state,
        message(state, conditions),
        conditions,
        timings(last.map(StagingReleaseStatus::timings), serves, verified),
        known
            .map(release ->
                new Handled(
                    release.getSpec().retry(),
                    release.getSpec().serve(),
                    release.getSpec().revalidate()))
            .orElse(Handled.NOTHING),
        failedWith,
        report(serves, last.map(StagingReleaseStatus::report)),
        wiped
            ? null
            : facts.migrated().contains(image)
                ? Boolean.TRUE
                : last.map(StagingReleaseStatus::migrated).orElse(null),
        null,
        null,
        last.map(StagingReleaseStatus::told).orElse(null));
  }

  /** What is said of a first deployment that is removed; empty unless one is. */
  private Optional<StageResult> wiped() {
    return facts.servingState().filter(state -> state.reason() == Reason.FIRST_DEPLOYMENT_WIPED);
  }

  /** A first version goes on where nothing else can serve, but stays given up until it is up. */
  private boolean givenUp(String image) {
    return facts.failed() || gaveUp(snapshot, image, facts.configuration());
  }

  /** One with the same outcomes keeps the time at which they were found. */
  private SmokeReport report(boolean serves, Optional<SmokeReport> last) {
    return facts
        .report()
        .filter(found -> serves)
        .filter(found -> last.filter(l -> found.results().equals(l.results())).isEmpty())
        .or(() -> last)
        .orElse(null);
  }

  private Optional<Condition> rolledOut(
      List<Condition> before, long generation, boolean serves, boolean starts) {
    if (wiped().isPresent()) {
      return wiped()
          .filter(state -> serves)
          .map(state ->
              condition(before, generation, ROLLED_OUT, "False", state.reason(), state.message()));
    }
    if (serves && facts.available()) {
      return Optional.of(
          condition(
              before,
              generation,
              ROLLED_OUT,
              "True",
              Reason.ROLLED_OUT,
              "it came up and got the traffic"));
    }
    if (starts) {
      var state = facts.candidateState().orElseThrow();
      return Optional.of(
          condition(before, generation, ROLLED_OUT, "False", state.reason(), state.message()));
    }
    if (serves && !Conditions.isTrue(before, ROLLED_OUT)) {
      if (facts.servingState().isPresent()) {
        var state = facts.servingState().get();
        return Optional.of(
            condition(before, generation, ROLLED_OUT, "False", state.reason(), state.message()));
      }
      return Optional.of(
          condition(
              before,
              generation,
              ROLLED_OUT,
              "False",
              Reason.COMPONENTS_STARTING,
              "the first version starts: see the environment's condition Deployed"));
    }
    return kept(before, generation, ROLLED_OUT);
  }

  private Optional<Condition> verified(
      List<Condition> before, long generation, boolean serves, boolean verified) {
    if (verified) {
      return Optional.of(
          condition(
              before,
              generation,
              VERIFIED,
              "True",
              Reason.CHECKS_PASSED,
              "the checks passed while it served"));
    }
    return serves && facts.validation().isPresent()
        ? facts
            .validation()
            .map(result ->
                condition(before, generation, VERIFIED, "False", result.reason(), result.message()))
        : kept(before, generation, VERIFIED);
  }

  private Optional<Condition> kept(List<Condition> before, long generation, String type) {
    return Conditions.find(before, type)
        .map(last -> new ConditionBuilder(last).withObservedGeneration(generation).build());
  }

  private Condition condition(
      List<Condition> before,
      long generation,
      String type,
      String status,
      Reason reason,
      String message) {
    var since =
        Conditions.find(before, type)
            .filter(last -> last.getStatus().equals(status))
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

  private String state(
      String image,
      boolean serves,
      boolean starts,
      boolean verified,
      boolean superseded,
      boolean failed) {
    if (failed) {
      return "Failed";
    }
    if (starts) {
      return "Starting";
    }
    if (serves) {
      return "Serving";
    }
    if (superseded) {
      return SUPERSEDED;
    }
    if (facts.previous().filter(image::equals).isPresent()) {
      return "Previous";
    }
    return verified ? "Replaced" : "Waiting";
  }

  private static String message(String state, List<Condition> conditions) {
    return switch (state) {
      case "Serving" ->
          Conditions.isTrue(conditions, VERIFIED)
              ? "serves and is verified"
              : conditions.getLast().getMessage();
      case "Previous" -> "served before; kept for a short way back";
      case "Replaced" -> "served before; another version serves now";
      case "Waiting" -> "is to be tried next";
      case "Starting", "Failed" ->
          Conditions.find(conditions, ROLLED_OUT).orElseGet(conditions::getLast).getMessage();
      default -> conditions.getLast().getMessage();
    };
  }

  private Timings timings(Optional<Timings> before, boolean serves, boolean verified) {
    var last = before.orElse(Timings.NONE);
    boolean up = serves && facts.available();
    var asked = last.asked() == null ? now() : last.asked();
    var done = last.verified() == null && verified ? now() : last.verified();
    return new Timings(
        null,
        asked,
        null,
        null,
        last.available() == null && up ? now() : last.available(),
        last.switched() == null && up ? now() : last.switched(),
        done,
        done == null
            ? null
            : Duration.between(Instant.parse(asked), Instant.parse(done)).toSeconds());
  }

  private String now() {
    return snapshot.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }
}

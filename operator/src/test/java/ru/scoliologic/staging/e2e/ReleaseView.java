package ru.scoliologic.staging.e2e;

import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.stage.Conditions;

/** What a release says of itself. */
final class ReleaseView {
  static final String BUILT = "Built";
  static final String ROLLED_OUT = "RolledOut";
  static final String VERIFIED = "Verified";
  static final String SUPERSEDED = "Superseded";

  private ReleaseView() {}

  /** A condition of a release; one that is absent is Unknown. */
  static Condition condition(StagingRelease release, String type) {
    return Optional.ofNullable(release.getStatus())
        .flatMap(status -> Conditions.find(status.conditions(), type))
        .orElseGet(() -> new Condition(null, "absent", null, "Absent", "Unknown", type));
  }

  static boolean is(StagingRelease release, String type, String status, String reason) {
    var condition = condition(release, type);
    return condition.getStatus().equals(status) && condition.getReason().equals(reason);
  }

  static String state(StagingRelease release) {
    return release.getStatus() == null ? "" : String.valueOf(release.getStatus().state());
  }

  /** Whether it is not tried again. */
  static boolean isBad(StagingRelease release) {
    return release.getStatus() != null && release.getStatus().failedWith() != null;
  }

  static Optional<BuildStatus> build(StagingRelease release) {
    return Optional.ofNullable(release.getStatus()).map(StagingReleaseStatus::build);
  }

  /** Prints the time of each step. */
  static void print(String what, StagingRelease release) {
    var timings = release.getStatus().timings();
    var committed = Instant.parse(timings.committed());
    var steps =
        Stream.of(
                step("asked", committed, timings.asked()),
                step("built", committed, timings.built()),
                step("pushed", committed, timings.pushed()),
                step("available", committed, timings.available()),
                step("switched", committed, timings.switched()),
                step("verified", committed, timings.verified()))
            .flatMap(Optional::stream)
            .collect(Collectors.joining(", "));
    System.out.printf(
        "figure  %s, seconds from the commit: %s; from asked to verified: %d%n",
        what, steps, timings.secondsToVerified());
  }

  private static Optional<String> step(String name, Instant since, String time) {
    return Optional.ofNullable(time)
        .map(t -> "%s %d".formatted(name, Duration.between(since, Instant.parse(t)).toSeconds()));
  }
}

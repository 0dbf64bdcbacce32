package ru.scoliologic.staging.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;
import ru.scoliologic.staging.api.ValidationSpec;

/**
 * The content of a notification, the same for every channel. All texts are masked and bounded.
 *
 * @param occasion for example Verified
 * @param release its name
 * @param version short hash of the commit, or the image
 * @param commit that the version was built from; empty for an image
 * @param seconds from the commit, or else from the request for the version, to {@code at}
 * @param at when it was verified or failed
 * @param sentence the outcome
 * @param failedChecks the critical ones first
 * @param moreFailedChecks number of those that are not listed
 * @param appUrl where the application is
 * @param commitUrl where the commit can be read
 */
public record NotificationContent(
    String environment,
    String namespace,
    String occasion,
    String release,
    String version,
    Optional<Commit> commit,
    Optional<Long> seconds,
    String at,
    String sentence,
    List<FailedCheck> failedChecks,
    int moreFailedChecks,
    String appUrl,
    Optional<String> commitUrl) {

  /** A check that failed. */
  public record FailedCheck(String name, boolean critical) {
    String text() {
      return critical ? name + " (critical)" : name;
    }
  }

  private static final int MOST_CHECKS = 10;
  private static final int LONGEST_CHECK = 80;
  private static final int LONGEST_IMAGE = 200;
  private static final int LONGEST_SENTENCE = 500;
  private static final int LONGEST_LINE = 200;
  private static final int SHORT_HASH = 7;

  /**
   * The content for one entry of status.told.
   *
   * @param masking hides secret values in a text
   */
  public static NotificationContent of(
      StagingEnvironment environment,
      StagingRelease release,
      Told told,
      UnaryOperator<String> masking) {
    var status = release.getStatus();
    var commit = Optional.ofNullable(release.getSpec().commit());
    var failed = failed(status.report());
    var at = Optional.ofNullable(status.timings()).map(Timings::verified).orElseGet(told::since);
    return new NotificationContent(
        environment.getMetadata().getName(),
        environment.getMetadata().getNamespace(),
        told.occasion(),
        release.getMetadata().getName(),
        commit
            .map(c -> c.hash().substring(0, Math.min(SHORT_HASH, c.hash().length())))
            .orElseGet(() -> bounded(masking, release.getSpec().image(), LONGEST_IMAGE)),
        commit.map(c -> masked(masking, c)),
        seconds(commit, status, at),
        at,
        bounded(masking, status.message() == null ? "" : status.message(), LONGEST_SENTENCE),
        failed.stream()
            .limit(MOST_CHECKS)
            .map(result ->
                new FailedCheck(
                    bounded(masking, result.name(), LONGEST_CHECK),
                    result.priority() == ValidationSpec.Priority.Critical))
            .toList(),
        Math.max(0, failed.size() - MOST_CHECKS),
        "https://" + environment.getSpec().domains().app(),
        commit
            .filter(c -> environment.getSpec().gitops() != null)
            .flatMap(
                c -> RepositoryLink.commit(environment.getSpec().gitops().repository(), c.hash())));
  }

  private static Commit masked(UnaryOperator<String> masking, Commit commit) {
    return new Commit(
        commit.hash(),
        bounded(masking, commit.branch(), LONGEST_LINE),
        bounded(masking, commit.author(), LONGEST_LINE),
        bounded(masking, commit.subject(), LONGEST_LINE),
        commit.committed());
  }

  private static List<SmokeReport.Result> failed(SmokeReport report) {
    return Optional.ofNullable(report).map(SmokeReport::results).stream()
        .flatMap(List::stream)
        .filter(result -> result.outcome() == SmokeReport.Outcome.Failed)
        .sorted(
            Comparator.comparing(
                SmokeReport.Result::priority, Comparator.nullsLast(Comparator.naturalOrder())))
        .toList();
  }

  private static Optional<Long> seconds(
      Optional<Commit> commit, StagingReleaseStatus status, String at) {
    var asked = Optional.ofNullable(status.timings()).map(Timings::asked);
    return commit
        .map(Commit::committed)
        .or(() -> asked)
        .map(from -> Duration.between(Instant.parse(from), Instant.parse(at)).toSeconds())
        .filter(seconds -> seconds >= 0);
  }

  private static String bounded(UnaryOperator<String> masking, String text, int longest) {
    if (text == null) {
      return null;
    }
    var masked = masking.apply(text).strip();
    return masked.length() <= longest ? masked : masked.substring(0, longest - 1) + "…";
  }

  /** A summary in one line. */
  String title() {
    return "%s: %s %s".formatted(environment, version, what());
  }

  private String what() {
    return switch (occasion) {
      case "Verified" -> "is verified";
      case "Recovered" -> "is verified, after earlier failures";
      case "RolledBack" -> "was rolled back";
      case "Failed" -> "failed and got no traffic";
      default -> "is " + occasion;
    };
  }

  /** The other details, line by line, without links. */
  List<String> lines() {
    var lines = new ArrayList<String>();
    commit
        .map(NotificationContent::described)
        .filter(line -> !line.isEmpty())
        .ifPresent(lines::add);
    if (!sentence.isEmpty() && !isGood()) {
      lines.add("Why: " + sentence);
    }
    if (!failedChecks.isEmpty()) {
      lines.add("Failed checks: " + checks());
    }
    seconds.ifPresent(s -> lines.add(took(s)));
    return lines;
  }

  boolean isGood() {
    return occasion.equals("Verified") || occasion.equals("Recovered");
  }

  private static String described(Commit commit) {
    return Stream.of(
            Optional.ofNullable(commit.subject()).map("“%s”"::formatted),
            Optional.ofNullable(commit.author()).map("by %s"::formatted),
            Optional.ofNullable(commit.branch()).map("on %s"::formatted))
        .flatMap(Optional::stream)
        .collect(Collectors.joining(" "));
  }

  private String checks() {
    var names = failedChecks.stream().map(FailedCheck::text).collect(Collectors.joining(", "));
    return moreFailedChecks == 0 ? names : names + " and " + moreFailedChecks + " more";
  }

  private String took(long total) {
    var from = commit.map(Commit::committed).filter(Objects::nonNull).isPresent();
    return "%s after it was %s".formatted(duration(total), from ? "committed" : "requested");
  }

  private static String duration(long total) {
    var time = Duration.ofSeconds(total);
    return time.toHours() > 0
        ? "%d h %d min".formatted(time.toHours(), time.toMinutesPart())
        : time.toMinutes() > 0
            ? "%d min %d s".formatted(time.toMinutes(), time.toSecondsPart())
            : "%d s".formatted(total);
  }

  /** A command that shows more of it. */
  String command() {
    return "kubectl -n %s describe strel %s".formatted(namespace, release);
  }

  /** The whole content as plain text. */
  String text() {
    var lines = new ArrayList<String>();
    lines.add(title());
    lines.addAll(lines());
    lines.add("Application: " + appUrl);
    commitUrl.ifPresent(url -> lines.add("Commit: " + url));
    lines.add("Release: " + command());
    return String.join("\n", lines);
  }
}

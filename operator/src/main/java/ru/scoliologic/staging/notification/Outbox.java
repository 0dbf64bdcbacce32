package ru.scoliologic.staging.notification;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.NotificationSpec;
import ru.scoliologic.staging.api.NotificationSpec.Occasion;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Telling;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;
import ru.scoliologic.staging.cluster.kube.Hash;

/**
 * Decides which messages about a release are due, and records their outcomes. A message enters
 * status.told in the same write as the state that it reports, so a crash loses none, and states
 * from before a notification was configured are not reported.
 */
public final class Outbox {
  /** Names GitHub as the addressee, in place of an entry of spec.notifications. */
  public static final String COMMIT_STATUS = "gitops.commitStatus";

  /** A message is tried for this long. */
  static final Duration LONGEST = Duration.ofHours(1);

  static final Duration FIRST_WAIT = Duration.ofSeconds(5);
  static final Duration MOST_WAIT = Duration.ofMinutes(5);

  private Outbox() {}

  /**
   * The entries of a release after a pass.
   *
   * @param before status as last written; null for none
   * @param release with the status to write
   * @param all releases of the environment, with the statuses to write
   * @param outcomes of tries that are not recorded yet, by {@link #attempt}
   */
  public static List<Told> carry(
      StagingEnvironment environment,
      StagingReleaseStatus before,
      StagingRelease release,
      Collection<StagingRelease> all,
      Map<String, Outcome> outcomes,
      Instant now) {
    var entries = new ArrayList<Told>();
    Optional.ofNullable(before).map(StagingReleaseStatus::told).stream()
        .flatMap(List::stream)
        .filter(told -> told.state() != Telling.Due || asked(environment, told))
        .map(told ->
            told.state() == Telling.Due
                ? tried(told, outcomes.get(attempt(environment, release, told)), now)
                : told)
        .forEach(entries::add);
    var outcome = ReleaseOutcome.of(release.getStatus());
    // The agent writes its part before the operator has observed the release at all.
    if (before == null || before.state() == null || ReleaseOutcome.of(before) != outcome) {
      environment
          .getSpec()
          .notifications()
          .forEach(notification ->
              occasion(notification, outcome, release, List.copyOf(entries), all)
                  .ifPresent(o -> add(entries, notification.name(), o.name(), now)));
      if (followed(environment) && release.getSpec().commit() != null) {
        addCommitStatus(entries, CommitState.of(outcome), now);
      }
    }
    return entries;
  }

  /** Messages to send, now or later. */
  public static List<Told> due(StagingReleaseStatus status) {
    return Optional.ofNullable(status.told()).stream()
        .flatMap(List::stream)
        .filter(told -> told.state() == Telling.Due)
        .toList();
  }

  /** When a message is tried next. */
  public static Instant time(Told told) {
    return Instant.parse(told.next() == null ? told.since() : told.next());
  }

  /** Whether a Secret was missing at the last try: once it exists, the message is sent at once. */
  public static boolean lackedSecret(Told told) {
    return Outcome.Kind.SecretMissing.name().equals(told.reason());
  }

  /** Identifies one message, the same for all its tries. */
  public static String key(StagingEnvironment environment, StagingRelease release, Told told) {
    return Hash.of(
            String.join(
                "/",
                String.valueOf(environment.getMetadata().getUid()),
                release.getMetadata().getName(),
                told.notification(),
                told.since()))
        + "-"
        + told.occasion();
  }

  /** Identifies one try of one message. */
  public static String attempt(StagingEnvironment environment, StagingRelease release, Told told) {
    return key(environment, release, told) + "/" + tries(told);
  }

  private static boolean followed(StagingEnvironment environment) {
    var gitops = environment.getSpec().gitops();
    return gitops != null && gitops.commitStatus() != null;
  }

  private static boolean asked(StagingEnvironment environment, Told told) {
    return CommitState.named(told.occasion()).isPresent()
        ? followed(environment)
        : environment.getSpec().notifications().stream()
            .anyMatch(notification -> notification.name().equals(told.notification()));
  }

  private static Optional<Occasion> occasion(
      NotificationSpec notification,
      ReleaseOutcome outcome,
      StagingRelease release,
      Collection<Told> entries,
      Collection<StagingRelease> all) {
    var occasion =
        switch (outcome) {
          case VERIFIED ->
              notification.occasions().contains(Occasion.Recovered)
                      && ReleaseOutcome.recovers(release, entries, all)
                  ? Occasion.Recovered
                  : Occasion.Verified;
          case ROLLED_BACK -> Occasion.RolledBack;
          case FAILED -> Occasion.Failed;
          case UNDER_WAY, SUPERSEDED -> null;
        };
    return Optional.ofNullable(occasion).filter(notification.occasions()::contains);
  }

  /**
   * GitHub shows the last status: one that was not sent yet is replaced, and one that was sent for
   * the same version before is sent again, as after spec.retry.
   */
  private static void addCommitStatus(List<Told> entries, CommitState state, Instant now) {
    entries.removeIf(told ->
        told.occasion().equals(state.occasion())
            || (told.state() == Telling.Due && CommitState.named(told.occasion()).isPresent()));
    add(entries, COMMIT_STATUS, state.occasion(), now);
  }

  private static void add(List<Told> entries, String notification, String occasion, Instant now) {
    boolean known =
        entries.stream()
            .anyMatch(told ->
                told.notification().equals(notification) && told.occasion().equals(occasion));
    if (!known) {
      entries.add(
          new Told(notification, occasion, Telling.Due, text(now), null, null, null, null, null));
    }
  }

  private static Told tried(Told told, Outcome outcome, Instant now) {
    return switch (outcome) {
      case null -> told;
      case Outcome.Sent() -> result(told, Telling.Told, now, null, null, null);
      case Outcome.Failed failed -> failed(told, failed, now);
    };
  }

  private static Told failed(Told told, Outcome.Failed failed, Instant now) {
    var end = Instant.parse(told.since()).plus(LONGEST);
    var reason = failed.kind().name();
    if (!now.isBefore(end)) {
      return result(told, Telling.GivenUp, now, null, reason, failed.message());
    }
    var next = now.plus(wait(failed.kind(), tries(told)));
    var last = next.isAfter(end) ? end : next;
    // The addressee's requested pause counts even beyond the hour, with one more try after it.
    var wished = now.plus(failed.pause().compareTo(LONGEST) < 0 ? failed.pause() : LONGEST);
    var due = wished.isAfter(last) ? wished : last;
    return result(told, Telling.Due, now, text(due.plusMillis(999)), reason, failed.message());
  }

  /** A long wait after a refusal; an unreachable addressee is first tried again soon. */
  private static Duration wait(Outcome.Kind kind, int tries) {
    if (kind == Outcome.Kind.Refused) {
      return MOST_WAIT;
    }
    var wait = FIRST_WAIT.multipliedBy(1L << Math.min(tries, 10));
    return wait.compareTo(MOST_WAIT) < 0 ? wait : MOST_WAIT;
  }

  private static Told result(
      Told told, Telling state, Instant now, String next, String reason, String message) {
    return new Told(
        told.notification(),
        told.occasion(),
        state,
        told.since(),
        text(now),
        tries(told) + 1,
        next,
        reason,
        message);
  }

  private static int tries(Told told) {
    return told.attempts() == null ? 0 : told.attempts();
  }

  private static String text(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}

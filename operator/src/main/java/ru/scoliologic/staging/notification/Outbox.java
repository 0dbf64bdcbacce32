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
import ru.scoliologic.staging.cluster.Hash;

/**
 * Which messages about a release are due, and what became of them (pure). A message enters
 * status.told in the same write that says what is to be told, so none is lost by a crash, and what
 * happened before a notification was asked for is not told.
 */
public final class Outbox {
  /** Stands for GitHub where an entry of spec.notifications has its name. */
  public static final String COMMIT_STATUS = "gitops.commitStatus";

  /** For so long a message is tried. */
  static final Duration LONGEST = Duration.ofHours(1);

  static final Duration FIRST_WAIT = Duration.ofSeconds(5);
  static final Duration MOST_WAIT = Duration.ofMinutes(5);

  private Outbox() {}

  /**
   * The entries of a release after a pass.
   *
   * @param before status as it was last written; null for none
   * @param release with the status that is to be written
   * @param all releases of the environment, as they are to be written
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
    var fate = Fate.of(release.getStatus());
    // The agent writes its part before the operator has seen the release at all.
    if (before == null || before.state() == null || Fate.of(before) != fate) {
      environment
          .getSpec()
          .notifications()
          .forEach(notification ->
              occasion(notification, fate, release, List.copyOf(entries), all)
                  .ifPresent(o -> add(entries, notification.name(), o.name(), now)));
      if (followed(environment) && release.getSpec().commit() != null) {
        addCommitStatus(entries, CommitState.of(fate), now);
      }
    }
    return entries;
  }

  /** Messages that are to be sent now or later. */
  public static List<Told> due(StagingReleaseStatus status) {
    return Optional.ofNullable(status.told()).stream()
        .flatMap(List::stream)
        .filter(told -> told.state() == Telling.Due)
        .toList();
  }

  /** When a message is to be tried. */
  public static Instant time(Told told) {
    return Instant.parse(told.next() == null ? told.since() : told.next());
  }

  /** Whether a Secret was missing at the last try: once it is there, nothing else is waited for. */
  public static boolean lackedSecret(Told told) {
    return Outcome.Kind.SecretMissing.name().equals(told.reason());
  }

  /** The same for every try of one message, and for no other message. */
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

  /** One try of one message. */
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
      Fate fate,
      StagingRelease release,
      Collection<Told> entries,
      Collection<StagingRelease> all) {
    var occasion =
        switch (fate) {
          case VERIFIED ->
              notification.occasions().contains(Occasion.Recovered)
                      && Fate.recovers(release, entries, all)
                  ? Occasion.Recovered
                  : Occasion.Verified;
          case ROLLED_BACK -> Occasion.RolledBack;
          case FAILED -> Occasion.Failed;
          case UNDER_WAY, SUPERSEDED -> null;
        };
    return Optional.ofNullable(occasion).filter(notification.occasions()::contains);
  }

  /**
   * GitHub shows the status that comes last: one that was not sent yet is overtaken, and one that
   * was sent for the same version before is sent again, as after spec.retry.
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
    // The addressee's own wish counts even beyond the hour, with one more try after it.
    var wished = now.plus(failed.pause().compareTo(LONGEST) < 0 ? failed.pause() : LONGEST);
    var due = wished.isAfter(last) ? wished : last;
    return result(told, Telling.Due, now, text(due.plusMillis(999)), reason, failed.message());
  }

  /** Who refuses a message is not pressed; who cannot be reached is tried again soon at first. */
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

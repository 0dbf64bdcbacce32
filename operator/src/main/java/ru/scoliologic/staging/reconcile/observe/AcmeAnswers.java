package ru.scoliologic.staging.reconcile.observe;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Certificate;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.ingress.AcmeAnswer;
import ru.scoliologic.staging.ingress.AcmeBudget;

/**
 * Reads the authority's answer to an attempt from Traefik's log: during the attempt, and for a few
 * minutes after it until there is an answer. No request is made for an environment that has its
 * certificates, or whose answer is known until the next attempt.
 */
final class AcmeAnswers {
  private static final Duration FRESH = Duration.ofSeconds(5);

  /** Traefik has logged the end of an attempt by then, if it does at all. */
  private static final Duration TOLD = Duration.ofMinutes(5);

  /** The clock that dates the attempts may be ahead of Traefik's. */
  private static final Duration AHEAD = Duration.ofSeconds(30);

  private final LogTails logs;
  private final EnvironmentMemories.Slot<Look> looks;

  AcmeAnswers(LogTails logs, EnvironmentMemories memories) {
    this.logs = logs;
    this.looks = memories.slot();
  }

  /** The snapshot with the answers among its warnings. */
  Snapshot look(Snapshot snapshot, SecretMasker masking) {
    var uid = snapshot.environment().getMetadata().getUid();
    var pending = AcmeBudget.pending(snapshot.environment());
    if (pending.isEmpty()) {
      looks.remove(uid);
      return snapshot;
    }
    var authority = CertificateAuthority.inUse(snapshot.environment()).resolver();
    var last =
        looks
            .find(uid)
            .filter(look -> look.authority().equals(authority))
            .orElse(new Look(authority, Instant.EPOCH, Instant.EPOCH, Map.of()));
    var seen = last.isDue(pending, snapshot.now()) ? read(snapshot, masking, last) : last;
    looks.put(uid, seen);
    var words = seen.words(pending);
    return words.isEmpty() ? snapshot : snapshot.amid(snapshot.surroundings().withWarnings(words));
  }

  private Look read(Snapshot snapshot, SecretMasker masking, Look last) {
    return snapshot.podsOf(ComponentName.TRAEFIK).stream()
        .findFirst()
        .flatMap(pod -> logs.end(pod, masking))
        .map(log -> {
          var answers = new HashMap<String, AcmeAnswer>();
          for (var domain : Claims.served(snapshot.environment())) {
            AcmeAnswer.last(log, last.authority(), domain)
                .ifPresent(answer -> answers.put(domain, answer));
          }
          return new Look(last.authority(), snapshot.now(), snapshot.now(), answers);
        })
        // A log that cannot be read is tried again after a pause, not by each pass.
        .orElseGet(() -> new Look(last.authority(), last.at(), snapshot.now(), last.answers()));
  }

  /**
   * The log of one environment, as last read.
   *
   * @param authority Traefik's resolver for it
   * @param at when its log was last read
   * @param tried when a read was last tried
   * @param answers by domain
   */
  private record Look(
      String authority, Instant at, Instant tried, Map<String, AcmeAnswer> answers) {

    boolean isDue(List<Certificate> pending, Instant now) {
      return !now.isBefore(tried.plus(FRESH)) && pending.stream().anyMatch(c -> isOpen(c, now));
    }

    /** An attempt is read at least once, at any age: the operator may have just started. */
    private boolean isOpen(Certificate certificate, Instant now) {
      var began = Instant.parse(certificate.lastAttempt());
      boolean underWay = certificate.nextAttempt() == null;
      return at.isBefore(began)
          || (now.isBefore(began.plus(TOLD)) && (underWay || answer(certificate, began).isEmpty()));
    }

    /** An answer from before an attempt is in the status already, or is obsolete. */
    private Optional<AcmeAnswer> answer(Certificate certificate, Instant from) {
      return Optional.ofNullable(answers.get(certificate.domain()))
          .filter(answer -> !answer.at().isBefore(from));
    }

    Map<String, String> words(List<Certificate> pending) {
      var words = new HashMap<String, String>();
      for (var certificate : pending) {
        answer(certificate, Instant.parse(certificate.lastAttempt()).minus(AHEAD))
            .ifPresent(answer -> words.put(AcmeAnswer.key(certificate.domain()), answer.words()));
      }
      return words;
    }
  }
}

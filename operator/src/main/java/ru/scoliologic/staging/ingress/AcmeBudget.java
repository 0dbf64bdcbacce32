package ru.scoliologic.staging.ingress;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Certificate;
import ru.scoliologic.staging.cluster.CertificateAuthority;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Counts and spaces the orders that Traefik makes for each domain (pure). Traefik orders whenever
 * its configuration changes, so between two attempts the domain's router names no resolver.
 *
 * <p>What is decided here is published first and acted upon in the next pass: an operator that dies
 * in between neither forgets an attempt nor makes it twice.
 */
public final class AcmeBudget {
  /** An order that was not fulfilled by then has failed; Traefik tries for about half as long. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** A Traefik that has just started may not have read its store yet. */
  private static final Duration SETTLED = Duration.ofSeconds(30);

  /** The checks saw the certificates first. */
  private static final Duration SETTLING = Duration.ofSeconds(1);

  private static final int MAX_DOUBLINGS = 16;

  private final Snapshot snapshot;
  private final Set<String> untrusted;
  private final Instant now;

  private AcmeBudget(Snapshot snapshot, Set<String> untrusted) {
    this.snapshot = snapshot;
    this.untrusted = untrusted;
    this.now = snapshot.now().truncatedTo(ChronoUnit.SECONDS);
  }

  /**
   * What the status is to say after this pass.
   *
   * @param domains of the environment
   * @param untrusted domains for which nothing may be asked
   */
  public static Acme next(Snapshot snapshot, List<String> domains, Set<String> untrusted) {
    var environment = snapshot.environment();
    var budget = new AcmeBudget(snapshot, untrusted);
    var authority = CertificateAuthority.inUse(environment);
    var next =
        new Acme(
            authority.resolver(),
            domains.stream()
                .distinct()
                .map(domain -> budget.next(domain, recorded(environment, domain)))
                .toList());
    var wanted = CertificateAuthority.wanted(environment);
    boolean promoted =
        !authority.equals(wanted) && next.domains().stream().allMatch(Certificate::issued);
    return promoted ? new Acme(wanted.resolver(), List.of()) : next;
  }

  /** The domain's record, if it is of the authority in use. */
  static Optional<Certificate> recorded(StagingEnvironment environment, String domain) {
    return Stream.ofNullable(environment.getStatus())
        .map(status -> status.acme())
        .filter(Objects::nonNull)
        .filter(acme -> CertificateAuthority.inUse(environment).resolver().equals(acme.authority()))
        .flatMap(acme -> acme.domains().stream())
        .filter(certificate -> certificate.domain().equals(domain))
        .findFirst();
  }

  private Certificate next(String domain, Optional<Certificate> recorded) {
    var last = recorded.orElse(new Certificate(domain, false, 0, null, null));
    var served = snapshot.surroundings().certificates().get(domain);
    if (Boolean.TRUE.equals(served)) {
      return new Certificate(domain, true, last.attempts(), last.lastAttempt(), null);
    }
    if (last.issued()) {
      return Boolean.FALSE.equals(served) && runsFor(SETTLED) ? begun(last) : last;
    }
    if (last.attempts() == 0) {
      // Traefik orders when it starts; before that nothing was asked for.
      return untrusted.contains(domain) || !runsFor(Duration.ZERO) ? last : begun(last);
    }
    if (last.nextAttempt() == null) {
      return untrusted.contains(domain) || (Boolean.FALSE.equals(served) && outOfPatience(last))
          ? spaced(last)
          : last;
    }
    boolean due = !now.isBefore(Instant.parse(last.nextAttempt()));
    return due && !untrusted.contains(domain) && runsFor(Duration.ZERO) ? begun(last) : last;
  }

  private Certificate begun(Certificate last) {
    return new Certificate(last.domain(), false, last.attempts() + 1, now.toString(), null);
  }

  private Certificate spaced(Certificate last) {
    var retry = acme().retry();
    int doublings = Math.min(last.attempts() - 1, MAX_DOUBLINGS);
    var wait = retry.shortest().multipliedBy(1L << doublings);
    var next =
        Instant.parse(last.lastAttempt())
            .plus(wait.compareTo(retry.longest()) > 0 ? retry.longest() : wait);
    return new Certificate(
        last.domain(), false, last.attempts(), last.lastAttempt(), next.toString());
  }

  private boolean outOfPatience(Certificate last) {
    var half = acme().retry().shortest().dividedBy(2);
    var patience = half.compareTo(PATIENCE) < 0 ? half : PATIENCE;
    return runsFor(patience) && !now.isBefore(Instant.parse(last.lastAttempt()).plus(patience));
  }

  /** Whether Traefik has been there for so long. */
  private boolean runsFor(Duration time) {
    return snapshot
        .owned()
        .find(Deployment.class, snapshot.names().traefik())
        .map(Deployment::getStatus)
        .flatMap(status ->
            status.getConditions().stream()
                .filter(c -> "Available".equals(c.getType()) && "True".equals(c.getStatus()))
                .findFirst())
        .map(c -> Instant.parse(c.getLastTransitionTime()))
        .filter(since -> !now.isBefore(since.plus(time)))
        .isPresent();
  }

  private IngressSpec.Acme acme() {
    return snapshot.environment().getSpec().ingress().acme();
  }

  /**
   * What the checks found, with what is known of the attempts.
   *
   * @param acme of this pass
   */
  public static StageResult explain(StageResult found, Acme acme, StagingEnvironment environment) {
    var inUse = CertificateAuthority.inUse(environment);
    var wanted = CertificateAuthority.wanted(environment);
    if (found.isReady() && !inUse.equals(wanted)) {
      return new StageResult.Waiting(
          Reason.CERTIFICATE_NOT_ISSUED,
          "%s has issued every certificate; now %s is asked"
              .formatted(inUse.directory(), wanted.directory()),
          StageResult.Waiting.SOON);
    }
    if (found.isReady() && !acme.domains().stream().allMatch(Certificate::issued)) {
      return new StageResult.Waiting(
          Reason.CERTIFICATE_NOT_ISSUED,
          "not every certificate of %s has been seen yet".formatted(inUse.directory()),
          SETTLING);
    }
    var refused = acme.domains().stream().filter(c -> c.nextAttempt() != null).toList();
    if (found.reason() != Reason.CERTIFICATE_NOT_ISSUED || refused.isEmpty()) {
      return found;
    }
    var told =
        refused.stream()
            .map(c ->
                "%s: attempts made: %d, the next comes at %s"
                    .formatted(c.domain(), c.attempts(), c.nextAttempt()))
            .toList();
    return new StageResult.Failing(
        Reason.CERTIFICATE_REFUSED,
        "no certificate from %s. %s".formatted(inUse.directory(), String.join("; ", told)));
  }

  /** When the next attempt is due, if one is. */
  public static Optional<Instant> due(Acme acme) {
    return acme.domains().stream()
        .map(Certificate::nextAttempt)
        .filter(Objects::nonNull)
        .map(Instant::parse)
        .min(Instant::compareTo);
  }
}

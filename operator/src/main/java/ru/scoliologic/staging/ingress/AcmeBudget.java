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
 * its configuration changes or it starts, so the domain's router names the resolver only at the
 * beginning of an attempt, and again once there is a certificate.
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

  /** Traefik has seen by then what it is to order; it goes on with that by itself. */
  private static final Duration OPEN = Duration.ofSeconds(20);

  /** An attempt that a restart of Traefik cut short is made again so early, and not after that. */
  private static final int UNLUCKY = 1;

  private static final int MAX_DOUBLINGS = 16;

  private final Snapshot snapshot;
  private final Set<String> untrusted;
  private final Instant now;

  /** When Traefik, as it is to be, came up; absent while it is not there. */
  private final Optional<Instant> running;

  private AcmeBudget(Snapshot snapshot, Set<String> untrusted) {
    this.snapshot = snapshot;
    this.untrusted = untrusted;
    this.now = snapshot.now().truncatedTo(ChronoUnit.SECONDS);
    this.running = running(snapshot);
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
                .map(domain -> budget.next(domain, recorded(snapshot, domain)))
                .toList());
    var wanted = CertificateAuthority.wanted(environment);
    boolean promoted =
        !authority.equals(wanted) && next.domains().stream().allMatch(Certificate::issued);
    return promoted ? new Acme(wanted.resolver(), List.of()) : next;
  }

  /** What is known of a domain at the authority in use: from the status, else from the claim. */
  static Optional<Certificate> recorded(Snapshot snapshot, String domain) {
    var authority = CertificateAuthority.inUse(snapshot.environment()).resolver();
    var told =
        acme(snapshot.environment())
            .filter(acme -> authority.equals(acme.authority()))
            .flatMap(
                acme -> acme.domains().stream().filter(c -> c.domain().equals(domain)).findFirst());
    return told.filter(c -> c.issued() || c.attempts() > 0)
        .or(() -> AcmeMemory.of(snapshot).find(authority, domain))
        .or(() -> told);
  }

  /** What the claim is to remember. */
  static AcmeMemory memory(Snapshot snapshot) {
    var memory = AcmeMemory.of(snapshot);
    var retry = snapshot.environment().getSpec().ingress().acme().retry();
    return acme(snapshot.environment()).map(acme -> memory.with(acme, retry)).orElse(memory);
  }

  /** Whether Traefik is to be told now to order. */
  static boolean begins(Snapshot snapshot, Certificate certificate) {
    return certificate.attempts() > 0
        && certificate.nextAttempt() == null
        && snapshot.now().isBefore(Instant.parse(certificate.lastAttempt()).plus(OPEN));
  }

  private static Optional<Acme> acme(StagingEnvironment environment) {
    return Optional.ofNullable(environment.getStatus()).map(status -> status.acme());
  }

  private Certificate next(String domain, Optional<Certificate> recorded) {
    var last = recorded.orElse(new Certificate(domain, false, 0, null, null));
    boolean mayOrder = running.isPresent() && !untrusted.contains(domain);
    var served = snapshot.surroundings().certificates().get(domain);
    if (Boolean.TRUE.equals(served)) {
      return new Certificate(domain, true, last.attempts(), last.lastAttempt(), null);
    }
    if (last.issued()) {
      return Boolean.FALSE.equals(served) && settled() ? begun(last) : last;
    }
    if (last.attempts() == 0) {
      return mayOrder ? begun(last) : last;
    }
    if (last.nextAttempt() == null) {
      return underWay(last);
    }
    return mayOrder && !now.isBefore(Instant.parse(last.nextAttempt())) ? begun(last) : last;
  }

  /** It ends by the clock, whether anybody can see what is served or not. */
  private Certificate underWay(Certificate last) {
    if (untrusted.contains(last.domain())) {
      return spaced(last, retry());
    }
    if (running.isEmpty()) {
      // Nothing is ordered meanwhile: the router names the resolver no longer.
      return last;
    }
    var began = Instant.parse(last.lastAttempt());
    if (running.get().isAfter(began)) {
      // It may have ordered once more when it started.
      var again = begun(last);
      return last.attempts() <= UNLUCKY ? again : spaced(again, retry());
    }
    return now.isBefore(began.plus(patience())) ? last : spaced(last, retry());
  }

  private Certificate begun(Certificate last) {
    // The clock of who tells when Traefik came up may be ahead.
    var time = running.filter(since -> since.isAfter(now)).orElse(now);
    return new Certificate(last.domain(), false, last.attempts() + 1, time.toString(), null);
  }

  /** The same with the time of the next attempt. */
  static Certificate spaced(Certificate last, IngressSpec.Retry retry) {
    int doublings = Math.min(last.attempts() - 1, MAX_DOUBLINGS);
    var wait = retry.shortest().multipliedBy(1L << doublings);
    var next =
        Instant.parse(last.lastAttempt())
            .plus(wait.compareTo(retry.longest()) > 0 ? retry.longest() : wait);
    return new Certificate(
        last.domain(), false, last.attempts(), last.lastAttempt(), next.toString());
  }

  private Duration patience() {
    var half = retry().shortest().dividedBy(2);
    return half.compareTo(PATIENCE) < 0 ? half : PATIENCE;
  }

  private boolean settled() {
    return running.filter(since -> !now.isBefore(since.plus(SETTLED))).isPresent();
  }

  /** One that is being replaced, or still asks another authority, is not the one to wait for. */
  private static Optional<Instant> running(Snapshot snapshot) {
    var resolver = "." + CertificateAuthority.inUse(snapshot.environment()).resolver() + ".";
    return snapshot
        .owned()
        .find(Deployment.class, snapshot.names().traefik())
        .filter(traefik -> traefik.getStatus() != null)
        .filter(traefik ->
            Objects.equals(
                traefik.getStatus().getObservedGeneration(), traefik.getMetadata().getGeneration()))
        .filter(traefik -> Objects.equals(traefik.getStatus().getUpdatedReplicas(), 1))
        .filter(traefik ->
            traefik.getSpec().getTemplate().getSpec().getContainers().stream()
                .flatMap(container -> container.getArgs().stream())
                .anyMatch(argument -> argument.contains(resolver)))
        .flatMap(traefik ->
            traefik.getStatus().getConditions().stream()
                .filter(c -> "Available".equals(c.getType()) && "True".equals(c.getStatus()))
                .findFirst())
        .map(condition -> Instant.parse(condition.getLastTransitionTime()));
  }

  private IngressSpec.Retry retry() {
    return snapshot.environment().getSpec().ingress().acme().retry();
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
    boolean issued = acme.domains().stream().allMatch(Certificate::issued);
    if (found.isReady() && !(issued && acme(environment).filter(acme::equals).isPresent())) {
      // What is new is written to the claim in the next pass, and after Ready nothing is.
      return new StageResult.Waiting(
          Reason.CERTIFICATE_NOT_ISSUED,
          "not every certificate of %s has been %s yet"
              .formatted(inUse.directory(), issued ? "recorded" : "seen"),
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

  /** The next times at which something is to be done, if any are; some may be past. */
  public static Stream<Instant> due(Acme acme) {
    return acme.domains().stream()
        .filter(c -> !c.issued() && c.attempts() > 0)
        .flatMap(c -> {
          if (c.nextAttempt() != null) {
            return Stream.of(Instant.parse(c.nextAttempt()));
          }
          var began = Instant.parse(c.lastAttempt());
          return Stream.of(began.plus(OPEN), began.plus(PATIENCE));
        });
  }
}

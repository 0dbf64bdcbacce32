package ru.scoliologic.staging.ingress;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Certificate;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Counts and spaces the orders that Traefik makes for each domain. Traefik orders whenever its
 * configuration changes or it starts, so the domain's router names the resolver only at the
 * beginning of an attempt, and again once there is a certificate.
 *
 * <p>Decisions are published first and acted upon in the next pass: an operator that crashes in
 * between neither forgets an attempt nor repeats it.
 */
public final class AcmeBudget {
  /** An order that was not fulfilled by then has failed; Traefik tries for about half as long. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** A Traefik that has just started may not have read its store yet. */
  private static final Duration SETTLED = Duration.ofSeconds(30);

  /** The wait when the checks saw the certificates before they were recorded. */
  private static final Duration SETTLING = Duration.ofSeconds(1);

  /** By then Traefik has read the resolver; it continues the order on its own. */
  private static final Duration OPEN = Duration.ofSeconds(20);

  /** Attempts that are repeated at once when a restart of Traefik cut them short. */
  private static final int UNLUCKY = 1;

  private static final int MAX_DOUBLINGS = 16;

  private final Snapshot snapshot;
  private final Set<String> untrusted;
  private final Instant now;

  /** When the desired Traefik became available; absent while it is not. */
  private final Optional<Instant> running;

  private AcmeBudget(Snapshot snapshot, Set<String> untrusted) {
    this.snapshot = snapshot;
    this.untrusted = untrusted;
    this.now = snapshot.now().truncatedTo(ChronoUnit.SECONDS);
    this.running = running(snapshot);
  }

  /**
   * The status after this pass.
   *
   * @param domains of the environment
   * @param untrusted domains for which no certificate may be requested
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

  /** The record of a domain at the authority in use: from the status, else from the claim. */
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

  /** The record to store on the claim. */
  static AcmeMemory memory(Snapshot snapshot) {
    var memory = AcmeMemory.of(snapshot);
    var retry = snapshot.environment().getSpec().ingress().acme().retry();
    return acme(snapshot.environment()).map(acme -> memory.with(acme, retry)).orElse(memory);
  }

  /** Whether Traefik must order now. */
  static boolean begins(Snapshot snapshot, Certificate certificate) {
    return certificate.attempts() > 0
        && certificate.nextAttempt() == null
        && snapshot.now().isBefore(Instant.parse(certificate.lastAttempt()).plus(OPEN));
  }

  /** Certificates that were requested from the authority in use, and are not issued. */
  public static List<Certificate> pending(StagingEnvironment environment) {
    var authority = CertificateAuthority.inUse(environment).resolver();
    return acme(environment)
        .filter(acme -> authority.equals(acme.authority()))
        .map(Acme::domains)
        .orElse(List.of())
        .stream()
        .filter(c -> !c.issued() && c.attempts() > 0)
        .toList();
  }

  private static Optional<Acme> acme(StagingEnvironment environment) {
    return Optional.ofNullable(environment.getStatus()).map(status -> status.acme());
  }

  private Certificate next(String domain, Optional<Certificate> recorded) {
    var last = heard(recorded.orElse(new Certificate(domain, false, 0, null, null, null)));
    boolean mayOrder = running.isPresent() && !untrusted.contains(domain);
    var served = snapshot.surroundings().ingress().certificates().get(domain);
    if (Boolean.TRUE.equals(served)) {
      return new Certificate(domain, true, last.attempts(), last.lastAttempt(), null, null);
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

  /** Adds the newest answer; the one before holds until there is another. */
  private Certificate heard(Certificate last) {
    var answer = snapshot.surroundings().reports().warnings().get(AcmeAnswer.key(last.domain()));
    return answer == null || last.issued() || last.attempts() == 0
        ? last
        : new Certificate(
            last.domain(), false, last.attempts(), last.lastAttempt(), last.nextAttempt(), answer);
  }

  /** An attempt ends by the clock, whether the served certificate can be observed or not. */
  private Certificate underWay(Certificate last) {
    if (untrusted.contains(last.domain())) {
      return spaced(last, retry());
    }
    if (running.isEmpty()) {
      // Nothing is ordered until then: the router no longer names the resolver.
      return last;
    }
    var began = Instant.parse(last.lastAttempt());
    if (running.get().isAfter(began)) {
      // Traefik may have ordered once more when it started.
      var again = begun(last);
      return last.attempts() <= UNLUCKY ? again : spaced(again, retry());
    }
    return now.isBefore(began.plus(patience())) ? last : spaced(last, retry());
  }

  private Certificate begun(Certificate last) {
    // The start time of Traefik comes from another clock, which may be ahead.
    var time = running.filter(since -> since.isAfter(now)).orElse(now);
    return new Certificate(
        last.domain(), false, last.attempts() + 1, time.toString(), null, last.answer());
  }

  /** The same with the time of the next attempt. */
  static Certificate spaced(Certificate last, IngressSpec.Retry retry) {
    int doublings = Math.min(last.attempts() - 1, MAX_DOUBLINGS);
    var wait = retry.shortest().multipliedBy(1L << doublings);
    var next =
        Instant.parse(last.lastAttempt())
            .plus(wait.compareTo(retry.longest()) > 0 ? retry.longest() : wait);
    return new Certificate(
        last.domain(), false, last.attempts(), last.lastAttempt(), next.toString(), last.answer());
  }

  private Duration patience() {
    var half = retry().shortest().dividedBy(2);
    return half.compareTo(PATIENCE) < 0 ? half : PATIENCE;
  }

  private boolean settled() {
    return running.filter(since -> !now.isBefore(since.plus(SETTLED))).isPresent();
  }

  /** Ignores a Traefik that is being replaced or still uses another authority. */
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
   * The result of the checks, with the recorded attempts.
   *
   * @param acme of this pass
   */
  public static StageResult explain(StageResult found, Acme acme, StagingEnvironment environment) {
    var inUse = CertificateAuthority.inUse(environment);
    var wanted = CertificateAuthority.wanted(environment);
    if (found.isReady() && !inUse.equals(wanted)) {
      return new StageResult.Waiting(
          Reason.CERTIFICATE_NOT_ISSUED,
          "%s has issued every certificate; now they are requested from %s"
              .formatted(inUse.directory(), wanted.directory()),
          StageResult.Waiting.SOON);
    }
    boolean issued = acme.domains().stream().allMatch(Certificate::issued);
    if (found.isReady() && !(issued && acme(environment).filter(acme::equals).isPresent())) {
      // The next pass writes the new record to the claim; after Ready nothing is written.
      return new StageResult.Waiting(
          Reason.CERTIFICATE_NOT_ISSUED,
          "not every certificate of %s has been %s yet"
              .formatted(inUse.directory(), issued ? "recorded" : "seen"),
          SETTLING);
    }
    var told =
        acme.domains().stream()
            .filter(c -> c.nextAttempt() != null || c.answer() != null)
            .map(AcmeBudget::told)
            .collect(Collectors.joining("; "));
    if (found.reason() != Reason.CERTIFICATE_NOT_ISSUED || told.isEmpty()) {
      return found;
    }
    return acme.domains().stream().anyMatch(c -> c.nextAttempt() != null)
        ? new StageResult.Failing(
            Reason.CERTIFICATE_REFUSED,
            "no certificate from %s. %s".formatted(inUse.directory(), told))
        : new StageResult.Waiting(
            found.reason(), found.message() + "; " + told, StageResult.Waiting.SOON);
  }

  private static String told(Certificate certificate) {
    var attempts =
        certificate.nextAttempt() == null
            ? "attempt %d is in progress".formatted(certificate.attempts())
            : "attempts made: %d, the next comes at %s"
                .formatted(certificate.attempts(), certificate.nextAttempt());
    return certificate.domain()
        + ": "
        + attempts
        + (certificate.answer() == null
            ? ""
            : "; the authority's last answer: " + certificate.answer());
  }

  /** The next times at which an action is due, if any; some may be past. */
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

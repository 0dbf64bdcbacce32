package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CertificateVerdict.Problem;

/**
 * The checks that apply to any environment. They connect to the ingress' address with the domains'
 * names, as a browser would once DNS points there.
 */
public final class CheckRunner {
  /** Concurrent requests of one round: each may hold a body in memory. */
  static final int AT_ONCE = 8;

  private final Clock clock;
  private final int http;
  private final int https;

  public CheckRunner(Clock clock) {
    this(clock, 80, 443);
  }

  /**
   * Checks an ingress at other ports than the default ones.
   *
   * @param http port without TLS
   * @param https port with TLS
   */
  CheckRunner(Clock clock, int http, int https) {
    this.clock = clock;
    this.http = http;
    this.https = https;
  }

  /**
   * One round.
   *
   * @param waiting why there are no outcomes yet: a certificate is still being issued
   */
  public record Round(Optional<StageResult> waiting, List<Result> results) {}

  /** Runs all checks in parallel; takes seconds, at most the limit of a {@link TimeBudget}. */
  public Round run(CheckTarget target) throws GeneralSecurityException, IOException {
    return run(target, TimeBudget.ofARound());
  }

  Round run(CheckTarget target, TimeBudget budget) throws GeneralSecurityException, IOException {
    try (var pool = pool();
        var client = IngressRequests.client(target)) {
      var certificates =
          hosts(target).map(host -> pool.submit(() -> certificate(target, host, budget))).toList();
      var problems = outcomes(certificates);
      if (problems.stream().anyMatch(p -> p.reason() == Reason.CERTIFICATE_NOT_ISSUED)) {
        return new Round(Optional.of(awaitsCertificate(problems)), List.of());
      }
      var results = new ArrayList<Result>();
      results.add(
          BuiltInChecks.result(
              BuiltInCheck.CERTIFICATES, Priority.Critical, problems.stream().findFirst()));
      if (!problems.isEmpty()) {
        return new Round(Optional.empty(), results);
      }
      var builtIn =
          new BuiltInChecks(target, new IngressRequests(target, http, https, budget))
              .all().stream().map(pool::submit).toList();
      var declared =
          new DeclaredChecks(
                  client,
                  "https://" + target.hosts().app() + ":" + https,
                  target.declared().secrets(),
                  target.declared().masking(),
                  target.access().headers(),
                  budget)
              .groups(target.declared().spec().checks()).stream().map(pool::submit).toList();
      builtIn.stream().map(CheckRunner::get).forEach(results::add);
      declared.stream().map(CheckRunner::get).forEach(results::addAll);
      return new Round(Optional.empty(), List.copyOf(results));
    }
  }

  private static StageResult awaitsCertificate(List<Problem> problems) {
    // A certificate takes a few seconds to be issued: that is waiting, not yet a failure.
    var message = String.join("; ", problems.stream().map(Problem::message).distinct().toList());
    return new StageResult.Waiting(
        Reason.CERTIFICATE_NOT_ISSUED, message, StageResult.Waiting.SOON);
  }

  private static List<Problem> outcomes(List<Future<Optional<Problem>>> running) {
    return running.stream().map(CheckRunner::get).flatMap(Optional::stream).toList();
  }

  /** The outcome of a task that never fails. */
  static <T> T get(Future<T> task) {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while checking", e);
    }
  }

  static ExecutorService pool() {
    return Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory());
  }

  private Optional<Problem> certificate(CheckTarget target, String host, TimeBudget budget) {
    try {
      return CertificateVerdict.judge(
          budget.spend(() -> Certificates.served(target.endpoint().address(), https, host)),
          host,
          target.trust().server(),
          Certificates.trusting(target.trust().caBundle()),
          clock.instant());
    } catch (IOException | GeneralSecurityException e) {
      return BuiltInChecks.failed(
          "https://%s at %s cannot be reached: %s"
              .formatted(host, target.endpoint().address(), BuiltInChecks.said(e)));
    }
  }

  private static Stream<String> hosts(CheckTarget target) {
    return Stream.of(target.hosts().app(), target.hosts().dashboard(), target.hosts().grafana())
        .filter(Objects::nonNull);
  }
}

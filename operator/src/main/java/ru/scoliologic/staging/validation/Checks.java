package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CertificateVerdict.Problem;

/**
 * The checks that hold for any environment. They go to the ingress' address under the domains'
 * names, as a browser would once DNS points there.
 */
public final class Checks {
  private final Clock clock;
  private final int http;
  private final int https;

  public Checks(Clock clock) {
    this(clock, 80, 443);
  }

  /**
   * Checks an ingress at other ports than the usual ones.
   *
   * @param http port without TLS
   * @param https port with TLS
   */
  Checks(Clock clock, int http, int https) {
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

  /** Runs all checks at once; takes seconds at most. */
  public Round run(Target target) throws GeneralSecurityException, IOException {
    try (var pool = Executors.newVirtualThreadPerTaskExecutor();
        var client = IngressRequests.client(target)) {
      var certificates =
          hosts(target).map(host -> pool.submit(() -> certificate(target, host))).toList();
      var problems = outcomes(certificates);
      if (problems.stream().anyMatch(p -> p.reason() == Reason.CERTIFICATE_NOT_ISSUED)) {
        return new Round(Optional.of(awaitsCertificate(problems)), List.of());
      }
      var results = new ArrayList<Result>();
      results.add(
          BuiltInChecks.result("certificates", Priority.Critical, problems.stream().findFirst()));
      if (!problems.isEmpty()) {
        return new Round(Optional.empty(), results);
      }
      var builtIn =
          new BuiltInChecks(target, new IngressRequests(target, http, https))
              .all().stream().map(pool::submit).toList();
      var declared =
          new DeclaredChecks(
                  client,
                  "https://" + target.app() + ":" + https,
                  target.secrets(),
                  target.masking(),
                  target.pass())
              .groups(target.spec().checks()).stream().map(pool::submit).toList();
      builtIn.stream().map(Checks::get).forEach(results::add);
      declared.stream().map(Checks::get).forEach(results::addAll);
      return new Round(Optional.empty(), List.copyOf(results));
    }
  }

  private static StageResult awaitsCertificate(List<Problem> problems) {
    // A certificate takes a few seconds to be issued: that is waiting, and not yet a failure.
    var message = String.join("; ", problems.stream().map(Problem::message).distinct().toList());
    return new StageResult.Waiting(
        Reason.CERTIFICATE_NOT_ISSUED, message, StageResult.Waiting.SOON);
  }

  private static List<Problem> outcomes(List<Future<Optional<Problem>>> running) {
    return running.stream().map(Checks::get).flatMap(Optional::stream).toList();
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

  private Optional<Problem> certificate(Target target, String host) {
    try {
      return CertificateVerdict.judge(
          Certificates.served(target.address(), https, host),
          host,
          target.server(),
          Certificates.trusting(target.caBundle()),
          clock.instant());
    } catch (IOException | GeneralSecurityException e) {
      return BuiltInChecks.failed(
          "https://%s at %s cannot be reached: %s"
              .formatted(host, target.address(), BuiltInChecks.said(e)));
    }
  }

  private static Stream<String> hosts(Target target) {
    return Stream.of(target.app(), target.dashboard(), target.grafana()).filter(Objects::nonNull);
  }
}

package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.cluster.kube.HealthAnswer;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CheckRunner.Round;

/**
 * The checks of a version that runs beside the serving one: its health and the checks in the spec,
 * sent to its pod as the ingress would send them.
 */
public final class CandidateChecks {
  private static final int CONNECT_MILLIS = 3000;

  private CandidateChecks() {}

  /**
   * Runs one round; takes seconds, at most the limit of a {@link TimeBudget}.
   *
   * @param target with the pod's address
   */
  public static Round run(CheckTarget target) throws GeneralSecurityException, IOException {
    return run(target, TimeBudget.ofARound());
  }

  static Round run(CheckTarget target, TimeBudget budget)
      throws GeneralSecurityException, IOException {
    var unreachable = unreachable(target);
    if (unreachable.isPresent()) {
      return new Round(unreachable, List.of());
    }
    var headers = new TreeMap<String, String>(Map.of("Host", target.hosts().app()));
    headers.put("X-Forwarded-Proto", "https");
    headers.put("X-Forwarded-Host", target.hosts().app());
    try (var pool = CheckRunner.pool();
        var client = IngressRequests.client(target)) {
      var declared =
          new DeclaredChecks(
                  client,
                  "http://" + target.hosts().app() + ":" + target.endpoint().port(),
                  target.declared().secrets(),
                  target.declared().masking(),
                  headers,
                  budget)
              .groups(target.declared().spec().checks()).stream().map(pool::submit).toList();
      var results = new ArrayList<Result>();
      results.add(health(target, headers, budget));
      declared.stream().map(CheckRunner::get).forEach(results::addAll);
      return new Round(Optional.empty(), List.copyOf(results));
    }
  }

  private static Result health(CheckTarget target, Map<String, String> headers, TimeBudget budget)
      throws GeneralSecurityException {
    var check = target.health();
    Optional<CertificateVerdict.Problem> problem;
    if (!check.byHttp()) {
      // The kubelet probes another way here and found the pod ready.
      return BuiltInChecks.result(
          BuiltInCheck.HEALTH, Priority.Critical, front(target, headers, budget));
    }
    try {
      var answer =
          new IngressRequests(target, check.port(), check.port(), budget)
              .get("http", target.hosts().app(), check.path(), check.headers());
      problem =
          new HealthAnswer(check, target.declared().masking())
              .problem(answer.status(), answer.location(), answer.body())
              .flatMap(said -> BuiltInChecks.failed(check.path() + ": " + said));
    } catch (IOException e) {
      problem = BuiltInChecks.failed(check.path() + " did not respond: " + BuiltInChecks.said(e));
    }
    return BuiltInChecks.result(BuiltInCheck.HEALTH, Priority.Critical, problem);
  }

  private static Optional<CertificateVerdict.Problem> front(
      CheckTarget target, Map<String, String> headers, TimeBudget budget)
      throws GeneralSecurityException {
    try {
      return BuiltInChecks.answers(
          "",
          new IngressRequests(target, target.endpoint().port(), target.endpoint().port(), budget)
              .get("http", target.hosts().app(), "/", headers));
    } catch (IOException e) {
      return BuiltInChecks.failed("/ did not respond: " + BuiltInChecks.said(e));
    }
  }

  /** A pod that the kubelet finds healthy and that is otherwise unreachable is not at fault. */
  private static Optional<StageResult> unreachable(CheckTarget target) {
    try (var socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(target.endpoint().address(), target.endpoint().port()),
          CONNECT_MILLIS);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(
          new StageResult.Waiting(
              Reason.CHECKS_RUNNING,
              "the operator does not reach the new version's pod at %s:%d (%s): does a NetworkPolicy keep it out?"
                  .formatted(
                      target.endpoint().address(), target.endpoint().port(), BuiltInChecks.said(e)),
              StageResult.Waiting.SOON));
    }
  }
}

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
import java.util.concurrent.Executors;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Checks.Round;

/**
 * The checks of a version that runs beside the serving one: its health and what the spec declares,
 * asked of its pod as the ingress would ask.
 */
public final class CandidateChecks {
  private static final int CONNECT_MILLIS = 3000;

  private CandidateChecks() {}

  /**
   * One round; takes seconds at most.
   *
   * @param target whose address is the pod's
   */
  public static Round run(Target target) throws GeneralSecurityException, IOException {
    var unreachable = unreachable(target);
    if (unreachable.isPresent()) {
      return new Round(unreachable, List.of());
    }
    var headers = new TreeMap<String, String>(Map.of("Host", target.app()));
    headers.put("X-Forwarded-Proto", "https");
    headers.put("X-Forwarded-Host", target.app());
    try (var pool = Executors.newVirtualThreadPerTaskExecutor();
        var client = IngressRequests.client(target)) {
      var requests = new IngressRequests(target, target.port(), target.port());
      var declared =
          new DeclaredChecks(
                  client,
                  "http://" + target.app() + ":" + target.port(),
                  target.secrets(),
                  target.masking(),
                  headers)
              .groups(target.spec().checks()).stream().map(pool::submit).toList();
      var results = new ArrayList<Result>();
      results.add(health(target, requests, headers));
      declared.stream().map(Checks::get).forEach(results::addAll);
      return new Round(Optional.empty(), List.copyOf(results));
    }
  }

  private static Result health(Target target, IngressRequests requests, Map<String, String> headers)
      throws GeneralSecurityException {
    Optional<CertificateVerdict.Problem> problem;
    try {
      var answer = requests.get("http", target.app(), target.healthPath(), headers);
      problem =
          answer.status() == 200
              ? Optional.empty()
              : BuiltInChecks.failed(
                  "%s: found status %d, needed 200"
                      .formatted(target.healthPath(), answer.status()));
    } catch (IOException e) {
      problem =
          BuiltInChecks.failed(target.healthPath() + " did not answer: " + BuiltInChecks.said(e));
    }
    return BuiltInChecks.result("health", Priority.Critical, problem);
  }

  /** A pod that the kubelet finds healthy and nobody else reaches is not at fault. */
  private static Optional<StageResult> unreachable(Target target) {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(target.address(), target.port()), CONNECT_MILLIS);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(
          new StageResult.Waiting(
              Reason.CHECKS_RUNNING,
              "the operator does not reach the new version's pod at %s:%d (%s): does a NetworkPolicy keep it out?"
                  .formatted(target.address(), target.port(), BuiltInChecks.said(e)),
              StageResult.Waiting.SOON));
    }
  }
}

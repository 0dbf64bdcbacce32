package ru.scoliologic.staging.validation;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.cluster.kube.HealthAnswer;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.validation.CertificateVerdict.Problem;

/** The operator's own checks, other than those of certificates. */
record BuiltInChecks(CheckTarget target, IngressRequests requests) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SERVER_ERROR = 500;

  /** The checks that apply, in the order of the report. */
  List<Callable<Result>> all() {
    var all = new ArrayList<Callable<Result>>();
    all.add(check(BuiltInCheck.REDIRECT, Priority.Critical, this::redirect));
    all.add(check(BuiltInCheck.HEALTH, Priority.Critical, this::health));
    if (target.health().throughIngress()) {
      all.add(check(BuiltInCheck.HEALTH_IN_FULL, Priority.Important, this::degraded));
    }
    all.add(check(BuiltInCheck.FRONT_PAGE, Priority.Important, this::front));
    if (target.hosts().dashboard() != null) {
      all.add(check(BuiltInCheck.DASHBOARD_CLOSED, Priority.Critical, this::dashboardClosed));
      all.add(check(BuiltInCheck.DASHBOARD_OPENS, Priority.Critical, this::dashboardOpens));
      all.add(check(BuiltInCheck.ROUTERS, Priority.Important, this::routers));
    }
    if (target.access().protection() != null && target.access().protection().closed()) {
      all.add(check(BuiltInCheck.ACCESS_CLOSED, AccessCheck.priority(target), this::closed));
    }
    if (target.hosts().grafana() != null) {
      all.add(check(BuiltInCheck.GRAFANA, Priority.Important, this::grafana));
    }
    return all;
  }

  private static Callable<Result> check(
      BuiltInCheck made, Priority priority, Callable<Optional<Problem>> check) {
    return () -> {
      try {
        return result(made, priority, check.call());
      } catch (TimeBudget.NotRun e) {
        return result(made, priority, failed(said(e)));
      } catch (IOException | IllegalArgumentException e) {
        return result(
            made, priority, failed("a request through the ingress failed: %s".formatted(said(e))));
      }
    };
  }

  static Result result(BuiltInCheck check, Priority priority, Optional<Problem> problem) {
    return new Result(
        check.title(),
        BuiltInCheck.GROUP,
        priority,
        problem.isEmpty() ? Outcome.Passed : Outcome.Failed,
        problem.map(Problem::message).orElse(null));
  }

  private Optional<Problem> redirect() throws Exception {
    var answer = requests.get("http", target.hosts().app(), "/", Map.of());
    var location = answer.location();
    return answer.status() >= 301
            && answer.status() <= 308
            && location.startsWith("https://" + target.hosts().app())
        ? Optional.empty()
        : failed(
            "http://%s does not redirect to HTTPS: found status %d, Location '%s'"
                .formatted(target.hosts().app(), answer.status(), location));
  }

  private Optional<Problem> health() throws Exception {
    var check = target.health();
    if (!check.throughIngress()) {
      return answers(
          "https://" + target.hosts().app(),
          requests.get("https", target.hosts().app(), "/", pass()));
    }
    var answer = requests.get("https", target.hosts().app(), check.path(), pass());
    return new HealthAnswer(check, target.declared().masking())
        .problem(answer.status(), answer.location(), answer.body())
        .flatMap(
            said -> failed("https://%s%s: %s".formatted(target.hosts().app(), check.path(), said)));
  }

  /** Without a health path, the front page must be served. */
  static Optional<Problem> answers(String base, IngressRequests.Answer front) {
    return front.status() < SERVER_ERROR
        ? Optional.empty()
        : failed("%s/: found status %d, needed one below 500".formatted(base, front.status()));
  }

  /** Headers with which the ingress lets a request through to the health path. */
  private Map<String, String> pass() {
    var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    headers.putAll(target.health().given());
    // The ingress sets these itself.
    headers.keySet().removeIf(name -> name.equalsIgnoreCase("Host"));
    headers.putAll(target.access().headers());
    return headers;
  }

  /** Sends a request without token or password. */
  private Optional<Problem> closed() throws Exception {
    return AccessCheck.judge(
            target, requests.get("https", target.hosts().app(), "/", Map.of()).status())
        .flatMap(BuiltInChecks::failed);
  }

  /** A degraded application serves, but one of its dependencies does not. */
  private Optional<Problem> degraded() throws Exception {
    var path = target.health().path();
    var answer = requests.get("https", target.hosts().app(), path, pass());
    return HealthWords.trouble(answer.body())
        .flatMap(said ->
            failed("https://%s%s says '%s'".formatted(target.hosts().app(), path, masked(said))));
  }

  private String masked(String said) {
    return target.declared().masking().mask(said);
  }

  private Optional<Problem> front() throws Exception {
    long begin = System.nanoTime();
    var answer = requests.get("https", target.hosts().app(), "/", target.access().headers());
    long millis = (System.nanoTime() - begin) / 1_000_000;
    if (answer.status() >= 400) {
      return failed(
          "https://%s/: found status %d".formatted(target.hosts().app(), answer.status()));
    }
    return millis <= target.declared().spec().frontPageMillis()
        ? Optional.empty()
        : failed(
            "https://%s/ took longer than %d ms"
                .formatted(target.hosts().app(), target.declared().spec().frontPageMillis()));
  }

  /** Checks every router in Traefik's own API. */
  private Optional<Problem> routers() throws Exception {
    var answer =
        requests.get("https", target.hosts().dashboard(), "/api/http/routers", basicAuth());
    var list = answer.status() == 200 ? JSON.readTree(answer.body()) : null;
    if (list == null || !list.isArray() || list.isEmpty()) {
      return failed(
          "https://%s/api/http/routers lists no routers: found status %d"
              .formatted(target.hosts().dashboard(), answer.status()));
    }
    var broken = new ArrayList<String>();
    for (var router : list) {
      if (!"enabled".equals(router.path("status").asText())) {
        broken.add(
            router.path("name").asText()
                + " is "
                + router.path("status").asText("unknown")
                + " "
                + router.path("error"));
      }
    }
    return broken.isEmpty()
        ? Optional.empty()
        : failed("Traefik's routers: " + String.join("; ", broken));
  }

  private Optional<Problem> dashboardClosed() throws Exception {
    var answer = requests.get("https", target.hosts().dashboard(), "/api/overview", Map.of());
    return answer.status() == 401
        ? Optional.empty()
        : failed(
            "https://%s/api/overview without credentials: found status %d, needed 401"
                .formatted(target.hosts().dashboard(), answer.status()));
  }

  private Optional<Problem> dashboardOpens() throws Exception {
    return expectOk(target.hosts().dashboard(), "/api/overview", basicAuth());
  }

  private Optional<Problem> grafana() throws Exception {
    return expectOk(target.hosts().grafana(), "/api/health", Map.of());
  }

  private Optional<Problem> expectOk(String host, String path, Map<String, String> headers)
      throws Exception {
    var answer = requests.get("https", host, path, headers);
    return answer.status() == 200
        ? Optional.empty()
        : failed(
            "https://%s%s: found status %d, needed 200".formatted(host, path, answer.status()));
  }

  private Map<String, String> basicAuth() {
    var pair = target.access().user() + ":" + target.access().password();
    return Map.of(
        "Authorization",
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
  }

  static Optional<Problem> failed(String message) {
    return Optional.of(new Problem(Reason.CHECKS_FAILED, message));
  }

  /** The message of an exception, or else its class. */
  static String said(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}

package ru.scoliologic.staging.validation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.validation.CertificateVerdict.Problem;

/** The checks of any environment beyond its certificates. */
record BuiltInChecks(Target target, IngressRequests requests) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Those that apply, in the order of the report. */
  List<Callable<Result>> all() {
    var all = new ArrayList<Callable<Result>>();
    all.add(check("redirect to HTTPS", Priority.Critical, this::redirect));
    all.add(check("health", Priority.Critical, this::health));
    all.add(check("health in full", Priority.Important, this::degraded));
    all.add(check("front page in time", Priority.Important, this::front));
    if (target.dashboard() != null) {
      all.add(check("dashboard is closed", Priority.Critical, this::dashboardClosed));
      all.add(check("dashboard opens", Priority.Critical, this::dashboardOpens));
      all.add(check("routers", Priority.Important, this::routers));
    }
    if (target.access() != null && target.access().closed()) {
      all.add(check("access closed", AccessCheck.priority(target), this::closed));
    }
    if (target.grafana() != null) {
      all.add(check("grafana", Priority.Important, this::grafana));
    }
    return all;
  }

  private static Callable<Result> check(
      String name, Priority priority, Callable<Optional<Problem>> check) {
    return () -> {
      try {
        return result(name, priority, check.call());
      } catch (IOException | IllegalArgumentException e) {
        return result(
            name, priority, failed("a request through the ingress failed: %s".formatted(said(e))));
      }
    };
  }

  /** The outcome of a check of this group. */
  static Result result(String name, Priority priority, Optional<Problem> problem) {
    return new Result(
        name,
        "environment",
        priority,
        problem.isEmpty() ? Outcome.Passed : Outcome.Failed,
        problem.map(Problem::message).orElse(null));
  }

  private Optional<Problem> redirect() throws Exception {
    var answer = requests.get("http", target.app(), "/", Map.of());
    var location = answer.location();
    return answer.status() >= 301
            && answer.status() <= 308
            && location.startsWith("https://" + target.app())
        ? Optional.empty()
        : failed(
            "http://%s does not redirect to HTTPS: found status %d, Location '%s'"
                .formatted(target.app(), answer.status(), location));
  }

  private Optional<Problem> health() throws Exception {
    return expectOk(target.app(), target.healthPath(), target.pass());
  }

  /** A request that has neither the token nor a password. */
  private Optional<Problem> closed() throws Exception {
    return AccessCheck.judge(target, requests.get("https", target.app(), "/", Map.of()).status())
        .flatMap(BuiltInChecks::failed);
  }

  /** A degraded application serves, but something it uses does not. */
  private Optional<Problem> degraded() throws Exception {
    var answer = requests.get("https", target.app(), target.healthPath(), target.pass());
    var state = text(answer.body(), "/status");
    return state.isEmpty() || state.equals("healthy") || state.equals("ok")
        ? Optional.empty()
        : failed("https://%s%s says '%s'".formatted(target.app(), target.healthPath(), state));
  }

  private Optional<Problem> front() throws Exception {
    long begin = System.nanoTime();
    var answer = requests.get("https", target.app(), "/", target.pass());
    long millis = (System.nanoTime() - begin) / 1_000_000;
    if (answer.status() >= 400) {
      return failed("https://%s/: found status %d".formatted(target.app(), answer.status()));
    }
    return millis <= target.spec().frontPageMillis()
        ? Optional.empty()
        : failed(
            "https://%s/ took longer than %d ms"
                .formatted(target.app(), target.spec().frontPageMillis()));
  }

  /** Every router that Traefik knows, by its own API. */
  private Optional<Problem> routers() throws Exception {
    var answer = requests.get("https", target.dashboard(), "/api/http/routers", basicAuth());
    var list = answer.status() == 200 ? JSON.readTree(answer.body()) : null;
    if (list == null || !list.isArray() || list.isEmpty()) {
      return failed(
          "https://%s/api/http/routers lists no routers: found status %d"
              .formatted(target.dashboard(), answer.status()));
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

  /** A value of a JSON body; empty when it is none, or not there. */
  private static String text(String body, String pointer) {
    try {
      return JSON.readTree(body).at(pointer).asText();
    } catch (JsonProcessingException e) {
      return "";
    }
  }

  private Optional<Problem> dashboardClosed() throws Exception {
    var answer = requests.get("https", target.dashboard(), "/api/overview", Map.of());
    return answer.status() == 401
        ? Optional.empty()
        : failed(
            "https://%s/api/overview without credentials: found status %d, needed 401"
                .formatted(target.dashboard(), answer.status()));
  }

  private Optional<Problem> dashboardOpens() throws Exception {
    return expectOk(target.dashboard(), "/api/overview", basicAuth());
  }

  private Optional<Problem> grafana() throws Exception {
    return expectOk(target.grafana(), "/api/health", Map.of());
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
    var pair = target.user() + ":" + target.password();
    return Map.of(
        "Authorization",
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
  }

  /** A fault that the checks found. */
  static Optional<Problem> failed(String message) {
    return Optional.of(new Problem(Reason.CHECKS_FAILED, message));
  }

  /** The words of an exception, or its kind. */
  static String said(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}

package ru.scoliologic.staging.validation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.util.Timeout;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
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
  private static final Timeout TIMEOUT = Timeout.ofSeconds(5);
  private static final int MAX_BODY = 1 << 20;
  private static final String GROUP = "environment";
  private static final ObjectMapper JSON = new ObjectMapper();

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
        var client = client(target)) {
      var certificates =
          hosts(target).map(host -> pool.submit(() -> certificate(target, host))).toList();
      var problems = outcomes(certificates);
      if (problems.stream().anyMatch(p -> p.reason() == Reason.CERTIFICATE_NOT_ISSUED)) {
        return new Round(Optional.of(awaitsCertificate(problems)), List.of());
      }
      var results = new ArrayList<Result>();
      results.add(result("certificates", Priority.Critical, problems.stream().findFirst()));
      if (!problems.isEmpty()) {
        return new Round(Optional.empty(), results);
      }
      var builtIn =
          new ArrayList<>(
              List.of(
                  pool.submit(
                      builtIn("redirect to HTTPS", Priority.Critical, () -> redirect(target))),
                  pool.submit(builtIn("health", Priority.Critical, () -> health(target))),
                  pool.submit(
                      builtIn("health in full", Priority.Important, () -> degraded(target))),
                  pool.submit(
                      builtIn("front page in time", Priority.Important, () -> front(target)))));
      if (target.dashboard() != null) {
        builtIn.add(
            pool.submit(
                builtIn("dashboard is closed", Priority.Critical, () -> dashboardClosed(target))));
        builtIn.add(
            pool.submit(
                builtIn("dashboard opens", Priority.Critical, () -> dashboardOpens(target))));
        builtIn.add(pool.submit(builtIn("routers", Priority.Important, () -> routers(target))));
      }
      if (target.access() != null && target.access().closed()) {
        builtIn.add(
            pool.submit(
                builtIn("access closed", AccessCheck.priority(target), () -> closed(target))));
      }
      if (target.grafana() != null) {
        builtIn.add(pool.submit(builtIn("grafana", Priority.Important, () -> grafana(target))));
      }
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

  private static Callable<Result> builtIn(
      String name, Priority priority, Callable<Optional<Problem>> check) {
    return () -> result(name, priority, check(check).call());
  }

  private static Result result(String name, Priority priority, Optional<Problem> problem) {
    return new Result(
        name,
        GROUP,
        priority,
        problem.isEmpty() ? Outcome.Passed : Outcome.Failed,
        problem.map(Problem::message).orElse(null));
  }

  private static List<Problem> outcomes(List<Future<Optional<Problem>>> running) {
    return running.stream().map(Checks::get).flatMap(Optional::stream).toList();
  }

  private static <T> T get(Future<T> task) {
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
      return failed(
          "https://%s at %s cannot be reached: %s".formatted(host, target.address(), said(e)));
    }
  }

  private Optional<Problem> redirect(Target target) throws Exception {
    var answer = get(target, "http", target.app(), "/", Map.of());
    var location = answer.location();
    return answer.status() >= 301
            && answer.status() <= 308
            && location.startsWith("https://" + target.app())
        ? Optional.empty()
        : failed(
            "http://%s does not redirect to HTTPS: found status %d, Location '%s'"
                .formatted(target.app(), answer.status(), location));
  }

  private Optional<Problem> health(Target target) throws Exception {
    return expectOk(target, target.app(), target.healthPath(), target.pass());
  }

  /** A request that has neither the token nor a password. */
  private Optional<Problem> closed(Target target) throws Exception {
    return AccessCheck.judge(target, get(target, "https", target.app(), "/", Map.of()).status())
        .flatMap(Checks::failed);
  }

  /** A degraded application serves, but something it uses does not. */
  private Optional<Problem> degraded(Target target) throws Exception {
    var answer = get(target, "https", target.app(), target.healthPath(), target.pass());
    var state = text(answer.body(), "/status");
    return state.isEmpty() || state.equals("healthy") || state.equals("ok")
        ? Optional.empty()
        : failed("https://%s%s says '%s'".formatted(target.app(), target.healthPath(), state));
  }

  private Optional<Problem> front(Target target) throws Exception {
    long begin = System.nanoTime();
    var answer = get(target, "https", target.app(), "/", target.pass());
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
  private Optional<Problem> routers(Target target) throws Exception {
    var answer = get(target, "https", target.dashboard(), "/api/http/routers", basicAuth(target));
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

  private Optional<Problem> dashboardClosed(Target target) throws Exception {
    var answer = get(target, "https", target.dashboard(), "/api/overview", Map.of());
    return answer.status() == 401
        ? Optional.empty()
        : failed(
            "https://%s/api/overview without credentials: found status %d, needed 401"
                .formatted(target.dashboard(), answer.status()));
  }

  private Optional<Problem> dashboardOpens(Target target) throws Exception {
    return expectOk(target, target.dashboard(), "/api/overview", basicAuth(target));
  }

  private Optional<Problem> grafana(Target target) throws Exception {
    return expectOk(target, target.grafana(), "/api/health", Map.of());
  }

  private static Stream<String> hosts(Target target) {
    return Stream.of(target.app(), target.dashboard(), target.grafana()).filter(Objects::nonNull);
  }

  private Optional<Problem> expectOk(
      Target target, String host, String path, Map<String, String> headers) throws Exception {
    var answer = get(target, "https", host, path, headers);
    return answer.status() == 200
        ? Optional.empty()
        : failed(
            "https://%s%s: found status %d, needed 200".formatted(host, path, answer.status()));
  }

  private static Map<String, String> basicAuth(Target target) {
    var pair = target.user() + ":" + target.password();
    return Map.of(
        "Authorization",
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
  }

  private static Callable<Optional<Problem>> check(Callable<Optional<Problem>> check) {
    return () -> {
      try {
        return check.call();
      } catch (IOException | IllegalArgumentException e) {
        return failed("a request through the ingress failed: %s".formatted(said(e)));
      }
    };
  }

  private Answer get(
      Target target, String scheme, String host, String path, Map<String, String> headers)
      throws Exception {
    int port = scheme.equals("https") ? https : http;
    var request = new HttpGet(scheme + "://" + host + ":" + port + path);
    headers.forEach(request::setHeader);
    try (var client = client(target)) {
      return client.execute(
          request,
          response ->
              new Answer(
                  response.getCode(),
                  Optional.ofNullable(response.getFirstHeader("Location"))
                      .map(Header::getValue)
                      .orElse(""),
                  response.getEntity() == null
                      ? ""
                      : EntityUtils.toString(response.getEntity(), MAX_BODY)));
    }
  }

  private static CloseableHttpClient client(Target target) throws GeneralSecurityException {
    var tls = SSLContext.getInstance("TLS");
    tls.init(null, new TrustManager[] {trust(target)}, null);
    return HttpClients.custom()
        .setConnectionManager(
            PoolingHttpClientConnectionManagerBuilder.create()
                .setDnsResolver(new Always(target.address()))
                .setTlsSocketStrategy(new DefaultClientTlsStrategy(tls))
                .setDefaultConnectionConfig(
                    ConnectionConfig.custom()
                        .setConnectTimeout(TIMEOUT)
                        .setSocketTimeout(TIMEOUT)
                        .build())
                .build())
        .setDefaultRequestConfig(RequestConfig.custom().setResponseTimeout(TIMEOUT).build())
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .build();
  }

  /** A staging authority's root is in nobody's trust store: its chains were judged by issuer. */
  private static TrustManager trust(Target target) throws GeneralSecurityException {
    return target.server() == IngressSpec.Server.LetsEncryptStaging
        ? Certificates.recorder()
        : Certificates.trusting(target.caBundle());
  }

  private static Optional<Problem> failed(String message) {
    return Optional.of(new Problem(Reason.CHECKS_FAILED, message));
  }

  private static String said(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private record Answer(int status, String location, String body) {}

  /** Resolves every name to the ingress. */
  private record Always(String address) implements DnsResolver {
    @Override
    public InetAddress[] resolve(String host) throws java.net.UnknownHostException {
      return InetAddress.getAllByName(address);
    }

    @Override
    public String resolveCanonicalHostname(String host) {
      return host;
    }
  }
}

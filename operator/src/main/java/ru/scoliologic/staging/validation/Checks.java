package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
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
import org.apache.hc.core5.util.Timeout;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CertificateVerdict.Problem;

/**
 * The checks that hold for any environment. They go to the ingress' address under the domains'
 * names, as a browser would once DNS points there.
 */
public final class Checks {
  private static final Timeout TIMEOUT = Timeout.ofSeconds(5);
  private static final int HTTP = 80;
  private static final int HTTPS = 443;

  private final Clock clock;

  public Checks(Clock clock) {
    this.clock = clock;
  }

  /** Runs all checks at once; takes seconds at most. */
  public StageResult run(Target target) {
    try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      var certificates =
          outcomes(
              hosts(target).map(host -> pool.submit(() -> certificate(target, host))).toList());
      if (!certificates.isEmpty()) {
        return failure(certificates);
      }
      var requests =
          outcomes(
              List.of(
                  pool.submit(check(() -> redirect(target))),
                  pool.submit(check(() -> health(target))),
                  pool.submit(check(() -> dashboardClosed(target))),
                  pool.submit(check(() -> dashboardOpens(target))),
                  pool.submit(check(() -> grafana(target)))));
      return requests.isEmpty()
          ? new StageResult.Ready(
              Reason.CHECKS_PASSED,
              "https://%s answers with a valid certificate, and so does the dashboard"
                  .formatted(target.app()))
          : failure(requests);
    }
  }

  private static StageResult failure(List<Problem> problems) {
    var message = String.join("; ", problems.stream().map(Problem::message).distinct().toList());
    // A certificate takes a few seconds to be issued: that is waiting, and not yet a failure.
    return problems.stream().allMatch(p -> p.reason() == Reason.CERTIFICATE_NOT_ISSUED)
        ? new StageResult.Waiting(Reason.CERTIFICATE_NOT_ISSUED, message, StageResult.Waiting.SOON)
        : new StageResult.Failing(Reason.CHECKS_FAILED, message, StageResult.Waiting.SOON);
  }

  private static List<Problem> outcomes(List<Future<Optional<Problem>>> running) {
    return running.stream()
        .map(task -> {
          try {
            return task.get();
          } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while checking", e);
          }
        })
        .flatMap(Optional::stream)
        .toList();
  }

  private Optional<Problem> certificate(Target target, String host) {
    try {
      return CertificateVerdict.judge(
          Certificates.served(target.address(), HTTPS, host),
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
    var answer = get(target, "http", target.app(), "/", null);
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
    return expectOk(target, target.app(), target.healthPath(), null);
  }

  private Optional<Problem> dashboardClosed(Target target) throws Exception {
    var answer = get(target, "https", target.dashboard(), "/api/overview", null);
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
    return target.grafana() == null
        ? Optional.empty()
        : expectOk(target, target.grafana(), "/api/health", null);
  }

  private static Stream<String> hosts(Target target) {
    return Stream.of(target.app(), target.dashboard(), target.grafana()).filter(Objects::nonNull);
  }

  private Optional<Problem> expectOk(Target target, String host, String path, String authorization)
      throws Exception {
    var answer = get(target, "https", host, path, authorization);
    return answer.status() == 200
        ? Optional.empty()
        : failed(
            "https://%s%s: found status %d, needed 200".formatted(host, path, answer.status()));
  }

  private static String basicAuth(Target target) {
    var pair = target.user() + ":" + target.password();
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  private static Callable<Optional<Problem>> check(Callable<Optional<Problem>> check) {
    return () -> {
      try {
        return check.call();
      } catch (IOException e) {
        return failed("a request through the ingress failed: %s".formatted(said(e)));
      }
    };
  }

  private static Answer get(
      Target target, String scheme, String host, String path, String authorization)
      throws Exception {
    int port = scheme.equals("https") ? HTTPS : HTTP;
    var request = new HttpGet(scheme + "://" + host + ":" + port + path);
    if (authorization != null) {
      request.setHeader("Authorization", authorization);
    }
    try (var client = client(target)) {
      return client.execute(
          request,
          response ->
              new Answer(
                  response.getCode(),
                  Optional.ofNullable(response.getFirstHeader("Location"))
                      .map(Header::getValue)
                      .orElse("")));
    }
  }

  private static CloseableHttpClient client(Target target) throws Exception {
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
        .disableCookieManagement()
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

  private record Answer(int status, String location) {}

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

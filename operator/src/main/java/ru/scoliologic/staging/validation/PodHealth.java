package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.CookieSpecSupport;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.util.Timeout;
import ru.scoliologic.staging.cluster.kube.HealthCheck;

/** Sends a pod's health check as its kubelet does, but follows no redirect. */
public final class PodHealth {
  private static final Timeout TIMEOUT = Timeout.ofSeconds(3);

  /** Limit of the whole request: a slow stream would else never end. */
  private static final Duration WHOLE = Duration.ofSeconds(6);

  /** Far more than is reported: secrets must be masked before the text is cut. */
  private static final int MAX_BODY = 32_768;

  private static final int MAX_CONNECTIONS = 50;

  private PodHealth() {}

  /** An answer; location and body are empty when there are none. */
  public record Answer(int status, String location, String body) {}

  /** Sends one request; takes a few seconds at most. */
  public static Answer ask(String address, HealthCheck check) throws IOException {
    return ask(address, check, WHOLE);
  }

  /** With another limit for the whole request. */
  static Answer ask(String address, HealthCheck check, Duration whole) throws IOException {
    var request = request(address, check);
    var limit =
        CompletableFuture.runAsync(
            request::cancel,
            CompletableFuture.delayedExecutor(whole.toMillis(), TimeUnit.MILLISECONDS));
    try (var client = client()) {
      return client.execute(
          request,
          response ->
              new Answer(
                  response.getCode(),
                  Optional.ofNullable(response.getFirstHeader("Location"))
                      .map(Header::getValue)
                      .orElse(""),
                  response.getEntity() == null ? "" : start(response.getEntity().getContent())));
    } catch (IOException e) {
      if (request.isCancelled()) {
        throw (SocketTimeoutException) new SocketTimeoutException().initCause(e);
      }
      throw e;
    } finally {
      limit.cancel(false);
    }
  }

  private static HttpGet request(String address, HealthCheck check) throws IOException {
    var host = address.contains(":") ? "[" + address + "]" : address;
    try {
      var request = new HttpGet(URI.create("http://" + host + ":" + check.port() + check.path()));
      check.headers().forEach(request::setHeader);
      return request;
    } catch (IllegalArgumentException e) {
      throw new IOException("it cannot be checked like that", e);
    }
  }

  private static String start(InputStream body) throws IOException {
    return body == null ? "" : new String(body.readNBytes(MAX_BODY), StandardCharsets.UTF_8);
  }

  private static CloseableHttpClient client() {
    return HttpClients.custom()
        .setConnectionManager(
            PoolingHttpClientConnectionManagerBuilder.create()
                .setConnectionFactory(
                    ManagedHttpClientConnectionFactory.builder()
                        .http1Config(IngressRequests.HEADERS)
                        .build())
                .setMaxConnTotal(MAX_CONNECTIONS)
                .setTlsSocketStrategy(PodHealth::noTls)
                .setDefaultConnectionConfig(
                    ConnectionConfig.custom()
                        .setConnectTimeout(TIMEOUT)
                        .setSocketTimeout(TIMEOUT)
                        .build())
                .setDefaultSocketConfig(SocketConfig.custom().setSoTimeout(TIMEOUT).build())
                .build())
        .setDefaultCookieSpecRegistry(CookieSpecSupport.createDefault(IngressRequests.NO_SUFFIXES))
        .setDefaultRequestConfig(RequestConfig.custom().setResponseTimeout(TIMEOUT).build())
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableCookieManagement()
        .disableContentCompression()
        .build();
  }

  /** The library's own strategy would load the system's certificates, for requests without TLS. */
  private static SSLSocket noTls(
      Socket socket, String host, int port, Object attachment, HttpContext context)
      throws SSLException {
    throw new SSLException("health checks are sent without TLS");
  }
}

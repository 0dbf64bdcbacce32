package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.CookieSpecSupport;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.psl.PublicSuffixMatcher;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.DefaultHostnameVerifier;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.ParseException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.util.Timeout;
import ru.scoliologic.staging.api.IngressSpec;

/**
 * Requests to the ingress' address with the domains' names.
 *
 * @param http port without TLS
 * @param https port with TLS
 * @param budget the time limit of the requests
 */
record IngressRequests(CheckTarget target, int http, int https, TimeBudget budget) {
  private static final Timeout TIMEOUT = Timeout.ofSeconds(5);
  private static final int MAX_BODY = 1 << 20;

  /** Far more than a browser would send back, and far less than fills the operator's memory. */
  static final Http1Config HEADERS =
      Http1Config.custom().setMaxLineLength(16 * 1024).setMaxHeaderCount(100).build();

  /**
   * The library's list of public suffixes takes a megabyte. Without it only a top-level domain
   * counts as one, so that a cookie for {@code co.uk} is kept, unlike in a browser.
   */
  static final PublicSuffixMatcher NO_SUFFIXES = new PublicSuffixMatcher(List.of(), null);

  Answer get(String scheme, String host, String path, Map<String, String> headers)
      throws IOException, GeneralSecurityException {
    int port = scheme.equals("https") ? https : http;
    var request = new HttpGet(scheme + "://" + host + ":" + port + path);
    headers.forEach(request::setHeader);
    try (var client = client(target)) {
      return budget.spend(() -> client.execute(request, IngressRequests::answer));
    }
  }

  private static Answer answer(ClassicHttpResponse response) throws IOException {
    return new Answer(
        response.getCode(),
        Optional.ofNullable(response.getFirstHeader("Location")).map(Header::getValue).orElse(""),
        body(response, MAX_BODY));
  }

  /** The text of an answer; one with an unknown character set is an error. */
  static String body(ClassicHttpResponse response, int limit) throws IOException {
    try {
      return response.getEntity() == null ? "" : EntityUtils.toString(response.getEntity(), limit);
    } catch (ParseException | IllegalArgumentException e) {
      throw new IOException("the answer has an unreadable content type", e);
    }
  }

  /** A client that resolves every name to the target. */
  static CloseableHttpClient client(CheckTarget target) throws GeneralSecurityException {
    var tls = SSLContext.getInstance("TLS");
    tls.init(null, new TrustManager[] {trust(target)}, null);
    return HttpClients.custom()
        .setConnectionManager(
            PoolingHttpClientConnectionManagerBuilder.create()
                .setConnectionFactory(
                    ManagedHttpClientConnectionFactory.builder().http1Config(HEADERS).build())
                .setDnsResolver(new Always(target.endpoint().address()))
                .setTlsSocketStrategy(
                    new DefaultClientTlsStrategy(tls, new DefaultHostnameVerifier(NO_SUFFIXES)))
                .setDefaultConnectionConfig(
                    ConnectionConfig.custom()
                        .setConnectTimeout(TIMEOUT)
                        .setSocketTimeout(TIMEOUT)
                        .build())
                .build())
        .setDefaultCookieSpecRegistry(CookieSpecSupport.createDefault(NO_SUFFIXES))
        .setDefaultRequestConfig(RequestConfig.custom().setResponseTimeout(TIMEOUT).build())
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .build();
  }

  /** A staging authority's root is in no trust store: its chains were verified by issuer. */
  private static TrustManager trust(CheckTarget target) throws GeneralSecurityException {
    return target.trust().server() == IngressSpec.Server.LetsEncryptStaging
        ? Certificates.recorder()
        : Certificates.trusting(target.trust().caBundle());
  }

  /** An answer; location and body are empty when there are none. */
  record Answer(int status, String location, String body) {}

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

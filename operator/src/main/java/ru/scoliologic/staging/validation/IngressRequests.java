package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.Optional;
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

/**
 * Requests to the ingress' address under the domains' names.
 *
 * @param http port without TLS
 * @param https port with TLS
 */
record IngressRequests(Target target, int http, int https) {
  private static final Timeout TIMEOUT = Timeout.ofSeconds(5);
  private static final int MAX_BODY = 1 << 20;

  Answer get(String scheme, String host, String path, Map<String, String> headers)
      throws IOException, GeneralSecurityException {
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

  /** A client that finds the target under every name. */
  static CloseableHttpClient client(Target target) throws GeneralSecurityException {
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

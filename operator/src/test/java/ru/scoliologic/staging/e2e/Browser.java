package ru.scoliologic.staging.e2e;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.util.Timeout;

/**
 * A user outside the cluster: DNS leads to the node, and only the ACME server's root is trusted.
 */
final class Browser implements AutoCloseable {
  private static final int HTTPS = 443;

  private final CloseableHttpClient client;
  private final String node;
  private final SSLContext tls;

  Browser(String node, String trustedPem) {
    this.node = node;
    this.tls = trusting(trustedPem);
    client =
        HttpClients.custom()
            .setConnectionManager(
                PoolingHttpClientConnectionManagerBuilder.create()
                    .setDnsResolver(new To(node))
                    .setTlsSocketStrategy(new DefaultClientTlsStrategy(tls))
                    .build())
            // A kept connection may lead to a pod that is gone.
            .setDefaultRequestConfig(
                RequestConfig.custom().setResponseTimeout(Timeout.ofSeconds(20)).build())
            .disableRedirectHandling()
            .disableAutomaticRetries()
            .build();
  }

  /** An answer; header names in lower case. */
  record Answer(
      int status, String body, String location, String cookie, Map<String, String> headers) {}

  Answer get(String url) throws IOException {
    return send(new HttpGet(url));
  }

  Answer getAs(String url, String user, String password) throws IOException {
    var request = new HttpGet(url);
    var pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    request.setHeader("Authorization", "Basic " + Base64.getEncoder().encodeToString(pair));
    return send(request);
  }

  Answer getWith(String url, Map<String, String> headers) throws IOException {
    var request = new HttpGet(url);
    headers.forEach(request::setHeader);
    return send(request);
  }

  Answer post(String url, String json) throws IOException {
    return postWith(url, json, Map.of());
  }

  Answer postWith(String url, String json, Map<String, String> headers) throws IOException {
    var request = new HttpPost(url);
    headers.forEach(request::setHeader);
    request.setEntity(new StringEntity(json, ContentType.APPLICATION_JSON));
    return send(request);
  }

  /** Serial number of the certificate that a host shows, which must be a trusted one. */
  BigInteger serial(String host) throws IOException {
    try (var plain = new Socket(node, HTTPS);
        var socket = (SSLSocket) tls.getSocketFactory().createSocket(plain, host, HTTPS, true)) {
      socket.startHandshake();
      var shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      return shown.getSerialNumber();
    }
  }

  private Answer send(HttpUriRequestBase request) throws IOException {
    return client.execute(
        request,
        response ->
            new Answer(
                response.getCode(),
                response.getEntity() == null ? "" : EntityUtils.toString(response.getEntity()),
                header(response.getFirstHeader("Location")),
                header(response.getFirstHeader("Set-Cookie")),
                Stream.of(response.getHeaders())
                    .collect(
                        Collectors.toMap(
                            h -> h.getName().toLowerCase(Locale.ROOT),
                            Header::getValue,
                            (first, again) -> first))));
  }

  private static String header(Header header) {
    return Optional.ofNullable(header).map(Header::getValue).orElse("");
  }

  private static SSLContext trusting(String pem) {
    try {
      var store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      var certificates =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)));
      int i = 0;
      for (var certificate : certificates) {
        store.setCertificateEntry("root-" + i++, certificate);
      }
      var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      var context = SSLContext.getInstance("TLS");
      context.init(null, factory.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    client.close();
  }

  private record To(String node) implements DnsResolver {
    @Override
    public InetAddress[] resolve(String host) throws java.net.UnknownHostException {
      return InetAddress.getAllByName(node);
    }

    @Override
    public String resolveCanonicalHostname(String host) {
      return host;
    }
  }
}

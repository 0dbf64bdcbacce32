package ru.scoliologic.staging.throwaway;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.regex.Pattern;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** What a visitor outside the cluster sees, whatever this machine's DNS says. */
final class FrontPage {
  private static final int HTTPS = 443;
  private static final int PATIENCE_MILLIS = 10_000;
  private static final Pattern HEADING = Pattern.compile("<h1>([^<]*)</h1>");

  private FrontPage() {}

  /**
   * The heading of a host's front page.
   *
   * @param node address of the ingress
   * @param roots PEM certificates that the host's certificate must lead to
   */
  static String heading(String host, String node, String roots) {
    try (var plain = new Socket(node, HTTPS);
        var socket =
            (SSLSocket) trusting(roots).getSocketFactory().createSocket(plain, host, HTTPS, true)) {
      plain.setSoTimeout(PATIENCE_MILLIS);
      var parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(host)));
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.0\r\nHost: %s\r\n\r\n"
                  .formatted(host)
                  .getBytes(StandardCharsets.US_ASCII));
      var page = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      var heading = HEADING.matcher(page);
      if (!heading.find()) {
        throw new ClusterException(
            "https://%s/ answers %s".formatted(host, page.lines().findFirst().orElse("nothing")));
      }
      return heading.group(1);
    } catch (IOException | GeneralSecurityException e) {
      throw new ClusterException("https://%s/ cannot be read: %s".formatted(host, e), e);
    }
  }

  private static SSLContext trusting(String pem) throws GeneralSecurityException, IOException {
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int i = 0;
    for (var root :
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)))) {
      store.setCertificateEntry("root-" + i++, root);
    }
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}

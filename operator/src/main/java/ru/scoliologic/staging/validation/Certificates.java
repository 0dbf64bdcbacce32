package ru.scoliologic.staging.validation;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyManagementException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/** Reads the certificate served for a name, and builds trust managers. */
final class Certificates {
  private static final int TIMEOUT_MILLIS = 5_000;

  private Certificates() {}

  /** The chain served for a host name at an address, from any issuer; the leaf comes first. */
  static List<X509Certificate> served(String address, int port, String host) throws IOException {
    var seen = new Recorder();
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {seen}, null);
      try (var plain = new Socket()) {
        plain.connect(new InetSocketAddress(address, port), TIMEOUT_MILLIS);
        plain.setSoTimeout(TIMEOUT_MILLIS);
        try (var socket =
            (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true)) {
          var parameters = socket.getSSLParameters();
          parameters.setServerNames(List.of(new SNIHostName(host)));
          socket.setSSLParameters(parameters);
          socket.startHandshake();
        }
      }
    } catch (NoSuchAlgorithmException | KeyManagementException e) {
      throw new IllegalStateException("every JVM speaks TLS", e);
    }
    return seen.chain;
  }

  /** Accepts any chain; for connections whose certificates were verified before. */
  static TrustManager recorder() {
    return new Recorder();
  }

  /** Trusts the given PEM certificates, or the system's roots when there are none. */
  static X509TrustManager trusting(String pem) throws GeneralSecurityException {
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(pem.isBlank() ? null : keyStore(pem));
    for (var manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        return x509;
      }
    }
    throw new IllegalStateException("no X.509 trust manager");
  }

  private static KeyStore keyStore(String pem)
      throws KeyStoreException, CertificateException, NoSuchAlgorithmException {
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    try {
      store.load(null, null);
    } catch (IOException e) {
      throw new IllegalStateException("an empty store needs no input", e);
    }
    int i = 0;
    for (var certificate :
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)))) {
      store.setCertificateEntry("ca-" + i++, certificate);
    }
    return store;
  }

  /** Accepts any chain, to inspect it. */
  private static final class Recorder extends X509ExtendedTrustManager {
    private List<X509Certificate> chain = List.of();

    @Override
    public void checkServerTrusted(X509Certificate[] served, String type, Socket socket) {
      chain = List.of(served);
    }

    @Override
    public void checkServerTrusted(
        X509Certificate[] served, String type, javax.net.ssl.SSLEngine engine) {
      chain = List.of(served);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] served, String type) {
      chain = List.of(served);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {
      throw new UnsupportedOperationException("there are no clients here");
    }

    @Override
    public void checkClientTrusted(
        X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {
      throw new UnsupportedOperationException("there are no clients here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {
      throw new UnsupportedOperationException("there are no clients here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}

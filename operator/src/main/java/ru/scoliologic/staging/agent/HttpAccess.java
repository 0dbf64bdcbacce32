package ru.scoliologic.staging.agent;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.jgit.transport.CredentialItem;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.URIish;
import org.eclipse.jgit.transport.http.HttpConnection;
import org.eclipse.jgit.transport.http.HttpConnectionFactory;
import org.eclipse.jgit.transport.http.JDKHttpConnection;

/**
 * One conversation with a Git server over HTTP. The token is given to the host of the repository's
 * URL only, whatever that host answers, and never over plain HTTP to one that was asked by TLS.
 */
final class HttpAccess implements HttpConnectionFactory {
  /** What hosts of repositories take as the name beside a token. */
  static final String DEFAULT_USER = "x-access-token";

  private final URI repository;
  private final Optional<String> token;
  private final String username;
  private final TrustManager[] trusted;
  private volatile int status;
  private volatile URI elsewhere;

  private HttpAccess(
      URI repository, Optional<String> token, String username, TrustManager[] trusted) {
    this.repository = repository;
    this.token = token;
    this.username = username;
    this.trusted = trusted;
  }

  /**
   * Reads the credentials and the authority anew.
   *
   * @throws GeneralSecurityException when the authority's certificates cannot be read
   */
  static HttpAccess of(String repository, AgentFiles files)
      throws IOException, GeneralSecurityException {
    var authority = files.authority();
    return new HttpAccess(
        URI.create(repository),
        files.token(),
        files.username().orElse(DEFAULT_USER),
        authority.isPresent() ? trust(authority.get()) : null);
  }

  private static TrustManager[] trust(String pem) throws IOException, GeneralSecurityException {
    var certificates =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    if (certificates.isEmpty()) {
      throw new CertificateException("there is no certificate in it");
    }
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (var certificate : certificates) {
      store.setCertificateEntry("ca-" + store.size(), certificate);
    }
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  boolean hasToken() {
    return token.isPresent();
  }

  /** The last answer's status; 0 before there was one. */
  int status() {
    return status;
  }

  /** Where the server sent on to, if that is not to be told the token. */
  Optional<URI> elsewhere() {
    return Optional.ofNullable(elsewhere);
  }

  /** Gives the token to the repository's own host. */
  CredentialsProvider credentials() {
    return new Token();
  }

  @Override
  public HttpConnection create(URL url) throws IOException {
    return create(url, Proxy.NO_PROXY);
  }

  @Override
  public HttpConnection create(URL url, Proxy proxy) throws IOException {
    var connection = new Guarded(url, proxy, mayKnow(url));
    if (trusted != null && "https".equals(url.getProtocol())) {
      try {
        connection.configure(null, trusted, null);
      } catch (GeneralSecurityException e) {
        throw new IOException(e);
      }
    }
    return connection;
  }

  private boolean mayKnow(URL url) {
    try {
      var asked = url.toURI();
      boolean known = mayKnow(asked);
      if (!known) {
        elsewhere = asked;
      }
      return known;
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /** The same host and port by the same scheme, or by TLS at its usual port instead of without. */
  private boolean mayKnow(URI asked) {
    var scheme = asked.getScheme().toLowerCase(Locale.ROOT);
    if (!asked.getHost().equalsIgnoreCase(repository.getHost())) {
      return false;
    }
    if (scheme.equalsIgnoreCase(repository.getScheme())) {
      return port(asked) == port(repository);
    }
    return "https".equals(scheme) && port(asked) == 443 && port(repository) == 80;
  }

  private static int port(URI uri) {
    if (uri.getPort() > 0) {
      return uri.getPort();
    }
    return "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
  }

  private final class Guarded extends JDKHttpConnection {
    private final boolean mayKnow;

    private Guarded(URL url, Proxy proxy, boolean mayKnow) throws IOException {
      super(url, proxy);
      this.mayKnow = mayKnow;
    }

    @Override
    public void setRequestProperty(String key, String value) {
      if (mayKnow || !"Authorization".equalsIgnoreCase(key)) {
        super.setRequestProperty(key, value);
      }
    }

    @Override
    public int getResponseCode() throws IOException {
      status = super.getResponseCode();
      return status;
    }
  }

  private final class Token extends CredentialsProvider {
    @Override
    public boolean isInteractive() {
      return false;
    }

    /** Nothing but a login: a question whether to trust a certificate has no answer here. */
    @Override
    public boolean supports(CredentialItem... items) {
      for (var item : items) {
        if (!(item instanceof CredentialItem.Username || item instanceof CredentialItem.Password)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public boolean get(URIish uri, CredentialItem... items) {
      if (token.isEmpty() || !supports(items) || !mayKnow(URI.create(plain(uri)))) {
        return false;
      }
      for (var item : items) {
        if (item instanceof CredentialItem.Username user) {
          user.setValue(username);
        } else if (item instanceof CredentialItem.Password password) {
          password.setValue(token.get().toCharArray());
        }
      }
      return true;
    }

    private String plain(URIish uri) {
      return uri.getScheme()
          + "://"
          + uri.getHost()
          + (uri.getPort() > 0 ? ":" + uri.getPort() : "");
    }
  }
}

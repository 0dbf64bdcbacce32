package ru.scoliologic.staging.agent.git;

import static java.util.regex.Matcher.quoteReplacement;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.MalformedURLException;
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
import java.util.regex.Pattern;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.jgit.transport.CredentialItem;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.URIish;
import org.eclipse.jgit.transport.http.HttpConnection;
import org.eclipse.jgit.transport.http.HttpConnectionFactory;
import org.eclipse.jgit.transport.http.JDKHttpConnection;
import ru.scoliologic.staging.agent.AgentFiles;

/**
 * One connection to a Git server over HTTP. The token is sent to the host of the repository's URL
 * only, whatever redirects it returns, and never over plain HTTP if the URL uses TLS.
 */
final class GitHttpTransport implements HttpConnectionFactory {
  /** User name that repository hosts accept with a token. */
  static final String DEFAULT_USER = "x-access-token";

  /**
   * Replaces a host name with an underscore: a URI does not allow one, and JGit parses its URLs as
   * URIs.
   */
  private static final String STAND_IN = "underscore.invalid";

  private final URL repository;
  private final Optional<String> token;
  private final String username;
  private final TrustManager[] trusted;
  private volatile int status;
  private volatile URL elsewhere;

  private GitHttpTransport(
      URL repository, Optional<String> token, String username, TrustManager[] trusted) {
    this.repository = repository;
    this.token = token;
    this.username = username;
    this.trusted = trusted;
  }

  /**
   * Reads the credentials and the authority from their files.
   *
   * @throws GeneralSecurityException when the authority's certificates cannot be read
   */
  static GitHttpTransport of(String repository, AgentFiles files)
      throws IOException, GeneralSecurityException {
    var authority = files.authority();
    return new GitHttpTransport(
        url(repository),
        files.token(),
        files.username().orElse(DEFAULT_USER),
        authority.isPresent() ? trust(authority.get()) : null);
  }

  /** The repository's URL in a form that JGit accepts; requests to it go to the repository. */
  static String address(String repository) throws URISyntaxException {
    var uri = new URIish(repository);
    return uri.getHost().contains("_") ? uri.setHost(STAND_IN).toString() : repository;
  }

  private static URL url(String text) throws MalformedURLException {
    return URI.create(text).toURL();
  }

  /** The URL with the real host name. */
  private URL meant(URL url) throws MalformedURLException {
    return url.getHost().equals(STAND_IN)
        ? url(
            url.toString()
                .replaceFirst(Pattern.quote(STAND_IN), quoteReplacement(repository.getHost())))
        : url;
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

  /** Status of the last response; 0 before the first one. */
  int status() {
    return status;
  }

  /** The redirect target that must not receive the token, if any. */
  Optional<URL> elsewhere() {
    return Optional.ofNullable(elsewhere);
  }

  /** Provides the token for the repository's own host. */
  CredentialsProvider credentials() {
    return new Token();
  }

  @Override
  public HttpConnection create(URL url) throws IOException {
    return create(url, Proxy.NO_PROXY);
  }

  @Override
  public HttpConnection create(URL url, Proxy proxy) throws IOException {
    var meant = meant(url);
    var connection = new Guarded(meant, proxy, mayKnow(meant));
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
    boolean known = isTheRepositorys(url);
    if (!known) {
      elsewhere = url;
    }
    return known;
  }

  /** The same host, port and scheme, or an upgrade from port 80 to TLS at port 443. */
  private boolean isTheRepositorys(URL asked) {
    var scheme = asked.getProtocol().toLowerCase(Locale.ROOT);
    if (!asked.getHost().equalsIgnoreCase(repository.getHost())) {
      return false;
    }
    if (scheme.equalsIgnoreCase(repository.getProtocol())) {
      return port(asked) == port(repository);
    }
    return "https".equals(scheme) && port(asked) == 443 && port(repository) == 80;
  }

  private static int port(URL url) {
    return url.getPort() > 0 ? url.getPort() : url.getDefaultPort();
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

    /** Supports logins only: a question about trust in a certificate is denied. */
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
      if (token.isEmpty() || !supports(items) || !mayKnow(uri)) {
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

    private boolean mayKnow(URIish uri) {
      var port = uri.getPort() > 0 ? ":" + uri.getPort() : "";
      try {
        return GitHttpTransport.this.mayKnow(
            meant(url(uri.getScheme() + "://" + uri.getHost() + port)));
      } catch (MalformedURLException e) {
        return false;
      }
    }
  }
}

package ru.scoliologic.staging.agent.git;

import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.eclipse.jgit.errors.NoRemoteRepositoryException;
import ru.scoliologic.staging.stage.Reason;

/** Classifies failures by the server's response and by exception types, never by their text. */
final class GitFailureClassifier {
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int SERVER_ERROR = 500;
  private static final int LONGEST = 300;

  private GitFailureClassifier() {}

  static GitException overHttp(GitHttpTransport access, Exception e) {
    if (has(e, CertificateException.class) || has(e, CertPathValidatorException.class)) {
      return new GitException(
          Reason.CERTIFICATE_UNTRUSTED,
          ("The Git server's certificate is not trusted (%s): give its authority with"
                  + " spec.gitops.caBundle, or replace the server's certificate.")
              .formatted(text(deepest(e))),
          e);
    }
    var network = network(e);
    if (network.isPresent()) {
      return network.get();
    }
    return answered(access, e).orElseGet(() -> other(e));
  }

  private static Optional<GitException> answered(GitHttpTransport access, Exception e) {
    int status = access.status();
    if (status == HttpURLConnection.HTTP_UNAUTHORIZED
        || status == HttpURLConnection.HTTP_FORBIDDEN) {
      return Optional.of(refused(access, status, e));
    }
    if (status == HttpURLConnection.HTTP_NOT_FOUND) {
      return Optional.of(notFound(access.elsewhere().isPresent(), e));
    }
    if (status == TOO_MANY_REQUESTS || status >= SERVER_ERROR) {
      return Optional.of(
          new GitException(
              Reason.REPOSITORY_UNREACHABLE,
              "The Git server responded with %d; the agent tries again.".formatted(status),
              e));
    }
    return Optional.empty();
  }

  private static GitException refused(GitHttpTransport access, int status, Exception e) {
    if (access.elsewhere().isPresent()) {
      return new GitException(
          Reason.REPOSITORY_MOVED,
          ("The Git server redirects to %s, to which the token is not sent: set"
                  + " spec.gitops.repository to the repository's URL there.")
              .formatted(access.elsewhere().get().getAuthority()),
          e);
    }
    return new GitException(
        Reason.CREDENTIALS_REFUSED,
        access.hasToken()
            ? ("The Git server refused the token (%d): put one that may read the repository"
                    + " into the Secret that spec.gitops.credentials names, with the key username if"
                    + " the server requires a specific one.")
                .formatted(status)
            : "The Git server asks for credentials (%d) and there is no token: name a Secret with the key token in spec.gitops.credentials."
                .formatted(status),
        e);
  }

  private static GitException notFound(boolean moved, Exception e) {
    return new GitException(
        Reason.REPOSITORY_NOT_FOUND,
        moved
            ? "The Git server redirects to another one, which has no such repository:"
                + " correct spec.gitops.repository."
            : "The Git server has no repository at this URL, or hides it from these credentials:"
                + " correct spec.gitops.repository, or let the token or key read it.",
        e);
  }

  static GitException overSsh(GitSshTransport access, Exception e) {
    if (access.refusedServer().isPresent()) {
      return access.refusedServer().get();
    }
    var denied =
        find(e, SshException.class)
            .filter(failure ->
                failure.getDisconnectCode()
                    == SshConstants.SSH2_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    if (denied.isPresent()) {
      return new GitException(
          Reason.CREDENTIALS_REFUSED,
          "The Git server refused the SSH key: add its public half to the repository, or put"
              + " another one into the Secret that spec.gitops.credentials names.",
          e);
    }
    var network = network(e);
    if (network.isPresent()) {
      return network.get();
    }
    return has(e, NoRemoteRepositoryException.class) ? notFound(false, e) : other(e);
  }

  private static Optional<GitException> network(Exception e) {
    String found;
    if (has(e, UnknownHostException.class) || has(e, UnresolvedAddressException.class)) {
      found = "its name does not resolve";
    } else if (has(e, ConnectException.class)) {
      found = "it refuses the connection";
    } else if (has(e, NoRouteToHostException.class)) {
      found = "there is no route to it";
    } else if (has(e, SocketTimeoutException.class) || has(e, TimeoutException.class)) {
      found = "it does not respond in time";
    } else if (has(e, SocketException.class)) {
      found = "the connection broke";
    } else if (has(e, SSLException.class)) {
      found = "there is no TLS with it: " + text(deepest(e));
    } else {
      return Optional.empty();
    }
    return Optional.of(
        new GitException(
            Reason.REPOSITORY_UNREACHABLE,
            "The Git server cannot be reached (%s); the agent tries again.".formatted(found),
            e));
  }

  private static GitException other(Exception e) {
    return new GitException(
        Reason.GIT_FAILED, "Git failed: %s; it is tried again.".formatted(text(deepest(e))), e);
  }

  private static <T extends Throwable> Optional<T> find(Throwable e, Class<T> kind) {
    for (var cause = e; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return Optional.of(kind.cast(cause));
      }
    }
    return Optional.empty();
  }

  private static boolean has(Throwable e, Class<? extends Throwable> kind) {
    return find(e, kind).isPresent();
  }

  private static Throwable deepest(Throwable e) {
    var cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static String text(Throwable e) {
    var text =
        e.getMessage() == null
            ? e.getClass().getSimpleName()
            : e.getMessage().lines().findFirst().orElse("");
    return text.length() > LONGEST ? text.substring(0, LONGEST) : text;
  }
}

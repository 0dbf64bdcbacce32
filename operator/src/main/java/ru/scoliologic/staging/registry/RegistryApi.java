package ru.scoliologic.staging.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import ru.scoliologic.staging.cluster.model.ImageTag;
import ru.scoliologic.staging.cluster.model.RegistryLogin;

/**
 * Resolves a tag by the API of the OCI distribution specification, over HTTPS only: a user who
 * names an image must not cause requests to plain HTTP servers near the operator. The server's own
 * messages are not passed on.
 */
public final class RegistryApi implements Registries {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** For all requests together: a rollout waits for them. */
  private static final Duration PATIENCE = Duration.ofSeconds(4);

  /** Bytes of a response: the index of an image has a few thousand. */
  private static final int MOST = 1024 * 1024;

  private static final int REDIRECTS = 3;
  private static final String NO_REGISTRY = " does not respond as a registry does";

  /** An index is preferred: its digest applies to nodes of every architecture. */
  private static final String MANIFESTS =
      "application/vnd.oci.image.index.v1+json,"
          + " application/vnd.docker.distribution.manifest.list.v2+json,"
          + " application/vnd.oci.image.manifest.v1+json,"
          + " application/vnd.docker.distribution.manifest.v2+json";

  private static final Pattern PARAMETER = Pattern.compile("([a-zA-Z_]+)=\"([^\"]*)\"");

  private final SSLContext tls;
  private final Duration patience;

  /**
   * With the default time limit.
   *
   * @param tls verifies the certificates of registries
   */
  public RegistryApi(SSLContext tls) {
    this(tls, PATIENCE);
  }

  /** With a time limit for all requests of one query. */
  RegistryApi(SSLContext tls, Duration patience) {
    this.tls = tls;
    this.patience = patience;
  }

  /** With the Java runtime's trusted authorities. */
  public static RegistryApi withSystemTrust() {
    try {
      return new RegistryApi(SSLContext.getDefault());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has TLS", e);
    }
  }

  @Override
  public String digest(ImageName image, Optional<RegistryLogin> login)
      throws IOException, InterruptedException {
    var task = new FutureTask<>(() -> asked(image, login));
    // Interrupting a virtual thread ends its pending request.
    Thread.ofVirtual().name("tag").start(task);
    try {
      return task.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new Unreachable(
          "%s did not respond completely within %d s".formatted(image.host(), patience.toSeconds()),
          e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failed
          ? failed
          : new IOException(image.host() + NO_REGISTRY, e.getCause());
    } finally {
      task.cancel(true);
    }
  }

  private String asked(ImageName image, Optional<RegistryLogin> login)
      throws IOException, InterruptedException {
    try (var http =
        HttpClient.newBuilder()
            .sslContext(tls)
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build()) {
      try {
        return new Question(http, image, login).digest();
      } finally {
        http.shutdownNow();
      }
    }
  }

  /** One query, which may take several requests. */
  private record Question(HttpClient http, ImageName image, Optional<RegistryLogin> login) {

    String digest() throws IOException, InterruptedException {
      var authorization = Optional.<String>empty();
      var answer = ask("HEAD", image.manifest(), authorization);
      if (answer.statusCode() == 401) {
        authorization = Optional.of(authorization(answer));
        answer = ask("HEAD", image.manifest(), authorization);
      }
      boolean untold = answer.statusCode() == 200 && told(answer).isEmpty();
      if (untold || answer.statusCode() == 405) {
        answer = ask("GET", image.manifest(), authorization);
      }
      if (answer.statusCode() != 200) {
        throw refused(answer.statusCode());
      }
      var digest = told(answer);
      return digest.isPresent() ? digest.get() : "sha256:" + sha256(answer.body());
    }

    private static Optional<String> told(HttpResponse<byte[]> answer) {
      return answer.headers().firstValue("Docker-Content-Digest").filter(ImageTag::isDigest);
    }

    private IOException refused(int status) {
      return new IOException(
          image.host()
              + switch (status) {
                case 401, 403 ->
                    login.isPresent()
                        ? " does not show it with the credentials of"
                            + " spec.services.app.imagePullSecrets"
                        : " does not show it without credentials, and"
                            + " spec.services.app.imagePullSecrets has none for it";
                case 404 -> " has no %s:%s".formatted(image.repository(), image.tag());
                default -> " answers " + status;
              });
    }

    /** The Authorization header that the response's challenge requires. */
    private String authorization(HttpResponse<byte[]> answer)
        throws IOException, InterruptedException {
      var challenges = answer.headers().allValues("WWW-Authenticate");
      var bearer =
          challenges.stream()
              .filter(c -> c.toLowerCase(Locale.ROOT).startsWith("bearer "))
              .findFirst();
      if (bearer.isPresent()) {
        return "Bearer " + token(bearer.get());
      }
      return login.map(RegistryLogin::basic).orElseThrow(() -> refused(401));
    }

    private String token(String challenge) throws IOException, InterruptedException {
      var realm = parameter(challenge, "realm").orElse("");
      var service = parameter(challenge, "service").map(s -> "&service=" + encoded(s)).orElse("");
      var scope = "scope=" + encoded("repository:%s:pull".formatted(image.repository()));
      var answer =
          ask(
              "GET",
              URI.create(realm + (realm.contains("?") ? "&" : "?") + scope + service),
              login.map(RegistryLogin::basic));
      if (answer.statusCode() != 200) {
        throw refused(answer.statusCode());
      }
      var said = json(answer);
      return said.path("token").asText(said.path("access_token").asText());
    }

    private JsonNode json(HttpResponse<byte[]> answer) throws IOException {
      try {
        return JSON.readTree(answer.body());
      } catch (IOException e) {
        // The exception would quote the response, which may contain a token.
        throw new IOException(image.host() + NO_REGISTRY, e);
      }
    }

    private static Optional<String> parameter(String challenge, String name) {
      return PARAMETER
          .matcher(challenge)
          .results()
          .filter(found -> found.group(1).equalsIgnoreCase(name))
          .map(found -> found.group(2))
          .findFirst();
    }

    private static String encoded(String text) {
      return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Follows redirects; credentials are sent only to the host that they are for. */
    private HttpResponse<byte[]> ask(String method, URI first, Optional<String> authorization)
        throws IOException, InterruptedException {
      var uri = first;
      for (int hop = 0; ; hop++) {
        checkProtected(uri);
        var request =
            HttpRequest.newBuilder(uri)
                .method(method, BodyPublishers.noBody())
                .header("Accept", uri.equals(image.manifest()) || hop > 0 ? MANIFESTS : "*/*");
        if (uri.getAuthority().equals(first.getAuthority())) {
          authorization.ifPresent(value -> request.header("Authorization", value));
        }
        var answer = answer(request.build());
        var location = answer.headers().firstValue("Location");
        if (answer.statusCode() / 100 != 3 || location.isEmpty() || hop == REDIRECTS) {
          return answer;
        }
        uri = uri.resolve(location.get());
      }
    }

    private void checkProtected(URI uri) throws IOException {
      if (uri.getAuthority() == null || !"https".equals(uri.getScheme())) {
        throw new IOException(image.host() + " redirects to an address that is not HTTPS");
      }
    }

    private HttpResponse<byte[]> answer(HttpRequest request)
        throws IOException, InterruptedException {
      try {
        return http.send(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST));
      } catch (ConnectException e) {
        throw new Unreachable(
            image.host()
                + (hasNoAddress(e)
                    ? " is a name that the operator cannot resolve"
                    : " cannot be reached from the operator"),
            e);
      } catch (SSLException e) {
        throw new Unreachable(
            image.host() + " cannot be reached over HTTPS, or its certificate is not trusted", e);
      } catch (IOException e) {
        throw new IOException(image.host() + NO_REGISTRY, e);
      }
    }

    private static boolean hasNoAddress(Throwable failure) {
      return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
          .anyMatch(UnresolvedAddressException.class::isInstance);
    }

    private static String sha256(byte[] bytes) {
      try {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }
}

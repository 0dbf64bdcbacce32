package ru.scoliologic.staging.cluster.kube;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.Optional;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

/**
 * Describes the application's response to a health check as text.
 *
 * @param check the request
 * @param masking masks secret values in the response
 */
public record HealthAnswer(HealthCheck check, SecretMasker masking) {
  private static final int MAX_BODY = 200;
  private static final int NOT_FOUND = 404;

  /**
   * Describes what is wrong with a response; empty when it is healthy.
   *
   * @param location target of the redirect, or empty
   * @param body of which the beginning is quoted
   */
  public Optional<String> problem(int status, String location, String body) {
    if (check.accepts(status)) {
      return Optional.empty();
    }
    var needed = String.join(" or ", check.statuses().stream().map(String::valueOf).toList());
    if (isRedirect(status)) {
      return Optional.of(
          "found status %d, a redirect to '%s', needed %s: a redirect counts as healthy only where spec.services.app.health.status lists its code"
              .formatted(status, start(location), needed));
    }
    var said = start(body);
    return Optional.of(
        "found status %d, needed %s%s%s"
            .formatted(
                status,
                needed,
                said.isEmpty() ? "" : "; its body begins: " + said,
                status == NOT_FOUND
                    ? "; is it the application's own path, and if not, what does"
                        + " spec.services.app.health.path have to be?"
                    : ""));
  }

  private static boolean isRedirect(int status) {
    return status >= 300 && status < 400;
  }

  /** Describes why there is no response. */
  public String problem(IOException e) {
    return switch (e) {
      case SocketTimeoutException slow -> "found no answer in time";
      case ConnectException refused -> refused();
      default ->
          "found no answer by HTTP (%s): does something else than plain HTTP listen at port %d?"
              .formatted(
                  e.getMessage() == null
                      ? e.getClass().getSimpleName()
                      : masking.mask(e.getMessage()),
                  check.port());
    };
  }

  /** For a container that runs. */
  String refused() {
    return "found port %d refusing connections: nothing listens there yet, or only on 127.0.0.1 where it has to listen on 0.0.0.0, or at another port than %s"
        .formatted(
            check.port(),
            check.port() == check.served()
                ? "spec.services.app.port"
                : "spec.services.app.health.port");
  }

  /** Masked before it is cut, because a part of a value would not be recognized. */
  private String start(String text) {
    var line = masking.mask(text).replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
    return line.length() <= MAX_BODY ? line : line.substring(0, MAX_BODY) + "…";
  }
}

package ru.scoliologic.staging.ingress;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.StagingEnvironment;

/** The middleware that adds headers to the responses of the application's domain. */
record ResponseHeaders(SortedMap<String, String> headers) {
  /** Its name among the middlewares of Traefik's files. */
  static final String MIDDLEWARE = "app-headers";

  static final String FILE = "headers.yaml";

  /** Empty when the spec adds none. */
  static Optional<ResponseHeaders> of(StagingEnvironment environment) {
    return Optional.ofNullable(environment.getSpec().ingress().headers())
        .map(spec -> new ResponseHeaders(spec.effective()))
        .filter(found -> !found.headers().isEmpty());
  }

  /** The file for Traefik. */
  String file() {
    return headers.entrySet().stream()
        .map(ResponseHeaders::line)
        .collect(
            Collectors.joining(
                "",
                """
                http:
                  middlewares:
                    %s:
                      headers:
                        customResponseHeaders:
                """
                    .formatted(MIDDLEWARE),
                ""));
  }

  private static String line(Map.Entry<String, String> header) {
    var value = String.valueOf(JsonStringEncoder.getInstance().quoteAsString(header.getValue()));
    // Traefik reads its files as templates: a brace must not begin an action.
    return "          %s: \"%s\"\n".formatted(header.getKey(), value.replace("{", "\\x7b"));
  }
}

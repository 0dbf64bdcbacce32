package ru.scoliologic.staging.ingress;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;

/**
 * Traefik's files that control access to the application's domain. The Ingress names the middleware
 * {@code app-access}: while Traefik does not know it yet, it serves nothing.
 */
final class AccessFiles {
  /** The middleware that the application's Ingress names. */
  static final String MIDDLEWARE = "app-access@file";

  static final String RULES = "access.yaml";
  static final String CHECK = "check.yaml";

  /** Marks the operator's own requests; Traefik removes it before the application sees it. */
  static final String CHECK_HEADER = "X-Staging-Check";

  /**
   * An encoded slash or a backslash, after which an application may read {@code ..} as a way out of
   * an open path, and a semicolon, with which it may read {@code ..;} as one; escaped for YAML.
   */
  private static final String DISGUISE = "[%;\\\\x5c]";

  private static final String NO_INDEX = "app-no-index";

  /** Priority of a router that precedes those of the Ingresses. */
  static final int ABOVE_THE_INGRESS = 1_000_000;

  private final AccessSpec access;
  private final List<String> headers;
  private final String host;
  private final String service;

  AccessFiles(StagingEnvironment environment, AccessSpec access) {
    this.access = access;
    this.headers =
        ResponseHeaders.of(environment).stream().map(any -> ResponseHeaders.MIDDLEWARE).toList();
    this.host = environment.getSpec().domains().app();
    // Traefik's name for the backend of the Ingress: namespace, Service and port.
    this.service =
        "%s-%s-http@kubernetes"
            .formatted(environment.getMetadata().getNamespace(), Names.of(environment).app());
  }

  /** Middlewares and open paths; nothing secret. */
  String rules() {
    var text = new StringBuilder("http:\n");
    if (!access.openPaths().isEmpty()) {
      text.append("  routers:\n");
      text.append(router("app-open", openRule(), ABOVE_THE_INGRESS, ofAnswers()));
    }
    text.append("  middlewares:\n");
    text.append(middleware("app-access", "chain:", "  middlewares: " + chain()));
    if (access.noIndex()) {
      text.append(
          middleware(
              NO_INDEX,
              "headers:",
              "  customResponseHeaders:",
              "    X-Robots-Tag: \"noindex, nofollow\""));
    }
    if (!access.allowFrom().isEmpty()) {
      var networks = access.allowFrom().stream().map(n -> '"' + n + '"').toList();
      text.append(middleware("app-addresses", "ipAllowList:", "  sourceRange: " + networks));
    }
    if (access.basicAuth() != null) {
      text.append(
          middleware(
              "app-password",
              "basicAuth:",
              "  usersFile: /etc/traefik/users/app",
              "  removeHeader: true"));
    }
    text.append(
        middleware(
            "app-check-header",
            "headers:",
            "  customRequestHeaders:",
            "    %s: \"\"".formatted(CHECK_HEADER)));
    return text.toString();
  }

  /** The router of the operator's own requests: it holds the token. */
  String check(String token) {
    return "http:\n  routers:\n"
        + router(
            "app-check",
            "Host(`%s`) && Header(`%s`, `%s`)".formatted(host, CHECK_HEADER, token),
            ABOVE_THE_INGRESS + 1,
            ofAnswers());
  }

  private String openRule() {
    return "Host(`%s`) && (%s) && !PathRegexp(`%s`)"
        .formatted(
            host,
            access.openPaths().stream()
                .map(path -> path.endsWith("/") ? path.substring(0, path.length() - 1) : path)
                .distinct()
                .map(path -> "Path(`%s`) || PathPrefix(`%s/`)".formatted(path, path))
                .collect(Collectors.joining(" || ")),
            DISGUISE);
  }

  private List<String> chain() {
    return Stream.of(
            ofAnswers().stream(),
            access.allowFrom().isEmpty() ? Stream.<String>empty() : Stream.of("app-addresses"),
            access.basicAuth() == null ? Stream.<String>empty() : Stream.of("app-password"),
            // Removes the mark of other clients' requests; and no chain is empty.
            Stream.of("app-check-header"))
        .flatMap(name -> name)
        .toList();
  }

  /** The middlewares that every response passes last, a refusal too. */
  private List<String> ofAnswers() {
    return access.noIndex()
        ? Stream.concat(headers.stream(), Stream.of(NO_INDEX)).toList()
        : headers;
  }

  private String router(String name, String rule, int priority, List<String> middlewares) {
    var all = Stream.concat(middlewares.stream(), Stream.of("app-check-header")).toList();
    return String.join(
        "\n",
        "    " + name + ":",
        "      rule: \"" + rule + "\"",
        "      entryPoints: [websecure]",
        "      priority: " + priority,
        "      service: " + service,
        "      middlewares: " + all,
        "      tls: {}",
        "");
  }

  private static String middleware(String name, String... lines) {
    return Stream.concat(Stream.of("    " + name + ":"), Stream.of(lines).map(l -> "      " + l))
        .collect(Collectors.joining("\n", "", "\n"));
  }
}

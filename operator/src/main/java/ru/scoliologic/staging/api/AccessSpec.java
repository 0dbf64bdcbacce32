package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** Access to the application's domain; where both are given, both must be met. */
@ValidationRule(
    value = "!has(self.openPaths) || has(self.allowFrom) || has(self.basicAuth)",
    message = AccessSpec.OPEN_MESSAGE)
public record AccessSpec(
    @Size(max = 100)
        @ValidationRule(
            value = "self.all(a, a.matches('" + AccessSpec.NETWORK_PATTERN + "'))",
            message = AccessSpec.NETWORK_MESSAGE)
        @JsonPropertyDescription(
            "Networks in CIDR notation, or single addresses, that may send requests."
                + " Requests from other addresses get 403. All addresses are allowed when absent.")
        List<@Size(max = 49) String> allowFrom,
    @JsonPropertyDescription("HTTP basic authentication: requests need a user name and a password.")
        BasicAuth basicAuth,
    @Size(max = 50)
        @ValidationRule(
            value = "self.all(p, p.matches('" + AccessSpec.PATH_PATTERN + "'))",
            message = AccessSpec.PATH_MESSAGE)
        @JsonPropertyDescription(
            "Paths that neither allowFrom nor basicAuth restricts, each with everything"
                + " below it. For example callbacks, webhooks, and the health path for an"
                + " external monitor.")
        List<@Size(max = 200) String> openPaths,
    @Default(AccessSpec.DEFAULT_NO_INDEX)
        @JsonPropertyDescription(
            "Whether responses carry the header X-Robots-Tag: noindex, nofollow, which"
                + " keeps them out of search engines.")
        Boolean noIndex) {

  /** An IPv4 or IPv6 address, with or without the length of a prefix. */
  public static final String NETWORK_PATTERN =
      "^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])([.](25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}"
          + "(/(3[0-2]|[12]?[0-9]))?"
          + "|[0-9a-fA-F]*:[0-9a-fA-F:.]+(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$";

  public static final String NETWORK_MESSAGE =
      "holds what is no network: give ones like 203.0.113.0/24, 198.51.100.7 or 2001:db8::/32";

  /** No backtick and no dot segment: paths become rules of the router. */
  static final String PATH_PATTERN = "^(/[A-Za-z0-9_~.-]*[A-Za-z0-9_~-])+/?$";

  static final String PATH_MESSAGE =
      "holds what is no path below '/': give ones like /api/health or /.well-known; '/' would open"
          + " everything";
  public static final String OPEN_MESSAGE =
      "openPaths goes with allowFrom or basicAuth: without them every path is open";
  static final String DEFAULT_NO_INDEX = "true";

  public AccessSpec {
    allowFrom = allowFrom == null ? List.of() : List.copyOf(allowFrom);
    openPaths = openPaths == null ? List.of() : List.copyOf(openPaths);
    noIndex = noIndex == null ? Boolean.parseBoolean(DEFAULT_NO_INDEX) : noIndex;
  }

  /** Whether some requests are refused. */
  @JsonIgnore
  public boolean closed() {
    return basicAuth != null || !allowFrom.isEmpty();
  }

  /** Users of the application's domain. */
  public record BasicAuth(
      @Required
          @JsonPropertyDescription(
              "Key of a Secret with one user:hash per line, in the format of"
                  + " spec.ingress.dashboardAuth.")
          KeyRef secretKeyRef) {}
}

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Headers that the ingress adds to every response from the application's domain. */
public record HeadersSpec(
    @JsonPropertyDescription(
            "Predefined set of headers. Strict: Strict-Transport-Security for a year,"
                + " X-Frame-Options: DENY, X-Content-Type-Options: nosniff and Referrer-Policy:"
                + " strict-origin-when-cross-origin.")
        Preset preset,
    @Size(max = 20)
        @ValidationRule(
            value = "self.all(h, self.exists_one(o, o.name.lowerAscii() == h.name.lowerAscii()))",
            message = HeadersSpec.TWICE_MESSAGE)
        @JsonPropertyDescription(
            "Headers by name. They override the preset and the headers of the"
                + " application's response.")
        List<Header> set) {

  /** Limits framing, content sniffing and the referrer. */
  private static final Map<String, String> STRICT =
      Map.of(
          "Strict-Transport-Security", "max-age=31536000",
          "X-Frame-Options", "DENY",
          "X-Content-Type-Options", "nosniff",
          "Referrer-Policy", "strict-origin-when-cross-origin");

  static final String TWICE_MESSAGE =
      "a header is listed twice: every name may stand once, in capital letters or not";

  /** No line break and nothing else that could end a header. */
  static final String VALUE_PATTERN = "^[ -~]*$";

  static final String VALUE_MESSAGE =
      "is not the value of a header: give printable ASCII characters on one line";

  public static final String NAME_PATTERN = "^[A-Za-z][A-Za-z0-9-]*$";

  public static final String NAME_MESSAGE =
      "is not the name of a header: give letters, digits and hyphens, for example X-Frame-Options";

  /** Headers of the connection, the body, the session or authentication. */
  static final String RESERVED_PATTERN =
      "^(connection|content-encoding|content-length|content-range|content-type|date|keep-alive"
          + "|location|proxy-[a-z-]*|set-cookie|trailer|transfer-encoding|upgrade"
          + "|www-authenticate)$";

  static final String RESERVED_MESSAGE =
      "cannot be set here: it belongs to the connection, the body, the session or the sign-in of"
          + " each answer";

  public HeadersSpec {
    set = set == null ? List.of() : List.copyOf(set);
  }

  /** All headers with their values; an empty value removes the header. */
  @JsonIgnore
  public SortedMap<String, String> effective() {
    var all = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    if (preset == Preset.Strict) {
      all.putAll(STRICT);
    }
    for (var header : set) {
      all.remove(header.name());
      all.put(header.name(), header.value());
    }
    return all;
  }

  /** A predefined set of headers. */
  public enum Preset {
    Strict
  }

  public record Header(
      @Required
          @Size(min = 1, max = 64)
          @ValidationRule(
              value = "self.matches('" + HeadersSpec.NAME_PATTERN + "')",
              message = HeadersSpec.NAME_MESSAGE)
          @ValidationRule(
              value = "!self.lowerAscii().matches('" + HeadersSpec.RESERVED_PATTERN + "')",
              message = HeadersSpec.RESERVED_MESSAGE)
          @JsonPropertyDescription("Name of the header.")
          String name,
      @Size(max = 2000)
          @ValidationRule(
              value = "self.matches('" + HeadersSpec.VALUE_PATTERN + "')",
              message = HeadersSpec.VALUE_MESSAGE)
          @JsonPropertyDescription(
              "Value of the header. If absent, the header is removed from every response.")
          String value) {
    public Header {
      value = value == null ? "" : value;
    }
  }
}

package ru.scoliologic.staging.configuration;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Composes {@code $(NAME)}, {@code $(NAME:url)} and {@code $(NAME:json)}. An inserted value is
 * never expanded again, so a password may hold any character.
 */
final class Composition {
  private static final Pattern REFERENCE =
      Pattern.compile("\\$\\$|\\$\\(([A-Za-z_][A-Za-z0-9_]*)(:url|:json)?\\)");

  private Composition() {}

  /** The text with all references replaced; one without a value stays as it is. */
  static String compose(String template, Map<String, String> values) {
    return REFERENCE
        .matcher(template)
        .replaceAll(match -> {
          if (match.group(1) == null) {
            return Matcher.quoteReplacement("$");
          }
          var value = values.get(match.group(1));
          if (value == null) {
            return Matcher.quoteReplacement(match.group());
          }
          return Matcher.quoteReplacement(
              switch (match.group(2)) {
                case null -> value;
                case ":url" -> encoded(value);
                default -> escaped(value);
              });
        });
  }

  static Set<String> names(String template) {
    var names = new TreeSet<String>();
    REFERENCE
        .matcher(template)
        .results()
        .filter(match -> match.group(1) != null)
        .forEach(match -> names.add(match.group(1)));
    return names;
  }

  /**
   * The message for a name without a value.
   *
   * @param field that refers to it
   * @param known names that have a value there
   */
  static String unknown(String name, String field, Set<String> known) {
    return "$(%s) in %s is not a known name: list it in spec.secrets.keys, or use one of %s"
        .formatted(name, field, String.join(", ", new TreeSet<>(known)));
  }

  /** Escapes a text for a JSON string. */
  private static String escaped(String value) {
    return new String(JsonStringEncoder.getInstance().quoteAsString(value));
  }

  private static String encoded(String value) {
    // A form encodes a space as '+', a URL as %20.
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}

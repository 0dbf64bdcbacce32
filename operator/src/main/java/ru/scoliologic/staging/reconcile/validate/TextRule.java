package ru.scoliologic.staging.reconcile.validate;

import com.google.re2j.Pattern;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Optional;

/**
 * A rule of the schema about one text, read from its CEL expression. Patterns are RE2's and found
 * anywhere in the text, as by the API server.
 *
 * @param forbids whether the pattern must not be found
 */
record TextRule(Pattern pattern, boolean forbids, String message) {
  private static final java.util.regex.Pattern CEL =
      java.util.regex.Pattern.compile(
          "(?:self\\.all\\(\\w+, )?(?<not>!?)\\w+(?<lower>\\.lowerAscii\\(\\))?"
              + "\\.(?<function>matches|startsWith)"
              + "\\((?:r'(?<raw>[^']*)'|'(?<plain>[^'\\\\]*)')\\)\\)?");

  /** Empty for a rule of another form, which {@link CrossFieldRules} has as code. */
  static Optional<TextRule> of(ValidationRule rule) {
    var cel = CEL.matcher(rule.value());
    if (!cel.matches()) {
      return Optional.empty();
    }
    var literal = cel.group("raw") == null ? cel.group("plain") : cel.group("raw");
    var pattern = cel.group("function").equals("matches") ? literal : "^" + Pattern.quote(literal);
    int flags = cel.group("lower") == null ? 0 : Pattern.CASE_INSENSITIVE;
    return Optional.of(
        new TextRule(Pattern.compile(pattern, flags), !cel.group("not").isEmpty(), rule.message()));
  }

  boolean allows(String text) {
    return pattern.matcher(text).find() != forbids;
  }

  /** Quotes the text, unless it holds a password or a line break. */
  String problem(String path, String text) {
    boolean quoted = !message.startsWith("holds credentials") && !text.contains("\n");
    return quoted ? "%s: '%s' %s".formatted(path, text, message) : path + " " + message;
  }
}

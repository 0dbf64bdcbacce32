package ru.scoliologic.staging.configuration;

import java.util.regex.Pattern;

/** Values that a template left for a user to fill in. */
final class Placeholders {
  private static final Pattern PLACEHOLDER =
      Pattern.compile(
          "(change[-_ ]?me.*|your[-_ ].*|replace[-_ ]?me.*|<.*>|x{3,}|placeholder|todo|secret|password)",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** Narrower: a word such as "password" may be meant. */
  private static final Pattern TEMPLATE =
      Pattern.compile(
          "((change|replace)[-_ ]?me([^a-z].*)?|your[-_]\\S+)",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private static final Pattern SCHEME =
      Pattern.compile("^(bearer|basic|token)\\s+", Pattern.CASE_INSENSITIVE);

  private Placeholders() {}

  /** For a value that is listed as a secret. */
  static boolean isPlaceholder(String value) {
    return PLACEHOLDER.matcher(value.strip()).matches();
  }

  /** For a value that may be anything, not only a secret. */
  static boolean isTemplate(String value) {
    return TEMPLATE.matcher(value.strip()).matches();
  }

  /** For an HTTP header, after the scheme of an Authorization. */
  static boolean isHeaderPlaceholder(String value) {
    return isPlaceholder(SCHEME.matcher(value.strip()).replaceFirst(""));
  }
}

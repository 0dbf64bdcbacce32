package ru.scoliologic.staging.configuration;

import java.util.regex.Pattern;

/** Values that a template left for somebody to fill in. */
final class Placeholders {
  private static final Pattern PLACEHOLDER =
      Pattern.compile(
          "(change[-_ ]?me.*|your[-_ ].*|replace[-_ ]?me.*|<.*>|x{3,}|placeholder|todo|secret|password)",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private Placeholders() {}

  static boolean isPlaceholder(String value) {
    return PLACEHOLDER.matcher(value.strip()).matches();
  }
}

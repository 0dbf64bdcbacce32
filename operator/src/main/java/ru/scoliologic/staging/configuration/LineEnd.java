package ru.scoliologic.staging.configuration;

/**
 * A line end after a value of one line: {@code echo} leaves it there, and it counts as a part of
 * the value. A text of several lines, such as a certificate, may end with one.
 */
final class LineEnd {
  /** Follows the name of a value. */
  static final String FAULT =
      "ends with a line end, which is a part of the value: make the Secret without it (echo -n, or"
          + " kubectl create secret --from-literal)";

  private LineEnd() {}

  static boolean endsWithOne(String value) {
    return value.endsWith("\n") && without(value).indexOf('\n') < 0;
  }

  /** The value without trailing line ends. */
  static String without(String value) {
    return value.replaceFirst("[\r\n]+$", "");
  }
}

package ru.scoliologic.staging.agent.docker;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * The rules of a {@code .dockerignore}: paths from the top of the build context, {@code *} and
 * {@code ?} within one name, {@code **} across names, {@code !} for exceptions; the last rule that
 * matches a path or a folder above it decides.
 */
final class DockerIgnore {
  private record Rule(Pattern pattern, boolean exception) {}

  private final List<Rule> rules;

  private DockerIgnore(List<Rule> rules) {
    this.rules = rules;
  }

  /**
   * Parses the rules.
   *
   * @throws IllegalArgumentException when a line is no valid pattern; names the line
   */
  static DockerIgnore of(String text) {
    return new DockerIgnore(text.lines().map(DockerIgnore::rule).filter(Objects::nonNull).toList());
  }

  /**
   * Whether a file or folder is excluded from the context.
   *
   * @param path from the top of the context, with {@code /} between names
   */
  boolean excludes(String path) {
    for (int i = rules.size() - 1; i >= 0; i--) {
      if (rules.get(i).pattern().matches(path)) {
        return !rules.get(i).exception();
      }
    }
    return false;
  }

  /** Whether a path in an excluded folder may be included. */
  boolean hasExceptions() {
    return rules.stream().anyMatch(Rule::exception);
  }

  private static Rule rule(String line) {
    var text = line.startsWith("\uFEFF") ? line.substring(1) : line;
    if (text.startsWith("#") || text.isBlank()) {
      return null;
    }
    var given = text.strip();
    boolean exception = given.startsWith("!");
    var path = Path.of("/", exception ? given.substring(1).strip() : given).normalize().toString();
    if (path.equals("/")) {
      return null;
    }
    try {
      // A match includes all paths below.
      return new Rule(Pattern.compile(expression(path.substring(1)) + "(/.*)?"), exception);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("'" + given + "' in .dockerignore is not a pattern", e);
    }
  }

  private static String expression(String pattern) {
    var expression = new StringBuilder("(?s)");
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (pattern.startsWith("**", i)) {
        i += pattern.startsWith("**/", i) ? 2 : 1;
        expression.append(i + 1 == pattern.length() ? ".*" : "(.*/)?");
      } else if (c == '*') {
        expression.append("[^/]*");
      } else if (c == '?') {
        expression.append("[^/]");
      } else if (c == '[' && pattern.indexOf(']', i) > 0) {
        int end = pattern.indexOf(']', i);
        expression.append(pattern, i, end + 1);
        i = end;
      } else if (c == '\\' && i + 1 < pattern.length()) {
        expression.append(Pattern.quote(String.valueOf(pattern.charAt(++i))));
      } else if (c == '[') {
        throw new PatternSyntaxException("missing ]", pattern);
      } else {
        expression.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return expression.toString();
  }
}

package ru.scoliologic.staging;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The expressions of dashboards and alerts, and the metrics that they name. */
public final class PromQl {
  public static final Path MONITORING = Path.of("../manifests/monitoring");
  private static final Set<String> WORDS =
      Set.of("and", "or", "unless", "bool", "offset", "group_left", "group_right", "inf", "nan");

  /** What holds no metric: texts, matchers, ranges, lists of labels. */
  private static final Pattern ASIDE =
      Pattern.compile("\"[^\"]*\"|\\{[^}]*}|\\[[^]]*]|\\b(by|without|on|ignoring)\\s*\\([^)]*\\)");

  private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*(?!\\w)(?!\\s*\\()");

  private PromQl() {}

  /** The metrics of one expression. */
  public static Set<String> metrics(String expression) {
    // Texts first: a matcher's value may hold brackets.
    var plain = expression.replaceAll("\"[^\"]*\"", "");
    plain = ASIDE.matcher(plain).replaceAll(" ");
    return NAME.matcher(plain)
        .results()
        .map(match -> match.group())
        .filter(name -> !WORDS.contains(name))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Every expression of a dashboard or of a file of alerts. */
  public static List<String> expressions(String document) {
    try {
      JsonNode tree = new ObjectMapper(new YAMLFactory()).readTree(document);
      var found = tree.findValuesAsText("expr");
      if (found.isEmpty()) {
        throw new IllegalArgumentException("no expression in " + document);
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The expressions of the operator's own dashboard and alerts. */
  public static List<String> ofTheOperator() {
    try {
      return java.util.stream.Stream.concat(
              expressions(Files.readString(MONITORING.resolve("staging-operator.json"))).stream(),
              expressions(Files.readString(MONITORING.resolve("alerts.yaml"))).stream())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The names of the series in an answer of a metrics end point. */
  public static Set<String> told(String metrics) {
    return metrics
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .map(line -> line.replaceFirst("[{ ].*", ""))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}

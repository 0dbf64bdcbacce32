package ru.scoliologic.staging.validation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Detects a health answer of status 200 that reports trouble nevertheless. Frameworks have many
 * words for healthy, so the words for trouble are matched.
 */
final class HealthWords {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Fields of a JSON answer that hold the overall status. */
  private static final List<String> SUMMARIES =
      List.of("status", "state", "health", "healthy", "ok", "success", "ready", "alive");

  private static final Set<String> TROUBLE =
      Set.of(
          "broken",
          "crashed",
          "critical",
          "dead",
          "degraded",
          "down",
          "error",
          "errors",
          "fail",
          "failed",
          "failing",
          "fails",
          "failure",
          "failures",
          "fatal",
          "impaired",
          "maintenance",
          "offline",
          "outage",
          "outofservice",
          "stopped",
          "unavailable",
          "unhealthy",
          "unready",
          "unreachable",
          "warn",
          "warning");

  private static final Set<String> WELL =
      Set.of("alive", "available", "healthy", "ok", "okay", "online", "ready", "running", "up");

  private static final Set<String> NOT =
      Set.of("0", "never", "no", "non", "not", "without", "zero");

  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

  /** A longer text is a page, not a status. */
  private static final int LONGEST = 200;

  private HealthWords() {}

  /** The trouble that it reports, if any. */
  static Optional<String> trouble(String body) {
    JsonNode tree;
    try {
      tree = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return ofText(body);
    }
    if (tree == null || !tree.isObject()) {
      return tree == null || tree.isMissingNode() || tree.isArray()
          ? Optional.empty()
          : ofValue(tree);
    }
    return SUMMARIES.stream()
        .map(tree::path)
        .filter(JsonNode::isValueNode)
        .flatMap(value -> ofValue(value).stream())
        .findFirst();
  }

  private static Optional<String> ofValue(JsonNode value) {
    boolean refused = value.isBoolean() && !value.asBoolean();
    boolean code = value.isInt() && value.asInt() >= 400 && value.asInt() < 600;
    if (refused || code) {
      return Optional.of(value.asText());
    }
    return value.isTextual() ? ofText(value.asText()) : Optional.empty();
  }

  private static Optional<String> ofText(String text) {
    var said = text.strip();
    if (said.length() > LONGEST || said.startsWith("<")) {
      return Optional.empty();
    }
    var words = words(said);
    for (int i = 0; i < words.size(); i++) {
      boolean denied = i > 0 && NOT.contains(words.get(i - 1));
      if ((TROUBLE.contains(words.get(i)) && !denied) || (WELL.contains(words.get(i)) && denied)) {
        return Optional.of(said);
      }
    }
    return Optional.empty();
  }

  /** In lower case; NotReady and not_ready are two words, OUT_OF_SERVICE is one. */
  private static List<String> words(String text) {
    var spaced = text.replaceAll("(?<=\\p{Ll})(?=\\p{Lu})", " ").toLowerCase(Locale.ROOT);
    var joined = spaced.replaceAll("out[^a-z]of[^a-z](service|order)", "outofservice");
    return WORD.matcher(joined).results().map(MatchResult::group).toList();
  }
}

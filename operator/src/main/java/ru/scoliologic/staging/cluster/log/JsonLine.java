package ru.scoliologic.staging.cluster.log;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A line of a log that is a JSON object, as pino, bunyan, zap, structlog, Serilog and Logback's
 * encoders write it.
 *
 * @param level as a word; empty where the line has none
 * @param text its message, followed by the error that it contains
 */
record JsonLine(String level, String text) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> LEVELS = List.of("level", "@l", "severity", "log.level", "lvl");
  private static final List<String> MESSAGES =
      List.of("msg", "message", "event", "@m", "@mt", "text");
  private static final List<String> ERRORS =
      List.of("err", "error", "exception", "exc_info", "stack_trace", "@x", "stack");

  /** Longer lines are not parsed as JSON: their beginning suffices. */
  private static final int LONGEST = 1 << 16;

  /** Numbers of pino and bunyan. */
  private static final int WARN = 40;

  private static final int ERROR = 50;
  private static final int FATAL = 60;

  /** Empty when the line is no JSON object. */
  static Optional<JsonLine> of(String line) {
    if (!line.startsWith("{") || !line.endsWith("}") || line.length() > LONGEST) {
      return Optional.empty();
    }
    try {
      var json = JSON.readTree(line);
      return Optional.of(new JsonLine(level(first(json, LEVELS)), text(json)));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static JsonNode first(JsonNode json, List<String> names) {
    return names.stream()
        .map(json::path)
        .filter(node -> !node.isMissingNode() && !node.isNull())
        .findFirst()
        .orElseGet(JSON::nullNode);
  }

  private static String level(JsonNode level) {
    if (!level.isNumber()) {
      return level.asText("").toUpperCase(Locale.ROOT);
    }
    int number = level.asInt();
    return number >= FATAL ? "FATAL" : number >= ERROR ? "ERROR" : number >= WARN ? "WARN" : "INFO";
  }

  private static String text(JsonNode json) {
    var parts = new ArrayList<String>();
    add(parts, first(json, MESSAGES).asText("").strip());
    for (var name : ERRORS) {
      add(parts, error(json.path(name)));
    }
    return String.join(": ", parts);
  }

  private static void add(List<String> parts, String part) {
    if (!part.isBlank() && parts.stream().noneMatch(said -> said.contains(part))) {
      parts.add(part);
    }
  }

  /** The line of a stack trace that names the error. */
  private static String error(JsonNode error) {
    var text = error.isObject() ? error.path("message").asText("") : error.asText("");
    return text.contains("\n")
        ? FailureLine.in(text).map(FailureLine::text).orElse(text.lines().findFirst().orElse(""))
        : text.strip();
  }
}

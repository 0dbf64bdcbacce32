package ru.scoliologic.staging.throwaway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/** The audit log as it stood when it was asked for. */
public final class AuditLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<AuditEvent> events;

  private AuditLog(List<AuditEvent> events) {
    this.events = events;
  }

  static AuditLog parse(String lines) {
    return new AuditLog(
        lines.lines().filter(line -> line.endsWith("}")).flatMap(AuditLog::event).toList());
  }

  public Stream<AuditEvent> events() {
    return events.stream();
  }

  /** What the ServiceAccount asked. */
  public Stream<AuditEvent> by(String namespace, String serviceAccount) {
    return events().filter(event -> event.isBy(namespace, serviceAccount));
  }

  /** What the ServiceAccount asked from that moment on; the node's clock is this machine's. */
  public Stream<AuditEvent> by(String namespace, String serviceAccount, Instant since) {
    return by(namespace, serviceAccount).filter(event -> !event.time().isBefore(since));
  }

  private static Stream<AuditEvent> event(String line) {
    JsonNode node;
    try {
      node = JSON.readTree(line);
    } catch (IOException e) {
      throw new ClusterException("the audit log holds a line that is not JSON", e);
    }
    if (!node.path("stage").asText().equals("ResponseComplete")) {
      return Stream.empty();
    }
    JsonNode object = node.path("objectRef");
    String subresource = object.path("subresource").asText();
    return Stream.of(
        new AuditEvent(
            node.path("verb").asText(),
            node.at("/impersonatedUser/username").asText(node.at("/user/username").asText()),
            object.path("apiGroup").asText(),
            object.path("resource").asText() + (subresource.isEmpty() ? "" : "/" + subresource),
            object.path("namespace").asText(),
            object.path("name").asText(),
            node.at("/responseStatus/code").asInt(),
            node.path("requestURI").asText().contains("dryRun=All"),
            Instant.parse(node.path("requestReceivedTimestamp").asText()),
            Instant.parse(node.path("stageTimestamp").asText())));
  }
}

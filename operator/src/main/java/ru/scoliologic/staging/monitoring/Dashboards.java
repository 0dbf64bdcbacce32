package ru.scoliologic.staging.monitoring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The dashboards that come with the operator, as Grafana reads them. */
final class Dashboards {
  /** The data source that every panel names. */
  static final String DATA_SOURCE = "staging-prometheus";

  private static final Map<String, String> FILES =
      read(List.of("delivery.json", "ingress.json", "targets.json"));

  private Dashboards() {}

  /** File names and their JSON. */
  static Map<String, String> files() {
    return FILES;
  }

  private static Map<String, String> read(List<String> names) {
    var files = new TreeMap<String, String>();
    for (var name : names) {
      try (var input = Dashboards.class.getResourceAsStream("dashboards/" + name)) {
        files.put(name, new String(input.readAllBytes(), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return java.util.Collections.unmodifiableMap(files);
  }
}

package ru.scoliologic.staging.configuration;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Where each value came from. */
final class Origins {
  /** Names listed for one origin; the others are counted. */
  private static final int TOLD = 10;

  private final Map<String, List<String>> names = new LinkedHashMap<>();

  void add(String origin, String name) {
    names.computeIfAbsent(origin, o -> new ArrayList<>()).add(name);
  }

  /** For example {@code 2 from Secret given: A, B; 1 generated: C}; empty when there is none. */
  String text() {
    return names.entrySet().stream()
        .map(e -> "%d %s: %s".formatted(e.getValue().size(), e.getKey(), told(e.getValue())))
        .collect(Collectors.joining("; "));
  }

  private static String told(List<String> all) {
    return all.size() <= TOLD
        ? String.join(", ", all)
        : "%s and %d more".formatted(String.join(", ", all.subList(0, TOLD)), all.size() - TOLD);
  }
}

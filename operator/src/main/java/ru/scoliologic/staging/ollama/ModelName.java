package ru.scoliologic.staging.ollama;

import java.util.Locale;

/**
 * A model's full name, so that different spellings are equal.
 *
 * @param registry host or host:port
 * @param namespace such as library
 * @param model name with its tag
 */
record ModelName(String registry, String namespace, String model) {
  private static final String REGISTRY = "registry.ollama.ai";
  private static final String NAMESPACE = "library";

  /** Parses {@code [registry/][namespace/]model[:tag]}. */
  static ModelName of(String name) {
    var parts = name.toLowerCase(Locale.ROOT).split("/", 3);
    var model = parts[parts.length - 1];
    return new ModelName(
        parts.length == 3 ? parts[0] : REGISTRY,
        parts.length == 1 ? NAMESPACE : parts[parts.length - 2],
        model.contains(":") ? model : model + ":latest");
  }
}

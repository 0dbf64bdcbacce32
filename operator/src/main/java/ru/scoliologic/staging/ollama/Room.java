package ru.scoliologic.staging.ollama;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import ru.scoliologic.staging.ollama.OllamaApi.Layer;
import ru.scoliologic.staging.ollama.OllamaApi.Stored;

/**
 * Size of the models on the volume. A layer that models share, such as variants of one base, is
 * stored once. A server names a model's layers only during the pull, so for models from before only
 * the sum is known.
 */
final class Room {
  /** Sizes in bytes by digest, of every model whose pull was observed to its end. */
  private final Map<ModelName, Map<String, Long>> pulled = new HashMap<>();

  /** Digests of layers whose download was observed: no model from before has them. */
  private final Set<String> arrived = new HashSet<>();

  /** Records all layers of a pulled model. */
  void pulled(ModelName model, Map<String, Layer> layers) {
    pulled.put(
        model,
        layers.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, layer -> layer.getValue().total())));
  }

  /**
   * Minimum bytes of all models together after one more pull.
   *
   * @param present models that the server lists
   * @param layers of the model in the pull, by digest, as far as known
   */
  long needed(Map<ModelName, Stored> present, Map<String, Layer> layers) {
    layers.forEach((digest, layer) -> {
      if (!layer.found()) {
        arrived.add(digest);
      }
    });
    var known = new HashMap<String, Long>();
    present.keySet().stream()
        .filter(pulled::containsKey)
        .forEach(model -> known.putAll(pulled.get(model)));
    // Two names of one model have the same manifest.
    var unknown =
        present.entrySet().stream()
            .filter(model -> !pulled.containsKey(model.getKey()))
            .map(Map.Entry::getValue)
            .collect(Collectors.toMap(Stored::digest, Stored::bytes, Long::max));
    layers.forEach((digest, layer) -> {
      // A layer that was present is most likely part of a model of which only the sum is known.
      if (unknown.isEmpty() || arrived.contains(digest)) {
        known.put(digest, layer.total());
      }
    });
    return sum(known.values()) + sum(unknown.values());
  }

  private static long sum(Collection<Long> bytes) {
    return bytes.stream().mapToLong(Long::longValue).sum();
  }
}

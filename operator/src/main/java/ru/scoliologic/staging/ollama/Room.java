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
 * How much of the volume the models take. Models that share a layer, as variants of one base do,
 * keep it once; a server tells the layers of a model only while it pulls it, so those of a model
 * that was there before are known by their sum alone.
 */
final class Room {
  /** Sizes in bytes by digest, of every model whose pull was seen to its end. */
  private final Map<ModelName, Map<String, Long>> pulled = new HashMap<>();

  /** Digests of layers that were seen to come: no model that was there before has them. */
  private final Set<String> arrived = new HashSet<>();

  /** All layers of a model that has come. */
  void pulled(ModelName model, Map<String, Layer> layers) {
    pulled.put(
        model,
        layers.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, layer -> layer.getValue().total())));
  }

  /**
   * Bytes of all models together when one more is pulled, at least.
   *
   * @param present what the server lists
   * @param layers of the model that is being pulled, by digest, as far as they are known
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
    // Two names of one model have one manifest.
    var unknown =
        present.entrySet().stream()
            .filter(model -> !pulled.containsKey(model.getKey()))
            .map(Map.Entry::getValue)
            .collect(Collectors.toMap(Stored::digest, Stored::bytes, Long::max));
    layers.forEach((digest, layer) -> {
      // One that was there already is most likely a part of a model known by its sum alone.
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

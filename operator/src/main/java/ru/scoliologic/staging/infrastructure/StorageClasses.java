package ru.scoliologic.staging.infrastructure;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Checks that the storage classes of the planned volume claims exist. */
final class StorageClasses {
  private static final String FIELD = "storageClassName";
  private static final ObjectMapper JSON = new ObjectMapper();

  private StorageClasses() {}

  /** All missing storage classes. */
  static Optional<StageResult> problem(Snapshot snapshot, List<HasMetadata> planned) {
    var claimsOfClass = new TreeMap<String, TreeSet<String>>();
    var claimsWithoutClass = new TreeSet<String>();
    planned.stream()
        .filter(PersistentVolumeClaim.class::isInstance)
        .map(PersistentVolumeClaim.class::cast)
        .forEach(claim -> {
          var name = claim.getSpec().getStorageClassName();
          var claims =
              name == null || name.isBlank()
                  ? claimsWithoutClass
                  : claimsOfClass.computeIfAbsent(name, unseen -> new TreeSet<>());
          claims.add(claim.getMetadata().getName());
        });
    var lacking = new ArrayList<String>();
    claimsOfClass.forEach((name, claims) -> {
      if (!snapshot.surroundings().storage().classes().containsKey(name)) {
        lacking.add(
            "%s: storage class %s does not exist"
                .formatted(String.join(", ", fields(snapshot, name, claims)), name));
      }
    });
    if (!claimsWithoutClass.isEmpty()
        && !snapshot.surroundings().storage().classes().containsValue(true)) {
      lacking.add(
          "no storage class is marked as the default, and these volume claims need one, for their %s is not set: %s"
              .formatted(FIELD, String.join(", ", claimsWithoutClass)));
    }
    return lacking.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new StageResult.Failing(
                Reason.STORAGE_CLASS_NOT_FOUND,
                String.join("; ", lacking) + "; " + available(snapshot)));
  }

  private static String available(Snapshot snapshot) {
    var names = new TreeSet<>(snapshot.surroundings().storage().classes().keySet());
    return names.isEmpty() ? "the cluster has none" : "the cluster has " + String.join(", ", names);
  }

  /** The fields of the spec that name a class; the claims themselves where none does. */
  private static List<String> fields(Snapshot snapshot, String name, Set<String> claims) {
    JsonNode spec = JSON.valueToTree(snapshot.environment().getSpec());
    var found = fields("spec", spec).filter(f -> f.value().equals(name)).toList();
    return found.isEmpty()
        ? claims.stream().map("volume claim "::concat).toList()
        : found.stream().map(Field::path).toList();
  }

  /** Every storage class that the spec names, at any path. */
  private static Stream<Field> fields(String path, JsonNode node) {
    if (node.isArray()) {
      return node.valueStream().flatMap(item -> fields(path + "[" + named(item) + "]", item));
    }
    return node.propertyStream()
        .flatMap(property -> {
          var below = path + "." + property.getKey();
          return property.getKey().equals(FIELD) && property.getValue().isTextual()
              ? Stream.of(new Field(below, property.getValue().asText()))
              : fields(below, property.getValue());
        });
  }

  /** Identifies an item in a list of the spec. */
  private static String named(JsonNode item) {
    return item.path("path").asText(item.path("name").asText());
  }

  private record Field(String path, String value) {}
}

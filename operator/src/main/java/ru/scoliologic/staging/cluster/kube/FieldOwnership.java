package ru.scoliologic.staging.cluster.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Detects drift without comparing values: the object's hash annotation must be the plan's, and our
 * server-side apply entry must still own every planned field. Server defaults and normalized
 * quantities therefore do not look like drift, while another manager that writes a field takes it
 * from us and is noticed.
 */
public final class FieldOwnership {
  public static final String MANAGER = "staging-operator";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, Object>> TREE = new TypeReference<>() {};

  /** Holds reduced fields; a name of the API server's has a prefix such as "f:". */
  private static final String TEXT = "text";

  private FieldOwnership() {}

  /** Sets the hash annotation of the object. */
  static void seal(HasMetadata planned) {
    var annotations = new TreeMap<String, String>();
    if (planned.getMetadata().getAnnotations() != null) {
      annotations.putAll(planned.getMetadata().getAnnotations());
    }
    annotations.remove(Labels.PLANNED_HASH);
    planned.getMetadata().setAnnotations(annotations);
    annotations.put(Labels.PLANNED_HASH, Hash.of(planned));
  }

  static boolean unchanged(HasMetadata actual, HasMetadata sealed) {
    var annotations = actual.getMetadata().getAnnotations();
    if (annotations == null
        || !Objects.equals(
            sealed.getMetadata().getAnnotations().get(Labels.PLANNED_HASH),
            annotations.get(Labels.PLANNED_HASH))) {
      return false;
    }
    var fields = JSON.convertValue(sealed, TREE);
    List.of("apiVersion", "kind").forEach(fields::remove);
    map(fields.get("metadata")).keySet().removeAll(List.of("name", "namespace"));
    return applied(actual).map(owned -> owns(owned, fields)).orElse(false);
  }

  /**
   * Reduces the managed fields of an object to what is read of them here: our apply entry, as text.
   * As trees of all managers they take more memory than the rest of the object.
   */
  public static void reduce(HasMetadata object) {
    var metadata = object.getMetadata();
    metadata.setManagedFields(
        ours(metadata.getManagedFields())
            .map(entry -> {
              var fields = new FieldsV1();
              fields.setAdditionalProperty(TEXT, text(fields(entry)));
              return new ManagedFieldsEntryBuilder(entry).withFieldsV1(fields).build();
            })
            .map(List::of)
            .orElse(List.of()));
  }

  private static Optional<ManagedFieldsEntry> ours(List<ManagedFieldsEntry> entries) {
    return entries.stream()
        .filter(entry ->
            MANAGER.equals(entry.getManager())
                && "Apply".equals(entry.getOperation())
                && entry.getSubresource() == null)
        .findFirst();
  }

  /** The tree of the fields that our apply entry owns. */
  private static Optional<Map<String, Object>> applied(HasMetadata actual) {
    return ours(actual.getMetadata().getManagedFields()).map(FieldOwnership::fields);
  }

  private static Map<String, Object> fields(ManagedFieldsEntry entry) {
    var fields = entry.getFieldsV1().getAdditionalProperties();
    return fields.get(TEXT) instanceof String text ? tree(text) : fields;
  }

  private static String text(Map<String, Object> fields) {
    try {
      return JSON.writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("managed fields that are no JSON", e);
    }
  }

  private static Map<String, Object> tree(String text) {
    try {
      return JSON.readValue(text, TREE);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("managed fields that are no JSON", e);
    }
  }

  /** Whether a field of {@code spec} was planned at the last apply. */
  public static boolean appliedInSpec(HasMetadata actual, String field) {
    return applied(actual)
        .map(owned -> owned.get("f:spec"))
        .filter(spec -> map(spec).containsKey("f:" + field))
        .isPresent();
  }

  /** Whether a node of the managed fields tree covers a planned value. */
  private static boolean owns(Map<String, Object> owned, Object planned) {
    boolean leaf = owned.isEmpty() || owned.keySet().equals(java.util.Set.of("."));
    if (leaf) {
      boolean listedInside = owned.containsKey(".");
      return !(listedInside && planned instanceof Map<?, ?> map && !map.isEmpty());
    }
    return switch (planned) {
      case Map<?, ?> map ->
          map.entrySet().stream()
              .filter(field -> field.getValue() != null)
              .allMatch(field ->
                  owned.get("f:" + field.getKey()) instanceof Map<?, ?> child
                      && owns(map(child), field.getValue()));
      case List<?> list -> ownsItems(owned, list);
      case null, default -> true;
    };
  }

  private static boolean ownsItems(Map<String, Object> owned, List<?> items) {
    var keys =
        owned.keySet().stream().filter(k -> k.startsWith("k:") || k.startsWith("v:")).toList();
    return keys.size() == items.size()
        && items.stream()
            .allMatch(item ->
                keys.stream()
                    .filter(key -> names(key, item))
                    .findFirst()
                    .map(key -> key.startsWith("v:") || owns(map(owned.get(key)), item))
                    .orElse(false));
  }

  /** Whether a list key such as {@code k:{"name":"web"}} or {@code v:"a"} matches the item. */
  private static boolean names(String key, Object item) {
    try {
      var identity = key.substring(2);
      if (key.startsWith("v:")) {
        return identity.equals(JSON.writeValueAsString(item));
      }
      // A key field that the plan leaves out was defaulted by the server and is not compared.
      return item instanceof Map<?, ?> map
          && JSON.readValue(identity, TREE).entrySet().stream()
              .allMatch(field -> {
                var value = map.get(field.getKey());
                return value == null || value.equals(field.getValue());
              });
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }
}

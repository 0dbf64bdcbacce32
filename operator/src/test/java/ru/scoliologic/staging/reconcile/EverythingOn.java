package ru.scoliologic.staging.reconcile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.EveryPlan.Shape;

/** An environment with every feature on: the golden inputs, which hold every field, in one. */
final class EverythingOn {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final KubernetesSerialization CLIENT = new KubernetesSerialization();
  private static final Map<String, List<JsonNode>> INPUTS =
      Stream.of("all-overrides", "gitops", "access", "shared-ingress")
          .collect(Collectors.toMap(golden -> golden, EverythingOn::documents));

  private static final int LONGEST_PATH = 62;

  private EverythingOn() {}

  /**
   * The environment.
   *
   * @param rotation of the passwords
   */
  static StagingEnvironment environment(Shape shape, String name, int rotation) {
    var whole = (ObjectNode) input("all-overrides");
    var spec = (ObjectNode) whole.get("spec");
    var app = (ObjectNode) spec.at("/services/app");
    ((ObjectNode) whole.get("metadata")).put("name", name);
    app.put("image", "registry.example.org/app:1");
    longVolumes((ArrayNode) app.get("volumes"));
    ((ObjectNode) spec.at("/services/postgres")).put("reset", "again");
    rotates((ArrayNode) spec.at("/secrets/keys"), rotation);
    spec.set("validation", input("access").at("/spec/validation"));
    ((ArrayNode) spec.at("/validation/containers"))
        .addObject()
        .put("name", "x".repeat(60))
        .put("image", "registry.example.org/checks:1");
    if (shape == Shape.COMMITS) {
      app.remove("image");
      spec.set("gitops", input("gitops").at("/spec/gitops"));
    }
    if (shape == Shape.SHARED) {
      spec.set("ingress", input("shared-ingress").at("/spec/ingress"));
      ((ObjectNode) spec.get("domains")).remove("traefik");
    }
    return (StagingEnvironment) object(whole);
  }

  private static void longVolumes(ArrayNode volumes) {
    for (int number = 0; number < 3; number++) {
      var path = "/app/%d/".formatted(number);
      volumes
          .addObject()
          .put("path", path + "p".repeat(LONGEST_PATH - path.length()))
          .put("size", "1Gi");
    }
  }

  private static void rotates(ArrayNode keys, int rotation) {
    for (var key : List.of("POSTGRES_PASSWORD", "REDIS_PASSWORD")) {
      var generate = keys.addObject().put("name", key).putObject("generate");
      generate.put("length", 32).put("rotation", rotation);
    }
  }

  /** The Secrets or ConfigMaps that the environment names. */
  static <T extends HasMetadata> Map<String, T> given(Class<T> kind) {
    return INPUTS.values().stream()
        .flatMap(List::stream)
        .filter(document -> kind.getSimpleName().equals(document.path("kind").asText()))
        .map(EverythingOn::object)
        .map(kind::cast)
        .collect(Collectors.toMap(o -> o.getMetadata().getName(), o -> o, (one, other) -> other));
  }

  private static HasMetadata object(JsonNode document) {
    try {
      HasMetadata object = CLIENT.unmarshal(YAML.writeValueAsString(document));
      object.getMetadata().setNamespace("team");
      return object instanceof Secret secret
          ? Given.secretOf(secret.getMetadata().getName(), secret.getStringData())
          : object;
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode input(String golden) {
    return INPUTS.get(golden).getLast().deepCopy();
  }

  private static List<JsonNode> documents(String golden) {
    try {
      var text = Files.readString(GOLDEN.resolve(golden).resolve("in.yaml"));
      var documents = new ArrayList<JsonNode>();
      for (var document : text.split("(?m)^---$", -1)) {
        documents.add(YAML.readTree(document));
      }
      return documents;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

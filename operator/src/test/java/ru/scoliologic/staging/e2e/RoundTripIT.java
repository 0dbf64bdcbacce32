package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every field of the schema is changed and changed back: afterwards all is as it was. A new field
 * is found by itself; where no other value can be made up for it, the test asks for one.
 *
 * <p>{@code make faults} takes every field, {@code make test} one of {@value #STRIDE}.
 */
class RoundTripIT {
  private static final int STRIDE = 24;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Fields that may not change back, and why. */
  private static final Map<String, String> FIXED =
      Map.ofEntries(
          Map.entry("storageClassName", "a volume stays in its class"),
          Map.entry("storage", "a volume only grows"),
          Map.entry("services.app.volumes[].size", "a volume only grows"),
          Map.entry("services.app.volumes[].path", "another path is another volume"),
          Map.entry("services.postgres.database", "it is made once"),
          Map.entry("services.postgres.user", "it is made once"),
          Map.entry("services.postgres.version", "data is of one major version"),
          Map.entry("services.postgres.runAsUser", "data belongs to it"),
          Map.entry("services.postgres.reset", "a request, not a state: BackupE2E"),
          Map.entry("services.postgres.restore", "a request, not a state: BackupE2E"),
          Map.entry("services.postgres.seed", "for a new database only: BackupE2E"),
          Map.entry("services.postgres.backup.request", "a request, not a state: BackupE2E"),
          Map.entry("services.monitoring.grafana.adminUser", "the data was made with it"),
          Map.entry("services.ollama.models", "a stub has none: OllamaE2E"),
          Map.entry("secrets.keys[].name", "another name is another key"),
          Map.entry("secrets.keys[].generate", "a value that is not generated must be given"),
          Map.entry("secrets.keys[].generate.length", "a value that is there stays"),
          Map.entry("secrets.keys[].generate.alphabet", "a value that is there stays"),
          Map.entry("secrets.keys[].generate.rotation", "each number makes a new value: CrashIT"),
          Map.entry("secrets.from", "the keys would be missing: BrokenDependencyE2E"),
          Map.entry("secrets.from[].secretRef.name", "it must exist: BrokenDependencyE2E"),
          Map.entry("ingress.acme.server", "directory and bundle go with it: all of ingress.acme"),
          Map.entry("services.app.envFrom[].configMapRef", "one of two: all of envFrom"),
          Map.entry("validation.checks[].headers[].secretKeyRef", "one of two: all of headers"),
          Map.entry("ingress.shared", "goes with the other mode: SharedIngressE2E"),
          Map.entry("ingress.mode", "it has more than one field: SharedIngressE2E"),
          Map.entry(
              "ingress.acme.first", "promotion depends on what was issued: InfrastructureE2E"));

  /** Other values where the schema alone does not tell one. */
  private static final Map<String, String> VALUES =
      Map.ofEntries(
          Map.entry("domains.app", "\"b.stub.test\""),
          Map.entry("domains.traefik", "\"c.stub.test\""),
          Map.entry("domains.grafana", "\"d.stub.test\""),
          Map.entry("cpu", "\"2\""),
          Map.entry("memory", "\"2Gi\""),
          Map.entry("infrastructure.capacity.minimum.storage", "\"2Gi\""),
          Map.entry("infrastructure.dns.mode", "\"Warn\""),
          Map.entry("infrastructure.dns.resolver", "\"192.0.2.53\""),
          Map.entry("ingress.addresses", "[\"192.0.2.9\"]"),
          Map.entry(
              "ingress.acme", "{\"email\":\"o@stub.test\",\"server\":\"LetsEncryptStaging\"}"),
          Map.entry("ingress.acme.directory", "\"https://other.stub.test/dir\""),
          Map.entry("ingress.acme.email", "\"other@stub.test\""),
          Map.entry("ingress.acme.retry.minInterval", "\"20m\""),
          Map.entry("ingress.acme.retry.maxInterval", "\"5h\""),
          Map.entry("ingress.access.allowFrom", "[\"203.0.113.0/24\"]"),
          Map.entry("ingress.access.openPaths", "[\"/other\"]"),
          Map.entry("secrets.keys[].pattern", "\"^[A-Za-z0-9]{48}$\""),
          Map.entry("services.app.envFrom", "[{\"configMapRef\":{\"name\":\"given\"}}]"),
          Map.entry("services.app.env", "[{\"name\":\"OTHER\",\"value\":\"$(REDIS_HOST)\"}]"),
          Map.entry("services.app.env[].name", "\"OTHER\""),
          Map.entry("path", "\"/other\""),
          Map.entry("image", "\"other:2\""),
          Map.entry("services.app.deadlineSeconds", "300"),
          Map.entry("version", "\"9.9.9\""),
          Map.entry("services.redis.version", "\"8.2\""),
          Map.entry("services.redis.maxMemory", "\"96Mi\""),
          Map.entry("services.ollama.version", "\"0.18.0\""),
          Map.entry("services.ollama.keepAlive", "\"-1\""),
          Map.entry("services.ollama.gpu", "{\"count\":1}"),
          Map.entry("services.ollama.insecureRegistries", "[\"models.stub.test:5000\"]"),
          Map.entry("services.monitoring.prometheus.version", "\"3.17.0\""),
          Map.entry("services.monitoring.prometheus.retention", "\"1w\""),
          Map.entry("services.monitoring.grafana.version", "\"12.4.0\""),
          Map.entry("services.postgres.backup.schedule", "\"30 4 29 2 *\""),
          Map.entry(
              "nodeSelector",
              "{\"staging-test/stub\":\"true\",\"kubernetes.io/hostname\":\"stub\"}"),
          Map.entry("tolerations", "[{\"operator\":\"Exists\"}]"),
          Map.entry("imagePullSecrets", "[{\"name\":\"pull\"}]"),
          Map.entry(
              "resources", "{\"requests\":{\"cpu\":\"20m\"},\"limits\":{\"memory\":\"1Gi\"}}"),
          Map.entry("validation.checks[].expect.json[].pointer", "\"/other\""),
          Map.entry("validation.checks[].expect.status", "[204]"),
          Map.entry(
              "validation.checks[].headers",
              "[{\"name\":\"Other\",\"secretKeyRef\":{\"name\":\"given\",\"key\":\"ESIA_CLIENT_ID\"}}]"),
          Map.entry("validation.checks", "[{\"name\":\"other\",\"path\":\"/other\"}]"),
          Map.entry("validation.containers", "[{\"name\":\"other\",\"image\":\"other:1\"}]"),
          Map.entry("validation.manual", "[{\"name\":\"other\",\"what\":\"Look.\"}]"));

  private static StubEnvironment environment;
  private static JsonNode specA;
  private static Map<String, JsonNode> objectsA;
  private static Map<String, String> keptA;

  @BeforeAll
  static void an_environment_with_every_feature() {
    environment = new StubEnvironment("round-trip");
    environment.operator();
    environment.create();
    environment.converge();
    specA = StubEnvironment.manifest().get("spec");
    objectsA = environment.objects();
    keptA = environment.kept();
  }

  @AfterAll
  static void it_is_removed() {
    if (environment != null) {
      environment.close();
    }
  }

  /** Every field by its path, with another value that it may have. */
  private static Map<String, JsonNode> changes() {
    var changes = new TreeMap<String, JsonNode>();
    var unknown = new ArrayList<String>();
    walk(schema(), "", specA, changes, unknown);
    assertThat(unknown)
        .as(
            "fields without another value: add one to stub.yaml or VALUES, or to FIXED with the"
                + " reason")
        .isEmpty();
    return changes;
  }

  private static JSONSchemaProps schema() {
    return Staging.shared()
        .admin()
        .apiextensions()
        .v1()
        .customResourceDefinitions()
        .withName("stagingenvironments.staging.scoliologic.ru")
        .get()
        .getSpec()
        .getVersions()
        .getFirst()
        .getSchema()
        .getOpenAPIV3Schema()
        .getProperties()
        .get("spec");
  }

  private static void walk(
      JSONSchemaProps schema,
      String path,
      JsonNode present,
      Map<String, JsonNode> changes,
      List<String> unknown) {
    for (var property : schema.getProperties().entrySet()) {
      var field = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
      var value = present == null ? null : present.get(property.getKey());
      visit(property.getValue(), field, value, changes, unknown);
    }
  }

  private static void visit(
      JSONSchemaProps schema,
      String field,
      JsonNode value,
      Map<String, JsonNode> changes,
      List<String> unknown) {
    if (FIXED.containsKey(field) || FIXED.containsKey(last(field))) {
      return;
    }
    var given = VALUES.containsKey(field) ? VALUES.get(field) : VALUES.get(last(field));
    boolean descends = schema.getProperties() != null && !schema.getProperties().isEmpty();
    if (given != null) {
      changes.put(field, json(given));
    } else if (!descends && !isObjectList(schema)) {
      other(schema, value).ifPresentOrElse(o -> changes.put(field, o), () -> unknown.add(field));
    } else if (value == null || value.isEmpty()) {
      // Nothing of it would be changed at all.
      unknown.add(field);
    }
    if (descends && value != null && !"resources".equals(last(field))) {
      walk(schema, field, value, changes, unknown);
    }
    if (isObjectList(schema)
        && value != null
        && !value.isEmpty()
        && !"tolerations".equals(last(field))) {
      walk(schema.getItems().getSchema(), field + "[]", value.get(0), changes, unknown);
    }
  }

  private static boolean isObjectList(JSONSchemaProps schema) {
    return "array".equals(schema.getType())
        && schema.getItems().getSchema().getProperties() != null
        && !schema.getItems().getSchema().getProperties().isEmpty();
  }

  private static Optional<JsonNode> other(JSONSchemaProps schema, JsonNode value) {
    if (schema.getEnum() != null && !schema.getEnum().isEmpty()) {
      return schema.getEnum().stream()
          .<JsonNode>map(JSON::valueToTree)
          .filter(one -> !one.isNull() && !one.equals(value))
          .findFirst();
    }
    return switch (schema.getType()) {
      case "boolean" -> Optional.of(JSON.valueToTree(value == null || !value.asBoolean()));
      case "integer" -> {
        long now = value == null ? 0 : value.asLong();
        long most = schema.getMaximum() == null ? Long.MAX_VALUE : schema.getMaximum().longValue();
        yield Optional.of(
            IntNode.valueOf((int) (now + 1 <= most ? Math.max(now + 1, least(schema)) : now - 1)));
      }
      case "string" ->
          schema.getXKubernetesValidations() == null || schema.getXKubernetesValidations().isEmpty()
              ? Optional.of(TextNode.valueOf(value == null ? "other" : value.asText() + "b"))
              : Optional.empty();
      case "array" -> Optional.of(JSON.createArrayNode().add("other"));
      default -> Optional.empty();
    };
  }

  private static long least(JSONSchemaProps schema) {
    return schema.getMinimum() == null ? 0 : schema.getMinimum().longValue();
  }

  private static String last(String field) {
    return field.substring(field.lastIndexOf('.') + 1);
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The spec with one field changed. */
  private static JsonNode changed(String field, JsonNode value) {
    JsonNode spec = specA.deepCopy();
    JsonNode at = spec;
    var parts = field.split("[.]");
    for (var part : List.of(parts).subList(0, parts.length - 1)) {
      at = part.endsWith("[]") ? at.get(part.replace("[]", "")).get(0) : at.get(part);
    }
    ((ObjectNode) at).set(parts[parts.length - 1], value);
    return spec;
  }

  @TestFactory
  Stream<DynamicTest> a_field_that_changes_and_changes_back_leaves_no_trace() {
    var all = List.copyOf(changes().entrySet());
    int stride = "all".equals(System.getProperty("faults")) ? 1 : STRIDE;
    return IntStream.range(0, all.size())
        .filter(i -> i % stride == 0)
        .mapToObj(all::get)
        .map(change ->
            DynamicTest.dynamicTest(
                change.getKey() + " = " + change.getValue(),
                () -> thereAndBack(changed(change.getKey(), change.getValue()))));
  }

  /** Here for every field, for it costs little. */
  @Test
  void every_change_is_one_that_the_server_takes() {
    var refused = new TreeMap<String, String>();
    changes()
        .forEach((field, value) ->
            environment.refused(changed(field, value)).ifPresent(why -> refused.put(field, why)));
    assertThat(refused).isEmpty();
  }

  /** Optional parts, left out and put back. */
  @TestFactory
  Stream<DynamicTest> a_part_that_is_left_out_and_put_back_leaves_no_trace() {
    return Stream.of("services.monitoring", "services.ollama")
        .map(part ->
            DynamicTest.dynamicTest(
                part,
                () -> {
                  var without = specA.deepCopy();
                  JsonNode at = without;
                  var parts = part.split("[.]");
                  for (var step : List.of(parts).subList(0, parts.length - 1)) {
                    at = at.get(step);
                  }
                  ((ObjectNode) at).remove(parts[parts.length - 1]);
                  if (part.equals("services.monitoring")) {
                    ((ObjectNode) without.get("domains")).remove("grafana");
                  }
                  thereAndBack(without);
                }));
  }

  private static void thereAndBack(JsonNode specB) {
    environment.spec(specB);
    environment.converge();
    environment.spec(specA);
    environment.converge();
    assertThat(environment.kept()).isEqualTo(keptA);
    assertThat(Differences.between(objectsA, environment.objects())).isEmpty();
  }

  @Test
  void nothing_that_may_not_change_back_is_listed_in_vain() {
    var fields = new ArrayList<String>();
    list(schema(), "", fields);
    assertThat(FIXED.keySet())
        .allMatch(fixed ->
            fields.stream().anyMatch(field -> field.equals(fixed) || last(field).equals(fixed)));
  }

  private static void list(JSONSchemaProps schema, String path, List<String> fields) {
    if (schema.getProperties() == null) {
      return;
    }
    schema
        .getProperties()
        .forEach((name, property) -> {
          var field = path.isEmpty() ? name : path + "." + name;
          fields.add(field);
          list(property, field, fields);
          if (isObjectList(property)) {
            list(property.getItems().getSchema(), field + "[]", fields);
          }
        });
  }
}

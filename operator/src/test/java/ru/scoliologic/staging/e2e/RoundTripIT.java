package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import ru.scoliologic.staging.FieldChanges;

/**
 * Every field of the schema is changed and changed back: the change shows, and afterwards all is as
 * it was. {@link FieldChanges} finds the fields.
 *
 * <p>{@code make faults} takes every field, {@code make test} one of {@value #STRIDE}.
 */
class RoundTripIT {
  private static final int STRIDE = 24;

  private static StubEnvironment environment;
  private static JsonNode specA;
  private static FieldChanges changes;
  private static Map<String, JsonNode> objectsA;
  private static Map<String, String> keptA;

  @BeforeAll
  static void an_environment_with_every_feature() {
    environment = new StubEnvironment("round-trip");
    environment.operator();
    environment.create();
    environment.converge();
    specA = StubEnvironment.manifest().get("spec");
    changes = new FieldChanges(schema(), specA);
    objectsA = environment.objects();
    keptA = environment.kept();
  }

  @AfterAll
  static void it_is_removed() {
    if (environment != null) {
      environment.close();
    }
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

  @TestFactory
  Stream<DynamicTest> a_field_that_changes_and_changes_back_leaves_no_trace() {
    var all = List.copyOf(changes.all().entrySet());
    int stride = "all".equals(System.getProperty("faults")) ? 1 : STRIDE;
    return IntStream.range(0, all.size())
        .filter(i -> i % stride == 0)
        .mapToObj(all::get)
        .map(change ->
            DynamicTest.dynamicTest(
                change.getKey() + " = " + change.getValue(),
                () ->
                    thereAndBack(
                        changes.changed(change.getKey(), change.getValue()),
                        FieldChanges.showsAtOnce(change.getKey()))));
  }

  /** Here for every field, for it costs little. */
  @Test
  void every_change_is_one_that_the_server_takes() {
    var refused = new TreeMap<String, String>();
    changes
        .all()
        .forEach((field, value) ->
            environment
                .refused(changes.changed(field, value))
                .ifPresent(why -> refused.put(field, why)));
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
                  thereAndBack(without, true);
                }));
  }

  /** All at once; each by itself is tried without a cluster. */
  @Test
  void every_part_that_a_spec_may_lack_is_taken_away_at_once_and_put_back() {
    var without = (ObjectNode) specA.deepCopy();
    without.remove(List.of("validation", "rollback"));
    ((ObjectNode) without.get("ingress"))
        .remove(List.of("access", "storageClassName", "resources"));
    ((ObjectNode) without.get("secrets").get("keys").get(0))
        .remove(List.of("minLength", "pattern"));
    ((ObjectNode) without.at("/services/app"))
        .remove(List.of("envFrom", "metrics", "migration", "env", "volumes", "resources"));
    ((ObjectNode) without.at("/services/postgres"))
        .remove(List.of("backup", "tasks", "initSql", "storageClassName", "resources"));
    ((ObjectNode) without.at("/services/redis"))
        .remove(List.of("storageClassName", "maxMemory", "memoryPolicy", "resources"));
    thereAndBack(without, true);
  }

  /**
   * A, B, A.
   *
   * @param shows whether B is to differ from A in an object or a condition; what does not might as
   *     well be ignored
   */
  private static void thereAndBack(JsonNode specB, boolean shows) {
    var toldA = environment.told();
    environment.spec(specB);
    environment.converge();
    boolean differs = !environment.objects().equals(objectsA) || !environment.told().equals(toldA);
    assertThat(differs || !shows).as("an object or a condition shows the change").isTrue();
    environment.spec(specA);
    environment.converge();
    assertThat(environment.kept()).isEqualTo(keptA);
    assertThat(Differences.between(objectsA, environment.objects())).isEmpty();
  }

  @Test
  void another_value_in_a_config_map_of_variables_rolls_the_application_and_goes_back() {
    environment.configMap("flags", Map.of("FLAG", "off"));
    var source = StubEnvironment.json("[{\"configMapRef\":{\"name\":\"flags\"}}]");
    environment.spec(changes.changed("services.app.envFrom", source));
    environment.converge();
    var off = environment.objects();

    environment.configMap("flags", Map.of("FLAG", "on"));
    await("the application rolled")
        .atMost(Staging.SOON)
        .until(() -> !environment.objects().equals(off));
    environment.converge();
    var on = environment.objects();
    environment.configMap("flags", Map.of("FLAG", "off"));
    await("the application rolled back")
        .atMost(Staging.SOON)
        .until(() -> !environment.objects().equals(on));
    environment.converge();

    assertThat(on.entrySet().stream().filter(e -> !e.getValue().equals(off.get(e.getKey()))))
        .extracting(Map.Entry::getKey)
        .hasSize(2)
        .contains("Secret/env-app-env")
        .anyMatch(key -> key.startsWith("Deployment/env-app-"));
    assertThat(environment.objects()).isEqualTo(off);
    environment.spec(specA);
    environment.converge();
  }

  @Test
  void nothing_that_may_not_change_back_is_listed_in_vain() {
    assertThat(FieldChanges.FIXED.keySet())
        .allMatch(fixed ->
            changes.fields().stream()
                .anyMatch(field -> field.equals(fixed) || FieldChanges.last(field).equals(fixed)));
  }
}

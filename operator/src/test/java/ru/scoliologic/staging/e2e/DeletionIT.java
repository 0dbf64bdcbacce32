package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An environment is deleted in each of its stages, under the eyes of an operator that works on it:
 * what is left is what Retain keeps, and nothing comes back.
 */
class DeletionIT {
  private static StubEnvironment environment;

  private final ObjectNode manifest = (ObjectNode) StubEnvironment.manifest();

  @BeforeAll
  static void an_operator() {
    environment = new StubEnvironment("deletion");
    environment.operator();
  }

  @AfterAll
  static void it_is_removed() {
    if (environment != null) {
      environment.close();
    }
  }

  @AfterEach
  void what_was_retained_is_forgotten() {
    environment.resource().delete();
    environment.awaitDeletion();
    environment.forget();
  }

  private ObjectNode spec(String... path) {
    JsonNode at = manifest.get("spec");
    for (var step : path) {
      at = at.get(step);
    }
    return (ObjectNode) at;
  }

  private void says(String type, String reason) {
    await("%s to say %s".formatted(type, reason))
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(() ->
            assertThat(Staging.condition(environment.resource().get(), type))
                .as(environment.report())
                .isNotNull()
                .satisfies(c -> assertThat(c.getReason()).isEqualTo(reason)));
  }

  /** Deletes; the operator has time to do something foolish afterwards. */
  private void isDeleted() {
    environment.delete();
    environment.settles(Duration.ofMinutes(1), () -> true);
    environment.awaitDeletion();
  }

  @Test
  void in_stage_1() {
    spec("services", "postgres").put("storageClassName", "nowhere");
    environment.create(manifest);
    says("InfrastructureReady", "StorageClassNotFound");

    isDeleted();

    assertThat(environment.retained()).isEmpty();
  }

  @Test
  void in_stage_2() {
    spec("secrets").withArray("keys").addObject().put("name", "NOT_GIVEN");
    environment.create(manifest);
    says("ConfigurationReady", "KeyMissing");

    isDeleted();

    assertThat(environment.retained()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Delete", "Retain"})
  void in_stage_3(String policy) {
    spec("services", "postgres", "nodeSelector").put("staging-test/stub", "nowhere");
    spec().put("deletionPolicy", policy);
    environment.create(manifest);
    says("Deployed", "ComponentsStarting");
    await("the database's pod to wait")
        .atMost(Duration.ofMinutes(1))
        .until(
            () -> environment.pods().keySet().stream().anyMatch(name -> name.contains("postgres")));

    goesButFor(policy);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Delete", "Retain"})
  void when_all_runs_and_while_a_version_starts_beside(String policy) {
    spec().put("deletionPolicy", policy);
    spec("services", "app").remove("migration");
    environment.create(manifest);
    environment.converge();
    if (policy.equals("Retain")) {
      spec("services", "app").put("image", "app:2");
      environment.spec(manifest.get("spec"));
      await("the new version to start beside the other")
          .atMost(Duration.ofMinutes(1))
          .until(() -> "app:2".equals(environment.resource().get().getStatus().app().candidate()));
    }

    goesButFor(policy);
  }

  private void goesButFor(String policy) {
    var data = data();
    assertThat(data).isNotEmpty();

    isDeleted();

    assertThat(data()).isEqualTo(policy.equals("Retain") ? data : Map.of());
    assertThat(environment.retained()).isEqualTo(data().keySet());
  }

  /** Volumes and credentials. */
  private static Map<String, String> data() {
    var data = new TreeMap<>(environment.kept());
    data.keySet().removeIf(name -> name.startsWith("StatefulSet/"));
    return data;
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ru.scoliologic.staging.cluster.Labels;

/**
 * The operator dies before or after any of its writes; a new one goes on to the same end as
 * without.
 *
 * <p>{@code make faults} takes every write, {@code make test} a few of each kind of work.
 */
class CrashIT {
  /** One write of so many is taken by {@code make test}; a prime, so that kinds vary. */
  private static final int STRIDE = 31;

  private static final Duration LIMIT = Duration.ofMinutes(1);

  private static StubEnvironment environment;
  private static JsonNode specA;
  private static JsonNode specB;
  private static Map<String, JsonNode> created;
  private static Map<String, JsonNode> edited;
  private static int writesToCreate;
  private static int writesToEdit;
  private static int writesToRotate;
  private static Map<String, JsonNode> rotated;
  private static int rotations;
  private static final List<Boolean> deaths = new ArrayList<>();

  @BeforeAll
  static void it_is_seen_without_a_crash_first() {
    environment = new StubEnvironment("crash");
    specA = StubEnvironment.manifest().get("spec");
    specB = specA.deepCopy();
    edit((ObjectNode) specB);
    var operator = environment.operator(0, false);
    environment.create();
    environment.converge();
    created = comparable();
    writesToCreate = operator.writes().size();
    environment.spec(specB);
    environment.converge();
    edited = comparable();
    writesToEdit = operator.writes().size() - writesToCreate;
    rotate();
    environment.converge();
    rotated = comparable();
    writesToRotate = operator.writes().size() - writesToCreate - writesToEdit;
    System.out.printf(
        "writes to create: %d, to edit: %d, to rotate: %d%n",
        writesToCreate, writesToEdit, writesToRotate);
  }

  @AfterAll
  static void it_is_removed() {
    environment.close();
    assertThat(deaths.stream().filter(died -> died).count())
        .as("operators that died, of %d", deaths.size())
        .isGreaterThan(deaths.size() / 2);
  }

  /** Another version with another variable, a part left out, a setting of the database's backup. */
  private static void edit(ObjectNode spec) {
    var services = (ObjectNode) spec.get("services");
    services.remove("ollama");
    var app = (ObjectNode) services.get("app");
    app.put("image", "app:2");
    ((ObjectNode) app.get("env").get(0)).put("value", "postgresql://$(POSTGRES_HOST)/other");
    ((ObjectNode) services.get("postgres").get("backup")).put("keep", 5);
    ((ObjectNode) services.get("redis")).put("maxMemory", "96Mi");
  }

  /** Another value for a key that the application alone knows: the stub runs no Job. */
  private static void rotate() {
    var spec = (ObjectNode) specB.deepCopy();
    rotations++;
    ((ObjectNode) spec.get("secrets").get("keys").get(0).get("generate"))
        .put("rotation", rotations);
    environment.spec(spec);
  }

  /** Without the generated values and what is made of them: they differ from one to the next. */
  private static Map<String, JsonNode> comparable() {
    var objects = new TreeMap<String, JsonNode>();
    environment
        .objects()
        .forEach((name, object) -> {
          var tree = (ObjectNode) object.deepCopy();
          if (name.startsWith("Secret/")) {
            var values = (ObjectNode) tree.get("data");
            values.remove("JWT_SECRET.rotation");
            values.fieldNames().forEachRemaining(key -> values.put(key, "value"));
          }
          tree.findParents(Labels.PLANNED_HASH)
              .forEach(parent -> ((ObjectNode) parent).remove(Labels.PLANNED_HASH));
          tree.findParents(Labels.CONFIG_HASH)
              .forEach(parent -> ((ObjectNode) parent).remove(Labels.CONFIG_HASH));
          objects.put(name, tree);
        });
    return objects;
  }

  private static Stream<DynamicTest> at(int writes, Consumer<Death> scenario) {
    int stride = "all".equals(System.getProperty("faults")) ? 1 : STRIDE;
    return IntStream.rangeClosed(1, writes)
        .filter(number -> number % stride == 1 % stride)
        .boxed()
        .flatMap(number -> Stream.of(new Death(number, false), new Death(number, true)))
        .map(death -> DynamicTest.dynamicTest(death.toString(), () -> scenario.accept(death)));
  }

  private record Death(int write, boolean afterwards) {
    @Override
    public String toString() {
      return (afterwards ? "after write " : "before write ") + write;
    }
  }

  /**
   * Runs an operator that dies, does what it is to work on, and starts another one. How many writes
   * of a status there are depends on how the watches' news fall together, so one that is done
   * before its last writes lives on; that is counted, for most must die.
   */
  private static void dies(Death death, Runnable work) {
    var operator = environment.operator(death.write(), death.afterwards());
    work.run();
    await("the operator to die " + death)
        .atMost(LIMIT)
        .until(() -> operator.isDead() || environment.isConverged());
    deaths.add(operator.isDead());
    environment.operator(0, false);
    environment.converge();
  }

  @TestFactory
  Stream<DynamicTest> an_environment_is_made_in_spite_of_a_death() {
    return at(
        writesToCreate,
        death -> {
          environment.operator(0, false);
          environment.delete();
          dies(death, environment::create);
          assertThat(comparable()).isEqualTo(created);
        });
  }

  @TestFactory
  Stream<DynamicTest> an_edit_is_carried_out_in_spite_of_a_death() {
    return at(
        writesToEdit,
        death -> {
          environment.operator(0, false);
          environment.spec(specA);
          environment.converge();
          var kept = environment.kept();
          dies(death, () -> environment.spec(specB));
          assertThat(environment.kept()).isEqualTo(kept);
          assertThat(comparable()).isEqualTo(edited);
        });
  }

  @TestFactory
  Stream<DynamicTest> a_key_is_rotated_in_spite_of_a_death() {
    return at(
        writesToRotate,
        death -> {
          environment.operator(0, false);
          environment.spec(specB);
          environment.converge();
          var before = environment.value("JWT_SECRET");
          dies(death, CrashIT::rotate);
          assertThat(environment.value("JWT_SECRET")).isNotEqualTo(before);
          assertThat(comparable()).isEqualTo(rotated);
        });
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ru.scoliologic.staging.cluster.kube.Labels;

/**
 * The operator dies before or after any of its writes, or its environment is deleted then; in the
 * end all is as without.
 *
 * <p>{@code make faults} takes every write, {@code make test} a few of each kind of work.
 */
class CrashIT {
  /** One write of so many is taken by {@code make test}; primes, so that kinds vary. */
  private static final int STRIDE = 31;

  private static final int STRIDE_OF_EDIT = 7;
  private static final int STRIDE_OF_ROTATION = 2;

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int STRIDE_OF_LOGIN = 5;
  private static final String ROTATED = "JWT_SECRET";
  private static final List<String> LOGINS = List.of("POSTGRES_PASSWORD", "REDIS_PASSWORD");
  private static final String CREDENTIALS = "env-credentials";

  private static final String NAMESPACE = "crash";

  private static StubEnvironment environment;
  private static JsonNode specA;
  private static JsonNode specB;
  private static Map<String, JsonNode> created;
  private static Map<String, JsonNode> edited;
  private static int writesToCreate;
  private static int writesToEdit;
  private static int writesToRotate;
  private static int rotation;

  @BeforeAll
  static void it_is_seen_without_a_crash_first() {
    environment = new StubEnvironment(NAMESPACE);
    specA = StubEnvironment.manifest().get("spec");
    specB = specA.deepCopy();
    edit((ObjectNode) specB);
    writesToCreate = writesOf(environment::create);
    created = comparable();
    // The first time there is a migration to run; what is wanted is an edit like all that follow.
    for (var spec : List.of(specB, specA)) {
      environment.spec(spec);
      environment.converge();
    }
    writesToEdit = writesOf(() -> environment.spec(specB));
    edited = comparable();
    environment.spec(specA);
    environment.converge();
    writesToRotate = writesOf(() -> environment.spec(rotated()));
    System.out.printf(
        "writes to create: %d, to edit: %d, to rotate: %d%n",
        writesToCreate, writesToEdit, writesToRotate);
  }

  @AfterAll
  static void it_is_removed() {
    if (environment != null) {
      environment.close();
    }
  }

  private static int writesOf(Runnable work) {
    var operator = environment.operator();
    work.run();
    environment.converge();
    return operator.objectWrites().size();
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

  /** A with a generated key to be made anew: each time a higher number. */
  private static JsonNode rotated() {
    return rotating(specA.deepCopy(), ROTATED);
  }

  private static JsonNode rotated(String login) {
    return rotating(withLogins(), login);
  }

  /** A number that was never asked for. */
  private static JsonNode rotating(JsonNode spec, String which) {
    for (var key : spec.get("secrets").get("keys")) {
      if (which.equals(key.get("name").asText())) {
        ((ObjectNode) key.get("generate")).put("rotation", ++rotation);
      }
    }
    return spec;
  }

  /** A with keys for the passwords of PostgreSQL and Redis, both of which the application uses. */
  private static JsonNode withLogins() {
    var spec = specA.deepCopy();
    var keys = (ArrayNode) spec.get("secrets").get("keys");
    LOGINS.forEach(
        login -> keys.addObject().put("name", login).putObject("generate").put("length", 48));
    ((ArrayNode) spec.get("services").get("app").get("env"))
        .addObject()
        .put("name", "REDIS_URL")
        .put("value", "redis://:$(REDIS_PASSWORD)@$(REDIS_HOST)");
    return spec;
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
            values.remove(ROTATED + ".rotation");
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

  /**
   * Lets the operator that runs die, does what it is to work on, and starts another one. The last
   * writes may be left out by chance, when an old version is removed earlier or later.
   *
   * @param meanwhile looks at what the dead one left
   * @return what is worth knowing if the end is not as it should be
   */
  private static Outcome dies(Moment moment, Runnable work, Runnable meanwhile) {
    var operator = environment.operator();
    operator.dieAt(moment.write(), moment.afterwards());
    work.run();
    await("the operator to die " + moment)
        .atMost(LIMIT)
        .until(() -> operator.isDead() || environment.isConverged());
    boolean died = operator.isDead();
    meanwhile.run();
    environment.operator();
    environment.converge();
    return new Outcome(moment, died, operator.writes());
  }

  private record Outcome(Moment moment, boolean happened, List<String> sent) {
    void isAs(Map<String, JsonNode> expected) {
      assertThat(Differences.between(expected, comparable())).as(this::told).isEmpty();
    }

    private String told() {
      return "%s%n%s%nwrites of the one before:%n  %s"
          .formatted(moment, environment.report(), String.join("\n  ", sent));
    }
  }

  @TestFactory
  Stream<DynamicTest> an_environment_is_made_in_spite_of_a_death() {
    return Moment.each(
        writesToCreate,
        STRIDE,
        moment -> {
          removed();
          var outcome = dies(moment, environment::create, () -> {});
          outcome.isAs(created);
          return outcome.happened();
        });
  }

  /** No operator works on what is being removed, so that each case begins alike. */
  private static void removed() {
    environment.stop();
    environment.delete();
    environment.forget();
  }

  @TestFactory
  Stream<DynamicTest> an_edit_is_carried_out_in_spite_of_a_death() {
    return Moment.each(
        writesToEdit,
        STRIDE_OF_EDIT,
        moment -> {
          itIsA();
          var kept = environment.kept();
          var outcome = dies(moment, () -> environment.spec(specB), () -> {});
          assertThat(environment.kept()).as(outcome::told).isEqualTo(kept);
          outcome.isAs(edited);
          return outcome.happened();
        });
  }

  private static void itIsA() {
    if (environment.resource().get() == null) {
      environment.operator();
      environment.create();
    } else {
      environment.spec(specA);
    }
    environment.converge();
  }

  @TestFactory
  Stream<DynamicTest> a_key_is_rotated_once_in_spite_of_a_death() {
    return Moment.each(
        writesToRotate,
        STRIDE_OF_ROTATION,
        moment -> {
          itIsA();
          var before = environment.values(CREDENTIALS);
          var atDeath = new TreeMap<String, String>();
          var outcome =
              hasTwoConfigurations(() ->
                  dies(
                      moment,
                      () -> environment.spec(rotated()),
                      () -> atDeath.putAll(environment.values(CREDENTIALS))));
          var now = environment.values(CREDENTIALS);
          assertThat(now.get(ROTATED)).as(outcome::told).isNotEqualTo(before.get(ROTATED));
          if (!atDeath.get(ROTATED).equals(before.get(ROTATED))) {
            assertThat(now.get(ROTATED)).as(outcome::told).isEqualTo(atDeath.get(ROTATED));
          }
          var next = atDeath.get(ROTATED + ".next");
          if (next != null) {
            assertThat(now.get(ROTATED)).as(outcome::told).isEqualTo(next);
          }
          assertThat(environment.values("env-app-env"))
              .as(outcome::told)
              .containsEntry(ROTATED, now.get(ROTATED));
          List.of(before, now)
              .forEach(values -> values.keySet().removeIf(key -> key.startsWith(ROTATED)));
          assertThat(now).as(outcome::told).isEqualTo(before);
          outcome.isAs(created);
          return outcome.happened();
        });
  }

  @TestFactory
  Stream<DynamicTest> a_login_is_rotated_without_a_way_back_in_spite_of_a_death() {
    return Stream.concat(
        LOGINS.stream().flatMap(CrashIT::rotations),
        // What the logins were rotated to is not in the environment that other cases begin with.
        Stream.of(DynamicTest.dynamicTest("it is removed", CrashIT::removed)));
  }

  private static Stream<DynamicTest> rotations(String login) {
    itHasLogins();
    int writes = writesOf(() -> environment.spec(rotated(login)));
    return Moment.each(
        writes,
        STRIDE_OF_LOGIN,
        moment -> {
          itHasLogins();
          return hasTwoConfigurations(
                  () -> dies(moment, () -> environment.spec(rotated(login)), () -> {}))
              .happened();
        });
  }

  private static void itHasLogins() {
    itIsA();
    environment.spec(withLogins());
    environment.converge();
  }

  /**
   * The application is given the old configuration, then the new one, and nothing else; a version
   * that is kept beside the serving one may go before it is.
   */
  private static Outcome hasTwoConfigurations(Supplier<Outcome> rotation) {
    try (var seen = new ConfigurationsSeen(environment.admin(), NAMESPACE)) {
      var outcome = rotation.get();
      assertThat(seen.all())
          .as(outcome::told)
          .hasEntrySatisfying(
              "env-app-env", configurations -> assertThat(configurations).hasSize(2))
          .allSatisfy(
              (object, configurations) -> assertThat(configurations).hasSizeLessThanOrEqualTo(2));
      return outcome;
    }
  }

  /** With Retain, so that there is something to come back to. */
  @TestFactory
  Stream<DynamicTest> what_is_deleted_in_mid_work_and_made_again_has_its_data_and_credentials() {
    var manifest = (ObjectNode) StubEnvironment.manifest();
    ((ObjectNode) manifest.get("spec")).put("deletionPolicy", "Retain");
    var whole = new TreeMap<String, JsonNode>();
    return Stream.concat(
        Stream.of(
            DynamicTest.dynamicTest(
                "without a deletion",
                () -> {
                  removed();
                  environment.operator();
                  environment.create(manifest);
                  environment.converge();
                  whole.putAll(comparable());
                })),
        Moment.each(
            writesToCreate,
            STRIDE,
            moment -> {
              removed();
              return madeAgain(moment, manifest, whole);
            }));
  }

  private static boolean madeAgain(
      Moment moment, JsonNode manifest, Map<String, JsonNode> expected) {
    var operator = environment.operator();
    var deleted = new AtomicBoolean();
    operator.at(
        moment.write(),
        moment.afterwards(),
        () -> {
          environment.resource().delete();
          deleted.set(true);
        });
    environment.create(manifest);
    await("the deletion " + moment)
        .atMost(LIMIT)
        .until(() -> deleted.get() || environment.isConverged());
    environment.delete();
    // What the operator was about has come to its end.
    environment.settles(LIMIT, () -> true);
    environment.awaitDeletion();
    var kept = environment.kept();
    assertThat(environment.retained())
        .allMatch(name ->
            name.startsWith("PersistentVolumeClaim/") || name.equals("Secret/" + CREDENTIALS));

    environment.create(manifest);
    environment.converge();

    var outcome = new Outcome(moment, deleted.get(), operator.writes());
    assertThat(environment.kept()).as(outcome::told).containsAllEntriesOf(kept);
    outcome.isAs(expected);
    return outcome.happened();
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Rotation on a real PostgreSQL and a real Redis, by operators that die after each of their writes,
 * while a user goes on asking the application.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RotationE2E {
  private static final String NAMESPACE = "rotation";
  private static final String NAME = "env";
  private static final String APP = "https://app.rotation.staging.test";
  private static final String POSTGRES = "POSTGRES_PASSWORD";
  private static final String REDIS = "REDIS_PASSWORD";
  private static final Pattern DATABASE = Pattern.compile("postgresql://([^:]+):([^@]+)@.*");
  private static final Duration LIFE = Duration.ofSeconds(90);
  private static final int MOST_LIVES = 30;

  /** Places of the keys in the spec. */
  private static final List<String> KEYS =
      List.of("JWT_SECRET", "SESSION_SECRET", "ESIA_CLIENT_ID", POSTGRES, REDIS);

  private static Staging staging;
  private static Browser browser;
  private static ScheduledExecutorService user;
  private static final AtomicInteger requests = new AtomicInteger();
  private static final List<String> unanswered = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void an_environment_that_serves_and_a_user() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging.given(NAMESPACE);
    staging
        .admin()
        .resource(Staging.read("rotation.yaml", Map.of()))
        .inNamespace(NAMESPACE)
        .create();
    staging.awaitReady(NAMESPACE, NAME);
    staging.shipped(0);
    browser = staging.browser();
    user = Executors.newSingleThreadScheduledExecutor();
    var _ = user.scheduleWithFixedDelay(RotationE2E::ask, 0, 250, TimeUnit.MILLISECONDS);
  }

  @AfterAll
  static void it_is_removed() throws IOException {
    user.shutdownNow();
    browser.close();
    staging.shipped(1);
    staging.remove(NAMESPACE);
  }

  private static void ask() {
    requests.incrementAndGet();
    try (var fresh = staging.browser()) {
      var answer = fresh.get(APP + "/api/messages");
      if (answer.status() != 200) {
        unanswered.add("status " + answer.status());
      }
    } catch (IOException e) {
      unanswered.add(e.toString());
    }
  }

  private static Map<String, String> secret(String suffix) {
    Secret secret = staging.admin().secrets().inNamespace(NAMESPACE).withName(NAME + suffix).get();
    var values = new TreeMap<String, String>();
    secret
        .getData()
        .forEach((key, data) ->
            values.put(key, new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8)));
    return values;
  }

  private record Login(String user, String password) {}

  private static Login login() {
    var url = DATABASE.matcher(secret("-app-env").get("DATABASE_URL"));
    assertThat(url.matches()).isTrue();
    return new Login(url.group(1), url.group(2));
  }

  private static boolean letsIn(Login login) {
    return inPod(
            "postgres",
            "PGPASSWORD=%s psql -w -h $(hostname -i) -U %s -d app -c 'SELECT 1'"
                .formatted(login.password(), login.user()))
        .contains("1 row");
  }

  private static boolean redisAccepts(String password) {
    return inPod("redis", "REDISCLI_AUTH=%s redis-cli ping".formatted(password)).contains("PONG");
  }

  /** What a program says, a refusal too; asked again when kubectl itself fails. */
  private static String inPod(String component, String script) {
    return await("a command in " + component)
        .atMost(Staging.SOON)
        .until(
            () ->
                staging
                    .cluster()
                    .exec(
                        "kubectl",
                        "-n",
                        NAMESPACE,
                        "exec",
                        NAME + "-" + component + "-0",
                        "-c",
                        component,
                        "--",
                        "sh",
                        "-c",
                        script),
            ended ->
                ended.exitCode() == 0
                    || ended.stderr().contains("command terminated with exit code"))
        .stdout();
  }

  private static String sql(String statement) {
    return inPod("postgres", "psql -U app -d app -Atqc \"" + statement + "\"").strip();
  }

  private static void generate(String key, String json) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(
            PatchContext.of(PatchType.JSON),
            "[{\"op\":\"replace\",\"path\":\"/spec/secrets/keys/%d/generate\",\"value\":%s}]"
                .formatted(KEYS.indexOf(key), json));
  }

  private static String state(String key) {
    return secret("-credentials").getOrDefault(key + ".rotation", "0");
  }

  private static boolean done(String key, int number) {
    return state(key).startsWith("{\"done\":%d,".formatted(number))
        && !state(key).contains("\"attempt\"");
  }

  /** Runs operators that die after their next write until the rotation is done. */
  private static int dyingOperators(String key, int number, Runnable afterEach) {
    int lives = 0;
    while (!done(key, number)) {
      assertThat(++lives).as("lives; state: %s", state(key)).isLessThan(MOST_LIVES);
      try (var operator =
          new InProcessOperator(
              staging.admin(), NAMESPACE, 1, true, path -> !path.endsWith("/status"))) {
        await("a write or the end of the rotation of " + key)
            .atMost(LIFE)
            .pollInterval(Duration.ofMillis(100))
            .until(() -> operator.isDead() || done(key, number));
      }
      noValueShows();
      afterEach.run();
    }
    return lives;
  }

  /** Neither in what Jobs and pods are made of, nor in what the server logs. */
  private static void noValueShows() {
    var shown =
        Serialization.asJson(
                staging.admin().batch().v1().jobs().inNamespace(NAMESPACE).list().getItems())
            + Serialization.asJson(staging.admin().pods().inNamespace(NAMESPACE).list().getItems())
            + Serialization.asJson(staging.environment(NAMESPACE, NAME).get());
    secret("-credentials")
        .forEach((key, value) -> {
          if (!key.endsWith(".rotation")) {
            assertThat(shown.contains(value)).as("the value of %s can be seen", key).isFalse();
          }
        });
  }

  private static void awaitRow(String key, String step, int number) {
    staging.await(
        NAMESPACE,
        NAME,
        "rotation %d of %s to be %s".formatted(number, key, step),
        Staging.LONG,
        e ->
            e.getStatus().rotations() != null
                && e.getStatus().rotations().stream()
                    .anyMatch(row ->
                        row.key().equals(key)
                            && row.step().equals(step)
                            && row.rotation() == number));
  }

  @Test
  @Order(10)
  void the_login_of_postgresql_is_replaced_by_operators_that_die_after_each_write()
      throws IOException {
    var before = login();
    assertThat(before.user()).isEqualTo("app");
    browser.post(APP + "/api/messages", "{\"text\":\"before\"}");
    var valid = new ArrayList<String>();

    generate(POSTGRES, "{\"length\":32,\"rotation\":1}");
    int lives =
        dyingOperators(
            POSTGRES,
            1,
            () -> {
              assertThat(letsIn(login())).as("the application's login").isTrue();
              if (state(POSTGRES).matches(".*\"(PREPARING|STARTING)\".*")) {
                assertThat(letsIn(before)).as("the login before").isTrue();
                valid.add(state(POSTGRES));
              }
            });

    System.out.printf("rotation of PostgreSQL: %d lives of the operator%n", lives);
    assertThat(lives).isGreaterThan(5);
    assertThat(valid).hasSizeGreaterThan(2);
    assertThat(login().user()).isEqualTo("app_a");
    assertThat(letsIn(login())).isTrue();
    assertThat(letsIn(before)).isFalse();
    assertThat(letsIn(new Login("app", secret("-credentials").get(POSTGRES)))).isTrue();
    browser.post(APP + "/api/messages", "{\"text\":\"after\"}");
    assertThat(browser.get(APP + "/api/messages").body()).contains("before", "after");
    inPod(
        "postgres",
        "PGPASSWORD=%s psql -w -h $(hostname -i) -U app_a -d app -c 'CREATE TABLE made (i int)'"
            .formatted(login().password()));
    assertThat(sql("SELECT tableowner FROM pg_tables WHERE tablename IN ('made', 'messages')"))
        .isEqualTo("app\napp");
    assertThat(inPod("postgres", "cat /proc/1/environ")).doesNotContain(login().password());
    assertThat(unanswered).as("unanswered of %s requests", requests).isEmpty();
  }

  @Test
  @Order(20)
  void the_password_of_redis_is_replaced_by_operators_that_die_after_each_write()
      throws IOException {
    var before = secret("-credentials").get(REDIS);
    var pod = staging.admin().pods().inNamespace(NAMESPACE).withName(NAME + "-redis-0").get();
    var cookie = browser.get(APP + "/api/session").cookie();

    generate(REDIS, "{\"length\":32,\"rotation\":1}");
    int lives =
        dyingOperators(
            REDIS,
            1,
            () -> {
              if (state(REDIS).matches(".*\"(PREPARING|STARTING)\".*")) {
                assertThat(redisAccepts(before)).as("the password before").isTrue();
              }
            });

    System.out.printf("rotation of Redis: %d lives of the operator%n", lives);
    assertThat(lives).isGreaterThan(5);
    var after = secret("-credentials").get(REDIS);
    assertThat(after).isNotEqualTo(before);
    assertThat(redisAccepts(after)).isTrue();
    assertThat(redisAccepts(before)).isFalse();
    var now = staging.admin().pods().inNamespace(NAMESPACE).withName(NAME + "-redis-0").get();
    assertThat(now.getMetadata().getUid()).isEqualTo(pod.getMetadata().getUid());
    assertThat(now.getStatus().getContainerStatuses().getFirst().getRestartCount()).isZero();
    assertThat(
            browser.getWith(APP + "/api/session", Map.of("Cookie", cookie.split(";", 2)[0])).body())
        .contains("\"visits\":2");
    assertThat(browser.get(APP + "/api/health").body()).contains("\"redis\":\"up\"");
    assertThat(unanswered).as("unanswered of %s requests", requests).isEmpty();
  }

  @Test
  @Order(30)
  void a_value_that_the_application_refuses_is_taken_back_and_a_good_one_follows()
      throws IOException {
    var before = secret("-app-env");
    try (var operator = new InProcessOperator(staging.admin(), NAMESPACE)) {
      // The application asks for 32 characters.
      generate("JWT_SECRET", "{\"length\":16,\"rotation\":1}");
      awaitRow("JWT_SECRET", "Failed", 1);

      var ready =
          Staging.condition(
              staging.awaitReason(NAMESPACE, NAME, "Ready", "RotationFailed"), "Ready");
      assertThat(ready.getMessage()).contains("JWT_SECRET has 16 characters and needs 32");
      assertThat(secret("-app-env")).isEqualTo(before);
      assertThat(unanswered).as("unanswered of %s requests", requests).isEmpty();
      noValueShows();

      var old = login();
      generate("JWT_SECRET", "{\"length\":48,\"rotation\":2}");
      generate(POSTGRES, "{\"length\":32,\"rotation\":2}");
      awaitRow("JWT_SECRET", "Done", 2);
      awaitRow(POSTGRES, "Done", 2);

      assertThat(secret("-app-env").get("JWT_SECRET")).isNotEqualTo(before.get("JWT_SECRET"));
      assertThat(login().user()).isEqualTo("app_b");
      assertThat(letsIn(login())).isTrue();
      assertThat(letsIn(old)).isFalse();
      await("no Job to be left")
          .atMost(Staging.SOON)
          .until(() ->
              staging
                  .admin()
                  .batch()
                  .v1()
                  .jobs()
                  .inNamespace(NAMESPACE)
                  .list()
                  .getItems()
                  .isEmpty());
      var written = new AtomicReference<List<String>>(List.of());
      await("silence")
          .atMost(Staging.SOON)
          .during(Duration.ofSeconds(3))
          .until(() -> {
            var last = written.getAndSet(operator.writes());
            return last.equals(written.get());
          });
    }
    assertThat(unanswered).as("unanswered of %s requests", requests).isEmpty();
  }
}

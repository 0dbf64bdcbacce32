package ru.scoliologic.staging.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ExecConfig;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.LoginTask;
import ru.scoliologic.staging.throwaway.Images;

/**
 * The steps of a rotation and the scripts of its Jobs on a real PostgreSQL and a real Redis. After
 * every change the application that serves can log in to both: that is tried for real.
 */
class RotationIT {
  private static final Pattern DATABASE = Pattern.compile("postgresql://([^:]+):([^@]+)@.*");
  private static final Pattern REDIS = Pattern.compile("redis://:([^@]+)@.*");

  /** The world with servers in containers; every Job runs twice, as after a death of its node. */
  private static final class Servers extends RotationWorld implements AutoCloseable {
    private final GenericContainer<?> postgres =
        new GenericContainer<>(DockerImageName.parse(Images.POSTGRES));
    private final GenericContainer<?> redis =
        new GenericContainer<>(DockerImageName.parse(Images.REDIS));
    private final List<String> said = new ArrayList<>();

    @Override
    void serversStart() {
      postgres
          .withEnv("POSTGRES_USER", "app")
          .withEnv("POSTGRES_DB", "app")
          .withEnv("POSTGRES_PASSWORD", credentials.get("POSTGRES_PASSWORD"))
          .waitingFor(Wait.forSuccessfulCommand("pg_isready -h 127.0.0.1 -U app -d app"))
          .start();
      redis.waitingFor(Wait.forSuccessfulCommand("redis-cli ping")).start();
      setUser("operator", credentials.get("redis-operator-password"));
      setUser("default", credentials.get("REDIS_PASSWORD"));
    }

    /** The first is made by a Redis without passwords; it makes the second. */
    private void setUser(String user, String password) {
      in(
          redis,
          Map.of("REDISCLI_AUTH", credentials.get("redis-operator-password")),
          "redis-cli %s ACL SETUSER %s on '>%s' '~*' '&*' +@all"
              .formatted(user.equals("default") ? "--user operator" : "", user, password));
    }

    @Override
    boolean done(LoginTask task, Map<String, String> secret) {
      boolean database = task.component() == ComponentName.POSTGRES;
      var variables = new HashMap<>(secret);
      variables.putAll(task.variables());
      variables.putAll(
          database
              ? Map.of("PGUSER", "app", "PGDATABASE", "app")
              : Map.of("REDISCLI_AUTH", credentials.get("redis-operator-password")));
      var script = Given.resource("/" + task.component() + "/login.sh");
      var address = database ? "PGHOST" : "REDIS_HOST";
      for (int run = 0; run < 2; run++) {
        var result =
            in(
                database ? postgres : redis,
                variables,
                "export %s=$(hostname -i)\n".formatted(address) + script,
                task.verb());
        said.add(result.getStdout() + result.getStderr());
        if (result.getExitCode() != 0) {
          return false;
        }
      }
      return true;
    }

    @Override
    boolean logsIn(Map<String, String> variables) {
      var database = DATABASE.matcher(variables.getOrDefault("DATABASE_URL", ""));
      var url = REDIS.matcher(variables.getOrDefault("REDIS_URL", ""));
      return database.matches()
          && url.matches()
          && sql(database.group(1), database.group(2), "SELECT current_user").equals("app")
          && accepts(url.group(1));
    }

    String sql(String user, String password, String statement) {
      return in(
              postgres,
              Map.of("PGPASSWORD", password),
              "psql -w -h $(hostname -i) -U %s -d app -Atqc \"%s\"".formatted(user, statement))
          .getStdout()
          .strip();
    }

    boolean accepts(String password) {
      return in(redis, Map.of("REDISCLI_AUTH", password), "redis-cli ping")
          .getStdout()
          .contains("PONG");
    }

    private static ExecResult in(
        GenericContainer<?> container,
        Map<String, String> variables,
        String script,
        String... more) {
      var command = new ArrayList<>(List.of("sh", "-c", script, "login.sh"));
      command.addAll(List.of(more));
      try {
        return container.execInContainer(
            ExecConfig.builder()
                .command(command.toArray(String[]::new))
                .envVars(variables)
                .build());
      } catch (IOException e) {
        throw new AssertionError(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }

    @Override
    public void close() {
      postgres.stop();
      redis.stop();
    }
  }

  @Test
  void every_step_may_be_the_last_of_its_operator() {
    try (var world = new Servers()) {
      world.begins();
      var before = world.credentials;
      world.sql("app", before.get("POSTGRES_PASSWORD"), "CREATE TABLE kept (i int)");

      world.ask("POSTGRES_PASSWORD", 1).ask("REDIS_PASSWORD", 1);
      for (int step = 0; step < 12; step++) {
        world.pass(true);
        world.pass(false);
        world.jobsEnd();
        world.rolls();
      }
      world.settles();

      var after = world.credentials;
      assertThat(world.rows())
          .hasSize(2)
          .allSatisfy(row -> assertThat(row.step()).isEqualTo("Done"));
      assertThat(world.serving.get("DATABASE_URL")).startsWith("postgresql://app_a:");
      assertThat(world.accepts(before.get("REDIS_PASSWORD"))).isFalse();
      assertThat(world.sql("app", before.get("POSTGRES_PASSWORD"), "SELECT 1")).isEmpty();
      assertThat(world.sql("app", after.get("POSTGRES_PASSWORD"), "SELECT 1")).isEqualTo("1");
      var login = after.get("POSTGRES_PASSWORD.login");
      world.sql("app_a", login, "CREATE TABLE made (i int)");
      assertThat(
              world.sql(
                  "app_a",
                  login,
                  "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
          .isEqualTo("kept|app\nmade|app");

      world.ask("POSTGRES_PASSWORD", 2).settles();
      assertThat(world.serving.get("DATABASE_URL")).startsWith("postgresql://app_b:");
      assertThat(world.sql("app_a", login, "SELECT 1")).isEmpty();
      assertThat(world.postgres.getLogs())
          .doesNotContain(login, world.credentials.get("POSTGRES_PASSWORD.login"));
    }
  }

  @Test
  void what_the_application_does_not_come_up_with_is_shut_out_again() {
    try (var world = new Servers()) {
      world.begins();
      var before = Map.copyOf(world.serving);
      world.appRefuses = variables -> !variables.equals(before);
      world.ask("POSTGRES_PASSWORD", 1).ask("REDIS_PASSWORD", 1);
      world.pass();
      var next = world.credentials.get("POSTGRES_PASSWORD.next");

      world.settles();

      assertThat(world.rows())
          .hasSize(2)
          .allSatisfy(row -> assertThat(row.step()).isEqualTo("Failed"));
      assertThat(world.serving).isEqualTo(before);
      assertThat(next).isNotBlank();
      assertThat(world.sql("app_a", next, "SELECT 1")).isEmpty();
    }
  }

  @Test
  void a_role_that_somebody_else_made_is_left_alone() {
    try (var world = new Servers()) {
      world.begins();
      var owner = world.credentials.get("POSTGRES_PASSWORD");
      world.sql("app", owner, "CREATE ROLE app_a LOGIN PASSWORD 'theirs'");

      world.ask("POSTGRES_PASSWORD", 1);
      for (int pass = 0; pass < 3; pass++) {
        world.pass();
        world.jobsEnd();
        world.rolls();
      }

      assertThat(world.said)
          .anyMatch(text -> text.contains("app_a exists and is not the operator's"));
      assertThat(world.sql("app_a", "theirs", "SELECT 1")).isEqualTo("1");
    }
  }
}

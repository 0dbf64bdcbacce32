package ru.scoliologic.staging.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The scripts of PostgreSQL's pod as they ship, between programs that stand in for the image's: an
 * entry point that makes a database where there is none, and {@code pg_isready}.
 */
class StartScriptsTest {
  private static final Path SCRIPTS = Path.of("src/main/resources/postgres").toAbsolutePath();

  /** As the image's: what is there is started, whole or not. */
  private static final String ENTRY_POINT =
      """
      #!/bin/bash
      set -euo pipefail
      if [ ! -s "$PGDATA/PG_VERSION" ]; then
        mkdir -p "$PGDATA"
        echo 17 >"$PGDATA/PG_VERSION"
        echo initialising
        [ -z "${FAILS:-}" ] || { echo 'psql:one.sql:1: ERROR:  division by zero' >&2; exit 3; }
        echo all >"$PGDATA/content"
      fi
      echo "serves $* with $(cat "$PGDATA/content" 2>/dev/null || echo half)"
      """;

  @TempDir private Path folder;
  private final Map<String, String> variables = new HashMap<>();

  private record Outcome(int code, String said) {}

  @BeforeEach
  void a_volume_and_an_image() throws IOException {
    for (var name : List.of("bin", "start", "volume", "own", "given", "all")) {
      Files.createDirectory(folder.resolve(name));
    }
    program("docker-entrypoint.sh", ENTRY_POINT);
    program("pg_isready", "#!/bin/sh\nexit ${READY:-0}\n");
    program("postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 17.5 (Debian 17.5-1)'\n");
    variables.putAll(
        Map.of(
            "PGDATA", folder.resolve("volume/pgdata").toString(),
            "VOLUME", folder.resolve("volume").toString(),
            "BASH_ENV", SCRIPTS.resolve("guard.sh").toString(),
            "START", folder.resolve("start").toString(),
            "POSTGRES_USER", "app",
            "POSTGRES_DB", "app",
            "OWN", folder.resolve("own").toString(),
            "GIVEN", folder.resolve("given").toString(),
            "ALL", folder.resolve("all").toString(),
            "RESULT", folder.resolve("result").toString()));
  }

  private void program(String name, String text) throws IOException {
    var file = folder.resolve("bin").resolve(name);
    Files.writeString(file, text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Outcome run(String... command) throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command);
    builder.environment().putAll(variables);
    builder.environment().merge("PATH", folder.resolve("bin") + ":", (path, bin) -> bin + path);
    var said = folder.resolve("said");
    var process = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends").isTrue();
    return new Outcome(process.exitValue(), Files.readString(said));
  }

  private Outcome starts() throws IOException, InterruptedException {
    return run(folder.resolve("bin/docker-entrypoint.sh").toString(), "postgres", "-c", "jit=off");
  }

  private Outcome script(String name) throws IOException, InterruptedException {
    return run("sh", SCRIPTS.resolve(name).toString());
  }

  private void file(String name, String text) throws IOException {
    Files.createDirectories(folder.resolve(name).getParent());
    Files.writeString(folder.resolve(name), text);
  }

  private boolean started() {
    return Files.exists(folder.resolve("volume/.initialisation-started"));
  }

  private boolean ended() {
    return Files.exists(folder.resolve("volume/.initialisation-ended"));
  }

  @Test
  void a_new_database_is_marked_from_before_its_initialisation_to_the_first_answer_over_tcp()
      throws IOException, InterruptedException {
    assertThat(starts())
        .isEqualTo(new Outcome(0, "initialising\nserves postgres -c jit=off with all\n"));
    assertThat(started()).isTrue();

    variables.put("READY", "2");
    assertThat(script("up.sh").code()).isEqualTo(2);
    assertThat(started()).isTrue();
    assertThat(ended()).isFalse();

    variables.put("READY", "0");
    assertThat(script("up.sh").code()).isZero();
    assertThat(started()).isFalse();
    assertThat(ended()).isTrue();
    assertThat(starts().said()).isEqualTo("serves postgres -c jit=off with all\n");
  }

  @Test
  void a_database_that_was_left_half_made_is_made_again_until_it_is_whole()
      throws IOException, InterruptedException {
    variables.put("FAILS", "yes");
    for (int i = 0; i < 2; i++) {
      var outcome = starts();
      assertThat(outcome.code()).isEqualTo(3);
      assertThat(outcome.said()).contains("ERROR:  division by zero");
    }

    variables.remove("FAILS");
    assertThat(starts().said())
        .contains("it is made again", "serves postgres -c jit=off with all")
        .doesNotContain("half");
  }

  /** By a kill or the loss of its node, at whatever it was about. */
  @Test
  void what_was_killed_before_its_version_was_written_is_made_again()
      throws IOException, InterruptedException {
    file("volume/.initialisation-started", "");
    file("volume/pgdata/base/1", "left");

    assertThat(starts().code()).isZero();
    assertThat(Files.exists(folder.resolve("volume/pgdata/base"))).isFalse();
  }

  @Test
  void what_died_between_the_two_marks_is_whole() throws IOException, InterruptedException {
    starts();
    file("volume/.initialisation-ended", "");

    assertThat(starts().said()).isEqualTo("serves postgres -c jit=off with all\n");
    assertThat(script("up.sh").code()).isZero();
    assertThat(started()).isFalse();
  }

  @Test
  void a_database_of_before_the_marks_is_complete() throws IOException, InterruptedException {
    file("volume/pgdata/PG_VERSION", "17\n");
    file("volume/pgdata/content", "old\n");

    assertThat(starts()).isEqualTo(new Outcome(0, "serves postgres -c jit=off with old\n"));
    assertThat(script("up.sh").code()).isZero();
    assertThat(started()).isFalse();
  }

  @Test
  void a_half_made_database_that_the_application_may_have_used_is_left_alone_and_named()
      throws IOException, InterruptedException {
    variables.put("FAILS", "yes");
    starts();
    file("start/served", "yes");

    var outcome = starts();

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said())
        .startsWith("FATAL:  the initialisation of ")
        .contains("never ended", "left as it is", "remove");
    assertThat(folder.resolve("volume/pgdata/PG_VERSION")).exists();
  }

  /** Scripts of the image that bash runs read the same variable. */
  @Test
  void nothing_but_the_entry_point_is_guarded() throws IOException, InterruptedException {
    program("other.sh", "#!/bin/bash\necho other\n");

    assertThat(run(folder.resolve("bin/other.sh").toString()).said()).isEqualTo("other\n");
    assertThat(started()).isFalse();
  }

  @Test
  void the_scripts_of_the_image_and_of_the_spec_come_together_and_keep_their_modes()
      throws IOException, InterruptedException {
    file("own/00-own.sql", "SELECT 1;");
    file("own/10-run.sh", "echo");
    assertThat(folder.resolve("own/10-run.sh").toFile().setExecutable(true)).isTrue();
    file("own/20-both.sql", "of the image");
    file("given/20-both.sql", "of the spec");
    file("given/30-source.sh", "echo");

    for (int run = 0; run < 2; run++) {
      assertThat(script("prepare.sh")).isEqualTo(new Outcome(0, ""));
    }

    try (var files = Files.list(folder.resolve("all"))) {
      assertThat(files.map(f -> f.getFileName().toString()).sorted())
          .containsExactly("00-own.sql", "10-run.sh", "20-both.sql", "30-source.sh");
    }
    assertThat(folder.resolve("all/20-both.sql")).hasContent("of the spec");
    assertThat(Files.isExecutable(folder.resolve("all/10-run.sh"))).isTrue();
    assertThat(Files.isExecutable(folder.resolve("all/30-source.sh"))).isFalse();
  }

  @Test
  void the_version_is_that_of_the_data_or_of_the_image_while_there_is_none()
      throws IOException, InterruptedException {
    script("prepare.sh");
    assertThat(folder.resolve("result")).hasContent("17");

    file("volume/pgdata/PG_VERSION", "16\n");
    var outcome = script("prepare.sh");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said())
        .startsWith("FATAL:  the data is of PostgreSQL 16, the image of 17, which cannot read it");
  }

  @ParameterizedTest
  @CsvSource({"pgdata, 18/docker, 17", "18/docker, pgdata, 18", "18/docker, 19/docker, 18"})
  void data_in_the_folder_of_another_version_is_no_empty_volume(
      String has, String asked, String version) throws IOException, InterruptedException {
    file("volume/" + has + "/PG_VERSION", version + "\n");
    variables.put("PGDATA", folder.resolve("volume/" + asked).toString());

    var outcome = script("prepare.sh");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said())
        .startsWith("FATAL:  the volume holds data of PostgreSQL " + version)
        .contains("set version back");
  }

  @Test
  void an_image_that_words_its_version_otherwise_is_understood()
      throws IOException, InterruptedException {
    program("postgres", "#!/bin/sh\necho 'postgres (EnterpriseDB) 17.5.0'\n");
    script("prepare.sh");
    assertThat(folder.resolve("result")).hasContent("17");

    program("postgres", "#!/bin/sh\necho 'a server of our own'\n");
    file("volume/pgdata/PG_VERSION", "17\n");
    assertThat(script("prepare.sh").code()).isZero();
  }
}

package ru.scoliologic.staging.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code task.sh} as it ships, between programs that stand in for PostgreSQL's: each notes how it
 * was called, and fails where a test asks it to.
 */
class TaskScriptTest {
  private static final Path SCRIPT = Path.of("src/main/resources/postgres/task.sh");
  private static final int REFUSED = 3;

  /** Its dumps begin as real ones do and end with a mark, so that a cut one can be told. */
  private static final String PG_DUMP =
      """
      echo "pg_dump $*" >>"$CALLS"
      while [ $# -gt 1 ]; do [ "$1" = -f ] && file=$2; shift; done
      printf 'PGDMP rows' >"$file"
      [ -z "${CUT:-}" ] || { echo 'pg_dump: error: connection lost' >&2; exit 1; }
      printf ' end' >>"$file"
      """;

  private static final String PG_RESTORE =
      """
      echo "pg_restore $*" >>"$CALLS"
      for file; do :; done
      case ${1:-} in --list) [ -z "${UNREADABLE:-}" ] ;; *) [ -z "${UNLOADABLE:-}" ] ;; esac &&
      grep -q 'end$' "$file" || { echo "pg_restore: error: $file is no archive" >&2; exit 1; }
      """;

  private static final String PSQL =
      """
      { echo "psql $*"; [ "${*%-f *}" != "$*" ] || sed 's/^/  /'; } >>"$CALLS"
      case "$*" in *broken*) echo 'psql: error: syntax' >&2; exit 3 ;; esac
      """;

  @TempDir private Path folder;
  private final Map<String, String> variables = new LinkedHashMap<>();

  private record Outcome(int code, String said, String result, String calls) {}

  @BeforeEach
  void a_backup_volume_and_programs() throws IOException {
    Files.createDirectory(folder.resolve("bin"));
    program("pg_dump", PG_DUMP);
    program("pg_restore", PG_RESTORE);
    program("psql", PSQL);
    Files.createDirectory(backups());
    variables.putAll(
        Map.of("PGHOST", "db", "PGUSER", "app", "PGPASSWORD", "p", "PGDATABASE", "app"));
    variables.putAll(Map.of("KEEP", "2", "TASK_ID", "id"));
    for (var name : List.of("BACKUPS", "SEED", "INIT", "WORK", "RESULT", "CALLS")) {
      variables.put(name, folder.resolve(name.toLowerCase(java.util.Locale.ROOT)).toString());
    }
    Files.createDirectory(folder.resolve("work"));
  }

  private Path backups() {
    return folder.resolve("backups");
  }

  private void program(String name, String text) throws IOException {
    var file = folder.resolve("bin").resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Outcome run(String task) throws IOException, InterruptedException {
    var builder = new ProcessBuilder("sh", SCRIPT.toAbsolutePath().toString(), task);
    builder.environment().putAll(variables);
    builder.environment().merge("PATH", folder.resolve("bin") + ":", (path, bin) -> bin + path);
    var said = folder.resolve("said");
    var process = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends").isTrue();
    return new Outcome(process.exitValue(), Files.readString(said), text("result"), text("calls"));
  }

  private String text(String file) throws IOException {
    var path = folder.resolve(file);
    return Files.exists(path) ? Files.readString(path) : "";
  }

  private List<String> present() throws IOException {
    try (Stream<Path> files = Files.list(backups())) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private void dump(String name, String content) throws IOException {
    Files.writeString(backups().resolve(name), content);
    Files.writeString(backups().resolve(name + ".sha256"), sha256(content) + "  " + name + "\n");
  }

  private static String sha256(String content) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256")
                  .digest(content.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void a_backup_that_can_be_read_gets_its_name_and_its_checksum()
      throws IOException, InterruptedException {
    var outcome = run("backup");

    assertThat(outcome.code()).as(outcome.said()).isZero();
    assertThat(present())
        .hasSize(2)
        .allMatch(n -> n.matches("app-\\d{8}T\\d{6}Z\\.dump(\\.sha256)?"));
    var name = present().getFirst();
    assertThat(Files.readString(backups().resolve(name + ".sha256")))
        .isEqualTo(sha256("PGDMP rows end") + "  " + name + "\n");
    assertThat(outcome.result()).isEqualTo("file=" + name + " bytes=14\n");
    assertThat(outcome.calls()).contains("pg_restore --list").doesNotContain("psql");
  }

  @ParameterizedTest
  @CsvSource({
    "CUT, failed: pg_dump did not finish",
    "UNREADABLE, failed: pg_restore cannot read what pg_dump wrote"
  })
  void a_dump_that_is_cut_or_cannot_be_read_is_no_backup(String fault, String expected)
      throws IOException, InterruptedException {
    dump("app-20250101T000000Z.dump", "PGDMP old end");
    variables.put(fault, "yes");

    var outcome = run("backup");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said()).contains(expected);
    assertThat(outcome.result()).isEmpty();
    assertThat(present())
        .containsExactly("app-20250101T000000Z.dump", "app-20250101T000000Z.dump.sha256");
  }

  @Test
  void a_checksum_that_cannot_be_made_leaves_no_backup() throws IOException, InterruptedException {
    program("sha256sum", "echo 'sha256sum: input/output error' >&2; exit 1\n");

    var outcome = run("backup");

    assertThat(outcome.code()).as(outcome.said()).isEqualTo(1);
    assertThat(outcome.said()).contains("failed: the checksum cannot be made");
    assertThat(present()).isEmpty();
  }

  @Test
  void a_checksum_that_cannot_be_written_leaves_no_backup()
      throws IOException, InterruptedException {
    // A folder of that name is in the way of the file.
    program("pg_restore", PG_RESTORE + "[ \"$1\" != --list ] || mkdir \"$file.sha256\"\n");

    var outcome = run("backup");

    assertThat(outcome.code()).as(outcome.said()).isNotZero();
    assertThat(present()).noneMatch(name -> name.endsWith("Z.dump"));
  }

  @Test
  void a_backup_that_was_cut_by_a_kill_is_cleared_away_by_the_next_and_never_taken_for_one()
      throws IOException, InterruptedException {
    var partial = backups().resolve(".partial.killed.app-20250101T000000Z.dump");
    Files.writeString(partial, "PGDMP ro");
    Files.setLastModifiedTime(partial, FileTime.from(Instant.now().minusSeconds(7200)));
    variables.put("FILE", "latest");

    var restore = run("restore");
    var backup = run("backup");

    assertThat(restore.code()).isEqualTo(REFUSED);
    assertThat(restore.said()).contains("refused: the backup volume holds no backup");
    assertThat(backup.code()).isZero();
    assertThat(present()).noneMatch(name -> name.startsWith(".partial"));
  }

  @Test
  void what_another_task_is_writing_is_left_alone() throws IOException, InterruptedException {
    Files.writeString(backups().resolve(".partial.other.app.dump"), "PGDMP ro");

    var backup = run("backup");

    assertThat(backup.code()).isZero();
    assertThat(present()).contains(".partial.other.app.dump");
  }

  @Test
  void a_copy_before_a_migration_is_made_once_and_pushes_out_none_of_another_kind()
      throws IOException, InterruptedException {
    for (int number = 1; number <= 3; number++) {
      dump("app-before-restore-%d.dump".formatted(number), "PGDMP end");
    }
    var first = run("copy");
    program("pg_dump", "echo 'is not asked again' >&2; exit 1\n");
    var second = run("copy");

    assertThat(first.code()).as(first.said()).isZero();
    assertThat(first.result()).isEqualTo("kept as app-before-migration-id.dump\n");
    assertThat(second.code()).as(second.said()).isZero();
    assertThat(present().stream().filter(name -> name.endsWith(".dump")))
        .hasSize(4)
        .contains("app-before-migration-id.dump");
  }

  @Test
  void of_the_copies_before_migrations_the_newest_three_stay()
      throws IOException, InterruptedException {
    for (int number = 1; number <= 5; number++) {
      variables.put("TASK_ID", "id" + number + "-of-a-job");
      assertThat(run("copy").code()).isZero();
      var made = backups().resolve("app-before-migration-id%d.dump".formatted(number));
      Files.setLastModifiedTime(made, FileTime.from(Instant.ofEpochSecond(1_000_000L + number)));
    }
    variables.put("TASK_ID", "last");
    assertThat(run("copy").code()).isZero();

    assertThat(present().stream().filter(name -> name.endsWith(".dump")))
        .containsExactly(
            "app-before-migration-id4.dump",
            "app-before-migration-id5.dump",
            "app-before-migration-last.dump");
  }

  @Test
  void only_good_backups_push_older_ones_out() throws IOException, InterruptedException {
    for (int day = 1; day <= 3; day++) {
      dump("app-2025010%dT000000Z.dump".formatted(day), "PGDMP end");
    }
    variables.put("CUT", "yes");
    run("backup");
    assertThat(present()).hasSize(6);

    variables.remove("CUT");
    var good = run("backup");

    assertThat(good.said()).contains("removed app-20250101T000000Z.dump");
    assertThat(present().stream().filter(n -> n.endsWith(".dump")))
        .hasSize(2)
        .contains("app-20250103T000000Z.dump");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "restore"})
  void a_file_that_is_not_what_was_written_is_refused_and_the_database_not_touched(String task)
      throws IOException, InterruptedException {
    dump("app-20250101T000000Z.dump", "PGDMP rows end");
    Files.writeString(backups().resolve("app-20250101T000000Z.dump"), "PGDMP r0ws end");
    variables.put("FILE", "latest");

    var outcome = run(task);

    assertThat(outcome.code()).isEqualTo(REFUSED);
    assertThat(outcome.said())
        .contains("app-20250101T000000Z.dump is damaged: its SHA-256 is not the one");
    assertThat(outcome.calls()).isEmpty();
  }

  @Test
  void a_checksum_that_is_empty_proves_nothing() throws IOException, InterruptedException {
    dump("app-20250101T000000Z.dump", "PGDMP rows end");
    Files.writeString(backups().resolve("app-20250101T000000Z.dump.sha256"), "\n");
    variables.put("FILE", "latest");
    program("sha256sum", "exit 1\n");

    var outcome = run("restore");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said()).contains("app-20250101T000000Z.dump cannot be read");
    assertThat(outcome.calls()).isEmpty();
  }

  @Test
  void a_file_without_a_checksum_and_one_that_is_not_there_are_refused()
      throws IOException, InterruptedException {
    Files.writeString(backups().resolve("app-20250101T000000Z.dump"), "PGDMP rows end");

    variables.put("FILE", "app-20250101T000000Z.dump");
    assertThat(run("check").said()).contains("has no checksum app-20250101T000000Z.dump.sha256");
    variables.put("FILE", "app-20250102T000000Z.dump");
    assertThat(run("check").said())
        .contains(
            "no file app-20250102T000000Z.dump; the newest backups are: app-20250101T000000Z");
  }

  @Test
  void a_restore_is_loaded_beside_the_live_database_and_then_takes_its_name()
      throws IOException, InterruptedException {
    dump("app-20250101T000000Z.dump", "PGDMP rows end");
    variables.put("FILE", "latest");

    var outcome = run("restore");

    assertThat(outcome.code()).as(outcome.said()).isZero();
    assertThat(outcome.calls())
        .containsSubsequence(
            "pg_dump -Fc",
            "CREATE DATABASE",
            "pg_restore --exit-on-error --clean --if-exists --no-owner -d staging_task_new",
            "BEGIN;",
            "RENAME TO",
            "COMMIT;");
    assertThat(outcome.result())
        .isEqualTo(
            "put back to app-20250101T000000Z.dump; the state before is kept as"
                + " app-before-restore-id.dump\n");
    assertThat(present()).contains("app-before-restore-id.dump.sha256");
  }

  @Test
  void what_cannot_be_loaded_never_takes_the_name_and_is_dropped()
      throws IOException, InterruptedException {
    dump("app-20250101T000000Z.dump", "PGDMP rows end");
    variables.put("FILE", "latest");
    variables.put("UNLOADABLE", "yes");

    var outcome = run("restore");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said()).contains("failed: app-20250101T000000Z.dump cannot be loaded");
    assertThat(outcome.calls().lines().toList().getLast())
        .contains("DROP DATABASE IF EXISTS staging_task_new WITH (FORCE)");
    assertThat(outcome.calls()).doesNotContain("RENAME TO");
  }

  @Test
  void a_safety_copy_that_fails_stops_a_restore_before_anything_is_changed()
      throws IOException, InterruptedException {
    dump("app-20250101T000000Z.dump", "PGDMP rows end");
    variables.put("FILE", "latest");
    variables.put("CUT", "yes");

    var outcome = run("restore");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.calls()).doesNotContain("psql");
  }

  @Test
  void a_seed_of_sql_compressed_sql_and_dumps_is_loaded_in_the_order_of_the_names()
      throws IOException, InterruptedException {
    var seed = Files.createDirectory(folder.resolve("seed"));
    Files.writeString(seed.resolve("1.sql"), "SELECT 1;");
    try (var gzip =
        new java.util.zip.GZIPOutputStream(Files.newOutputStream(seed.resolve("2.sql.gz")))) {
      gzip.write("SELECT 2;".getBytes(StandardCharsets.UTF_8));
    }
    Files.writeString(seed.resolve("3.dump"), "PGDMP rows end");

    var outcome = run("seed");

    assertThat(outcome.code()).as(outcome.said()).isZero();
    assertThat(outcome.calls())
        .containsSubsequence(
            "-f " + seed.resolve("1.sql"),
            "-f " + folder.resolve("work/load.sql"),
            "pg_restore --exit-on-error",
            "RENAME TO");
    assertThat(Files.readString(folder.resolve("work/load.sql"))).isEqualTo("SELECT 2;");
  }

  @Test
  void compressed_sql_that_is_cut_is_not_loaded() throws IOException, InterruptedException {
    var seed = Files.createDirectory(folder.resolve("seed"));
    Files.write(seed.resolve("2.sql.gz"), new byte[] {0x1f, (byte) 0x8b, 8, 0, 0});

    var outcome = run("seed");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said()).contains("failed: 2.sql.gz cannot be loaded");
    assertThat(outcome.calls()).doesNotContain("load.sql").doesNotContain("RENAME TO");
  }

  @Test
  void a_seed_that_fails_leaves_the_database_as_it_was() throws IOException, InterruptedException {
    var seed = Files.createDirectory(folder.resolve("seed"));
    Files.writeString(seed.resolve("broken.sql"), "SELEC;");

    var outcome = run("seed");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said()).contains("failed: broken.sql cannot be loaded");
    assertThat(outcome.calls()).doesNotContain("RENAME TO");
  }

  @Test
  void a_seed_from_the_newest_backup_of_a_volume_is_checked_like_a_restore()
      throws IOException, InterruptedException {
    dump("other-20250101T000000Z.dump", "PGDMP old end");
    dump("app-20250102T000000Z.dump", "PGDMP new end");
    variables.put("SEED", backups().toString());
    variables.put("FILE", "latest");

    var good = run("seed");
    Files.writeString(backups().resolve("app-20250102T000000Z.dump"), "PGDMP n3w end");
    var damaged = run("seed");

    assertThat(good.result()).isEqualTo("loaded app-20250102T000000Z.dump\n");
    assertThat(damaged.code()).isEqualTo(REFUSED);
    assertThat(damaged.said()).contains("app-20250102T000000Z.dump is damaged");
  }

  @Test
  void what_a_reset_needs_is_looked_for_before_anything_is_stopped()
      throws IOException, InterruptedException {
    var good = run("prepare");
    variables.put("SEED", backups().toString());
    variables.put("FILE", "absent.dump");
    var absent = run("prepare");

    assertThat(good.code()).as(good.said()).isZero();
    assertThat(good.result()).isEqualTo("the database can be created anew\n");
    assertThat(absent.code()).isEqualTo(REFUSED);
    assertThat(absent.said()).contains("refused: the seed's volume holds no file absent.dump");
    assertThat(absent.calls()).doesNotContain("CREATE DATABASE");
  }

  @Test
  void a_reset_is_not_prepared_while_the_server_does_not_answer()
      throws IOException, InterruptedException {
    program("psql", "exit 2\n");

    var outcome = run("prepare");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.said()).contains("failed: the server lets nobody in");
  }

  @Test
  void init_sql_that_connects_elsewhere_is_refused_at_a_reset()
      throws IOException, InterruptedException {
    var init = Files.createDirectory(folder.resolve("init"));
    Files.writeString(init.resolve("a.sql"), "CREATE TABLE a ();\n  \\connect app\n");

    var outcome = run("reset");

    assertThat(outcome.code()).isEqualTo(REFUSED);
    assertThat(outcome.said()).contains("refused: a.sql connects to a database by name");
    assertThat(outcome.calls()).doesNotContain("RENAME TO");
  }
}

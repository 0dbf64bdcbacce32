package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.DatabaseTask;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.throwaway.AuditEvent;

/** What happens to the data of one environment, and of one that follows it, step after step. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BackupE2E {
  private static final String NAMESPACE = "backup";
  private static final String FIRST = "demo";
  private static final String AUTH = "admin:$apr1$stagingx$aaaaaaaaaaaaaaaaaaaaaa";
  private static final String COUNT = "SELECT count(*) FROM messages";
  private static final int MANY = 200_000;

  private static final String TABLES =
      """
      CREATE TABLE messages (
        id bigserial PRIMARY KEY, text text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
      ALTER DATABASE app SET work_mem = '5MB';
      """;

  private static final String TELLS =
      """
      psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
        -c "CREATE TABLE told AS SELECT '${BY:-}'::text AS by"
      """;

  private static Staging staging;

  /** The environment that the steps are about. */
  private static String name = FIRST;

  @BeforeAll
  static void an_environment_with_init_sql_a_seed_and_backups() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withStringData(Map.of("ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", AUTH))
                .build())
        .serverSideApply();
    configMap("init-sql", "init.sql", TABLES + "SELECT 1/0;\n");
    configMap("seed", "rows.sql", "INSERT INTO messages (text) VALUES ('seeded');\n");
    create(Map.of());
    staging
        .admin()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("look")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(0L)
                .withNewSecurityContext()
                .withRunAsUser(999L)
                .endSecurityContext()
                .addNewContainer()
                .withName("look")
                .withImage("postgres:17")
                .withCommand("sleep", "infinity")
                .addNewVolumeMount()
                .withName("backups")
                .withMountPath("/backups")
                .endVolumeMount()
                .endContainer()
                .addNewVolume()
                .withName("backups")
                .withNewPersistentVolumeClaim()
                .withClaimName(FIRST + "-postgres-backup")
                .endPersistentVolumeClaim()
                .endVolume()
                .endSpec()
                .build())
        .create();
  }

  @AfterAll
  static void it_is_removed() {
    staging.remove(NAMESPACE);
  }

  private static void configMap(String name, String key, String text) {
    configMap(name, Map.of(key, text));
  }

  private static void configMap(String name, Map<String, String> data) {
    staging
        .admin()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withData(data)
                .build())
        .serverSideApply();
  }

  private static void create(Map<String, String> replacements) {
    staging
        .admin()
        .resource(Staging.read("backup.yaml", replacements))
        .inNamespace(NAMESPACE)
        .create();
  }

  private static void patchPostgres(String json) {
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "stenv",
            name,
            "--type=merge",
            "-p",
            "{\"spec\":{\"services\":{\"postgres\":" + json + "}}}");
  }

  private static String sql(String statement) {
    return staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "exec",
            name + "-postgres-0",
            "-c",
            "postgres",
            "--",
            "psql",
            "-U",
            "app",
            "-d",
            "app",
            "-Atqc",
            statement)
        .strip();
  }

  /** A command where the backups are. */
  private static String look(String script) {
    return staging.cluster().kubectl("-n", NAMESPACE, "exec", "look", "--", "sh", "-c", script);
  }

  /** A command in the application's container. */
  private static String inApp(String script) {
    return staging
        .cluster()
        .kubectl(
            "-n", NAMESPACE, "exec", "deploy/" + versions().getFirst(), "--", "sh", "-c", script);
  }

  private static List<String> versions() {
    return staging.versions(NAMESPACE).stream().map(d -> d.getMetadata().getName()).toList();
  }

  /** Deletes the environment; data, backups and credentials stay. */
  private static void deleteTheEnvironment() {
    staging.environment(NAMESPACE, name).delete();
    await("everything but data and credentials gone")
        .atMost(Staging.LONG)
        .until(() ->
            staging.owned(NAMESPACE).stream()
                .noneMatch(o -> o.contains("statefulset") || o.startsWith("service/")));
  }

  private static StagingEnvironment ready() {
    return staging.awaitReady(NAMESPACE, name);
  }

  private static DatabaseTask ended(String kind, String request) {
    return staging
        .await(
            NAMESPACE,
            name,
            kind + " " + request + " ended",
            Staging.LONG,
            e -> task(e, kind, request) != null && task(e, kind, request).time() != null)
        .getStatus()
        .databaseTasks()
        .stream()
        .filter(t -> t.task().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private static DatabaseTask task(StagingEnvironment environment, String kind, String request) {
    return environment == null
            || environment.getStatus() == null
            || environment.getStatus().databaseTasks() == null
        ? null
        : environment.getStatus().databaseTasks().stream()
            .filter(t -> t.task().equals(kind) && Objects.equals(t.request(), request))
            .findFirst()
            .orElse(null);
  }

  private static String backup(String request) {
    patchPostgres("{\"backup\":{\"request\":\"" + request + "\"}}");
    var task = ended("Backup", request);
    assertThat(task.state()).as(task.message()).isEqualTo("Succeeded");
    return staging
        .await(
            NAMESPACE,
            name,
            "the status to name the backup",
            Staging.SOON,
            e ->
                e.getStatus().backup() != null
                    && e.getStatus().backup().file() != null
                    && task.message().contains(e.getStatus().backup().file()))
        .getStatus()
        .backup()
        .file();
  }

  private static void restore(String file, String request) {
    patchPostgres("{\"restore\":{\"file\":\"" + file + "\",\"request\":\"" + request + "\"}}");
  }

  private static List<Job> jobs(String command) {
    return staging
        .admin()
        .batch()
        .v1()
        .jobs()
        .inNamespace(NAMESPACE)
        .withLabel("staging.scoliologic.ru/task", command)
        .list()
        .getItems();
  }

  private static String uidOf(String component) {
    return staging
        .admin()
        .pods()
        .inNamespace(NAMESPACE)
        .withLabel(Labels.COMPONENT, component)
        .list()
        .getItems()
        .stream()
        .filter(p -> !p.isMarkedForDeletion())
        .map(p -> p.getMetadata().getUid())
        .findFirst()
        .orElseThrow();
  }

  private static void killTheOperator() {
    staging.cluster().kubectl("-n", Staging.OPERATOR, "delete", "pods", "--all", "--force");
  }

  @Test
  @Order(1)
  void init_sql_that_fails_is_named_until_it_is_mended_and_what_it_left_is_made_again() {
    awaitInitFailure();
    staging.cluster().kubectl("-n", NAMESPACE, "delete", "pod", FIRST + "-postgres-0", "--force");
    awaitInitFailure();
    configMap("init-sql", Map.of("10-init.sql", TABLES, "20-told.sh", TELLS));

    ready();

    assertThat(sql(COUNT)).isEqualTo("1");
  }

  /** With the pod at hand, and not with one that was there before. */
  private static void awaitInitFailure() {
    staging.await(
        NAMESPACE,
        FIRST,
        "Deployed to name the statement of init.sql that failed",
        Staging.LONG,
        e ->
            e != null
                && e.getStatus() != null
                && e.getStatus().conditions() != null
                && e.getStatus().conditions().stream()
                    .anyMatch(c ->
                        c.getType().equals("Deployed")
                            && c.getStatus().equals("False")
                            && c.getMessage().contains("init.sql")
                            && c.getMessage().contains("division by zero"))
                && restarts() > 0);
  }

  private static int restarts() {
    var pod = staging.admin().pods().inNamespace(NAMESPACE).withName(FIRST + "-postgres-0").get();
    return pod == null || pod.getStatus().getContainerStatuses().isEmpty()
        ? 0
        : pod.getStatus().getContainerStatuses().getFirst().getRestartCount();
  }

  @Test
  @Order(2)
  void the_scripts_of_the_image_run_as_well_and_its_entry_point_and_command_are_kept() {
    assertThat(sql("SELECT to_regclass('own')")).isEqualTo("own");
    assertThat(sql("SELECT by FROM told")).as("what a sourced script said").isEqualTo("sourced");
    assertThat(sql("SHOW idle_session_timeout")).isEqualTo("7777s");
    assertThat(
            staging
                .cluster()
                .kubectl("-n", NAMESPACE, "logs", FIRST + "-postgres-0", "-c", "postgres"))
        .startsWith("entry point of the image's own");
  }

  @Test
  @Order(3)
  void parallel_queries_have_half_of_the_memory_limit_to_share() {
    assertThat(
            staging
                .cluster()
                .kubectl(
                    "-n",
                    NAMESPACE,
                    "exec",
                    FIRST + "-postgres-0",
                    "-c",
                    "postgres",
                    "--",
                    "sh",
                    "-c",
                    "df -B1 --output=size /dev/shm | tail -n 1")
                .strip())
        .isEqualTo(String.valueOf(512L << 20));
  }

  @Test
  @Order(4)
  void init_sql_that_changes_or_goes_leaves_a_made_database_alone() {
    var pod = uidOf("postgres");
    configMap("init-sql", Map.of("10-init.sql", TABLES + "-- changed\n", "20-told.sh", TELLS));
    patchPostgres("{\"initSql\":null}");
    staging.await(
        NAMESPACE,
        FIRST,
        "the change to be seen",
        Staging.SOON,
        e -> Objects.equals(e.getStatus().observedGeneration(), e.getMetadata().getGeneration()));
    patchPostgres("{\"initSql\":{\"configMapRef\":{\"name\":\"init-sql\"}}}");
    ready();

    assertThat(uidOf("postgres")).isEqualTo(pod);
  }

  @Test
  @Order(10)
  void the_seed_is_loaded_once_before_the_application_starts() {
    var environment = ready();

    assertThat(sql("SELECT string_agg(text, ',') FROM messages")).isEqualTo("seeded");
    assertThat(sql("SHOW work_mem")).isEqualTo("5MB");
    assertThat(task(environment, "Seed", null).state()).isEqualTo("Succeeded");
    assertThat(task(environment, "Reset", "first")).isNull();
    var started =
        staging
            .admin()
            .pods()
            .inNamespace(NAMESPACE)
            .withLabel(Labels.COMPONENT, "app")
            .list()
            .getItems()
            .getFirst()
            .getMetadata()
            .getCreationTimestamp();
    assertThat(Instant.parse(started))
        .isAfterOrEqualTo(Instant.parse(task(environment, "Seed", null).time()));
  }

  @Test
  @Order(13)
  void redis_runs_with_the_persistence_the_policy_and_the_memory_of_the_spec() {
    assertThat(redis("appendonly")).isEqualTo("no");
    assertThat(redis("save")).isEmpty();
    assertThat(redis("maxmemory-policy")).isEqualTo("volatile-lru");
    assertThat(redis("maxmemory")).isEqualTo(String.valueOf(256L << 20));
  }

  private static String redis(String parameter) {
    return staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "exec",
            name + "-redis-0",
            "--",
            "redis-cli",
            "--user",
            "operator",
            "--raw",
            "config",
            "get",
            parameter)
        .replaceFirst(parameter, "")
        .strip();
  }

  @Test
  @Order(16)
  void what_the_application_wrote_into_its_folder_is_there_after_a_roll() {
    inApp("echo kept >/app/logs/mark");
    var before = uidOf("app");

    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "stenv",
            name,
            "--type=merge",
            "-p",
            "{\"spec\":{\"services\":{\"app\":{\"args\":[\"node\",\"dist/index.js\"]}}}}");
    ready();
    await("the roll to be over").atMost(Staging.SOON).until(() -> !before.equals(uidOf("app")));

    assertThat(inApp("cat /app/logs/mark")).isEqualToIgnoringNewLines("kept");
  }

  @Test
  @Order(20)
  void a_backup_on_request_is_good_and_the_application_goes_on_meanwhile() {
    var app = uidOf("app");

    var file = backup("one");

    assertThat(look("pg_restore --list /backups/" + file)).contains("TABLE DATA public messages");
    assertThat(look("cd /backups && sha256sum -c " + file + ".sha256")).contains("OK");
    assertThat(uidOf("app")).isEqualTo(app);
  }

  @Test
  @Order(30)
  void regular_backups_are_made_and_the_newest_ones_kept() {
    backup("two");
    patchPostgres("{\"backup\":{\"schedule\":\"* * * * *\"}}");
    var before = staging.environment(NAMESPACE, name).get().getStatus().backup().file();

    staging.await(
        NAMESPACE,
        name,
        "a regular backup",
        Staging.LONG,
        e ->
            e.getStatus().backup().file() != null && !before.equals(e.getStatus().backup().file()));
    patchPostgres("{\"backup\":{\"schedule\":\"0 0 1 1 *\"}}");

    assertThat(look("ls /backups").lines().filter(n -> n.endsWith("Z.dump"))).hasSize(2);
  }

  @Test
  @Order(40)
  void a_restore_on_request_brings_destroyed_rows_back_and_nothing_else() {
    ready();
    sql("DROP TABLE messages; CREATE TABLE later (i int)");

    restore("latest", "rows are gone");
    var restore = ended("Restore", "rows are gone");
    var environment = ready();

    assertThat(restore.state()).as(restore.message()).isEqualTo("Succeeded");
    assertThat(sql("SELECT string_agg(text, ',') FROM messages")).isEqualTo("seeded");
    assertThat(sql("SELECT to_regclass('later') IS NULL")).isEqualTo("t");
    assertThat(sql("SHOW work_mem")).isEqualTo("5MB");
    assertThat(look("ls /backups")).contains("app-before-restore-");
    assertThat(Staging.condition(environment, "Deployed").getStatus()).isEqualTo("True");
    assertThat(staging.cluster().kubectl("-n", NAMESPACE, "get", "events"))
        .contains("Restoring")
        .contains("RestoreDone")
        .contains("BackupDone");
  }

  @Test
  @Order(50)
  void a_restore_is_never_made_twice_for_one_request() {
    sql("INSERT INTO messages (text) VALUES ('after')");
    staging.admin().resourceList(List.copyOf(jobs("restore"))).delete();
    var since = Instant.now();

    killTheOperator();
    staging
        .cluster()
        .kubectl("-n", Staging.OPERATOR, "rollout", "status", "deployment/" + Staging.OPERATOR);
    await("twenty seconds of the new operator")
        .pollDelay(Duration.ofSeconds(20))
        .atMost(Staging.SOON)
        .until(() -> true);

    assertThat(sql(COUNT)).isEqualTo("2");
    assertThat(staging.writesSince(since)).noneMatch(e -> e.resource().equals("jobs"));
  }

  @Test
  @Order(60)
  void a_damaged_backup_is_refused_with_the_reason_and_nothing_is_touched() {
    var file = staging.environment(NAMESPACE, name).get().getStatus().backup().file();
    look("printf X | dd of=/backups/" + file + " bs=1 seek=2000 conv=notrunc");
    var app = uidOf("app");

    restore(file, "of a damaged one");
    var refused = staging.awaitReason(NAMESPACE, name, "Deployed", "RestoreFailed");

    assertThat(Staging.condition(refused, "Deployed").getMessage())
        .contains(file + " is damaged: its SHA-256 is not the one it was written with");
    assertThat(Staging.condition(refused, "Stalled").getReason()).isEqualTo("RestoreFailed");
    assertThat(sql(COUNT)).isEqualTo("2");
    assertThat(uidOf("app")).isEqualTo(app);
    assertThat(jobs("restore")).isEmpty();

    patchPostgres("{\"restore\":null}");
    ready();
  }

  @Test
  @Order(70)
  void killing_the_operator_in_the_middle_of_a_restore_ends_in_the_same_state() {
    sql("INSERT INTO messages (text) SELECT 'row ' || g FROM generate_series(1, " + MANY + ") g");
    var file = backup("three");
    sql("TRUNCATE messages");
    var since = Instant.now();

    restore(file, "interrupted");
    await("the Job of the restore")
        .atMost(Staging.LONG)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> !jobs("restore").isEmpty());
    killTheOperator();
    var restore = ended("Restore", "interrupted");
    ready();

    assertThat(restore.state()).as(restore.message()).isEqualTo("Succeeded");
    assertThat(sql(COUNT)).isEqualTo(String.valueOf(MANY + 2));
    assertThat(
            staging.writesSince(since).stream()
                .filter(e -> e.resource().equals("jobs") && e.name().contains("-restore-"))
                .filter(e -> !e.verb().equals("delete")))
        .as("it is made once, and begun once")
        .extracting(AuditEvent::code)
        .containsExactly(201, 200);
  }

  @Test
  @Order(80)
  void a_reset_creates_the_database_anew_from_init_sql_and_seed() {
    patchPostgres("{\"restore\":null,\"reset\":\"second\"}");
    var reset = ended("Reset", "second");
    ready();

    assertThat(reset.state()).as(reset.message()).isEqualTo("Succeeded");
    assertThat(sql("SELECT string_agg(text, ',') FROM messages")).isEqualTo("seeded");
    assertThat(look("ls /backups")).contains("app-before-reset-");
  }

  @Test
  @Order(90)
  void a_backup_that_fails_is_told_and_the_environment_stays_ready() {
    var volume =
        staging
            .admin()
            .persistentVolumes()
            .withName(
                staging
                    .admin()
                    .persistentVolumeClaims()
                    .inNamespace(NAMESPACE)
                    .withName(name + "-postgres-backup")
                    .get()
                    .getSpec()
                    .getVolumeName())
            .get()
            .getSpec()
            .getHostPath()
            .getPath();
    staging.cluster().exec("chmod", "555", volume);
    try {
      patchPostgres("{\"backup\":{\"request\":\"cannot be written\"}}");

      var failed = ended("Backup", "cannot be written");
      var environment = staging.environment(NAMESPACE, name).get();

      assertThat(failed.state()).isEqualTo("Failed");
      assertThat(failed.message()).contains("pg_dump").contains("Permission denied");
      assertThat(environment.getStatus().backup().failure()).contains("Permission denied");
      assertThat(environment.getStatus().backup().file()).isNotNull();
      assertThat(Staging.condition(environment, "Ready").getStatus()).isEqualTo("True");
      assertThat(staging.cluster().kubectl("-n", NAMESPACE, "get", "events"))
          .contains("BackupFailed");
    } finally {
      staging.cluster().exec("chmod", "777", volume);
    }
  }

  @Test
  @Order(100)
  void a_restore_into_a_fresh_environment_that_adopts_the_backup_volume_brings_the_rows() {
    sql("INSERT INTO messages (text) VALUES ('carried over')");
    backup("four");
    deleteTheEnvironment();
    staging
        .cluster()
        .kubectl("-n", NAMESPACE, "delete", "pvc", name + "-postgres", "--timeout=120s");

    create(
        Map.of(
            "      reset: first",
            "      reset: first\n      restore: {file: latest, request: moved}"));
    var restore = ended("Restore", "moved");
    ready();

    assertThat(restore.state()).as(restore.message()).isEqualTo("Succeeded");
    assertThat(sql("SELECT string_agg(text, ',' ORDER BY id) FROM messages"))
        .isEqualTo("seeded,carried over");
    assertThat(inApp("cat /app/logs/mark")).isEqualToIgnoringNewLines("kept");
  }

  @Test
  @Order(110)
  void a_volume_grows_only_where_its_class_lets_it_and_nothing_else_waits_for_it() {
    patchPostgres("{\"storage\":\"2Gi\"}");
    var refused = staging.awaitReason(NAMESPACE, name, "Deployed", "StorageCannotGrow");
    assertThat(Staging.condition(refused, "Deployed").getStatus()).isEqualTo("True");
    assertThat(Staging.condition(refused, "Deployed").getMessage())
        .contains("volume demo-postgres stays at 1Gi");

    var set = uidOf("postgres");
    growing(true);
    try {
      patchPostgres("{\"storage\":\"3Gi\"}");
      await("the claim to ask for more").atMost(Staging.SOON).until(() -> "3Gi".equals(asked()));
      assertThat(uidOf("postgres")).isEqualTo(set);
    } finally {
      growing(false);
    }
  }

  private static void growing(boolean can) {
    staging
        .cluster()
        .kubectl(
            "patch", "storageclass", "local-path", "-p", "{\"allowVolumeExpansion\":" + can + "}");
  }

  private static String asked() {
    return staging
        .admin()
        .persistentVolumeClaims()
        .inNamespace(NAMESPACE)
        .withName(name + "-postgres")
        .get()
        .getSpec()
        .getResources()
        .getRequests()
        .get("storage")
        .toString();
  }

  @Test
  @Order(120)
  void the_password_stands_in_no_job_no_log_and_no_status() {
    var password =
        new String(
            Base64.getDecoder()
                .decode(
                    staging
                        .admin()
                        .secrets()
                        .inNamespace(NAMESPACE)
                        .withName(name + "-credentials")
                        .get()
                        .getData()
                        .get("POSTGRES_PASSWORD")),
            StandardCharsets.UTF_8);

    assertThat(
            staging
                .cluster()
                .kubectl("-n", NAMESPACE, "get", "jobs,cronjobs,pods,stenv,events", "-o", "yaml"))
        .isNotBlank()
        .doesNotContain(password);
    assertThat(
            staging
                .cluster()
                .kubectl(
                    "-n",
                    NAMESPACE,
                    "logs",
                    "-l",
                    Labels.COMPONENT + "=postgres-task",
                    "--tail=-1"))
        .isNotBlank()
        .doesNotContain(password);
  }

  @Test
  @Order(130)
  void a_seed_that_fails_is_told_and_the_application_is_not_started() {
    configMap("broken", "rows.sql", "INSERT INTO nowhere VALUES (1);\n");
    deleteTheEnvironment();

    name = "other";
    create(
        Map.of(
            "name: demo",
            "name: other",
            "configMapRef: {name: seed}",
            "configMapRef: {name: broken}"));
    var environment = staging.awaitReason(NAMESPACE, name, "Deployed", "SeedFailed");

    assertThat(Staging.condition(environment, "Deployed").getMessage())
        .contains("relation \"nowhere\" does not exist")
        .contains("rows.sql cannot be loaded");
    assertThat(Staging.condition(environment, "Stalled").getReason()).isEqualTo("SeedFailed");
    assertThat(sql(COUNT)).isEqualTo("0");
    assertThat(
            staging
                .admin()
                .pods()
                .inNamespace(NAMESPACE)
                .withLabel(Labels.COMPONENT, "app")
                .list()
                .getItems())
        .isEmpty();
  }

  @Test
  @Order(140)
  void another_environment_begins_with_the_newest_backup_of_the_first() {
    patchPostgres(
        "{\"seed\":{\"configMapRef\":null,\"volume\":{\"claimName\":\"%s\",\"file\":\"latest\"}}}"
            .formatted(FIRST + "-postgres-backup"));
    var environment = ready();

    assertThat(task(environment, "Seed", null).message()).matches("loaded app-[0-9TZ]+\\.dump");
    assertThat(sql("SELECT string_agg(text, ',' ORDER BY id) FROM messages"))
        .isEqualTo("seeded,carried over");
  }

  @Test
  @Order(150)
  void compressed_sql_is_loaded_at_a_reset() throws IOException {
    var compressed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(compressed)) {
      gzip.write(
          "INSERT INTO messages (text) VALUES ('unpacked');".getBytes(StandardCharsets.UTF_8));
    }
    staging
        .admin()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("compressed")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withBinaryData(
                    Map.of(
                        "rows.sql.gz",
                        Base64.getEncoder().encodeToString(compressed.toByteArray())))
                .build())
        .create();

    patchPostgres(
        "{\"reset\":\"again\",\"seed\":{\"volume\":null,\"configMapRef\":{\"name\":\"compressed\"}}}");
    var reset = ended("Reset", "again");
    ready();

    assertThat(reset.state()).as(reset.message()).isEqualTo("Succeeded");
    assertThat(sql("SELECT string_agg(text, ',') FROM messages")).isEqualTo("unpacked");
  }

  @Test
  @Order(160)
  void data_of_another_major_version_is_refused_before_a_server_is_started_on_it() {
    deleteTheEnvironment();

    create(Map.of("name: demo", "name: other", "image: postgres:17-extended", "version: '16'"));
    var environment = staging.awaitReason(NAMESPACE, name, "Deployed", "DataOfOtherVersion");

    assertThat(Staging.condition(environment, "Deployed").getMessage())
        .contains("volume claim other-postgres holds data of PostgreSQL 17")
        .contains("asks for 16: set it to 17");
    assertThat(Staging.condition(environment, "Stalled").getReason())
        .isEqualTo("DataOfOtherVersion");
    assertThat(staging.owned(NAMESPACE)).noneMatch("statefulset.apps/other-postgres"::equals);
  }
}

package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NamesTest {
  private static final String COMMIT = "0123456789-c0ffee";

  /** Word for word: objects that are there keep their names when the operator is upgraded. */
  @Test
  void a_name_that_fits_is_never_shortened() {
    var names = new Names("demo");

    assertThat(names.backupSchedule()).isEqualTo("demo-postgres-backup");
    assertThat(names.postgresBackup()).isEqualTo("demo-postgres-backup");
    assertThat(names.postgresTask()).isEqualTo("demo-postgres-task");
    assertThat(names.databaseTask("restore", "0123456789"))
        .isEqualTo("demo-postgres-task-restore-0123456789");
    assertThat(names.migration(COMMIT, "abcdef"))
        .isEqualTo("demo-migrate-0123456789-c0ffee-abcdef");
    assertThat(names.check("01234567", "abcdef")).isEqualTo("demo-check-01234567-abcdef");
    assertThat(names.login("postgres/1")).matches("demo-login-[0-9a-f]{10}");
    assertThat(names.appVersion(COMMIT)).isEqualTo("demo-app-0123456789-c0ffee");
    assertThat(names.release(COMMIT)).isEqualTo("demo-0123456789-c0ffee");
    assertThat(names.appVolume("/app/Uploads")).isEqualTo("demo-app-app-uploads");
    assertThat(Names.podVolume("/app/Uploads")).isEqualTo("v-app-uploads");
    assertThat(new Names("e".repeat(36)).backupSchedule())
        .isEqualTo("e".repeat(36) + "-postgres-backup");
    assertThat(new Names("e".repeat(30)).databaseTask("restore", "0123456789"))
        .isEqualTo("e".repeat(30) + "-postgres-task-restore-0123456789");
  }

  @Test
  void a_longer_one_keeps_its_ending_and_has_a_hash_of_the_environment_before_it() {
    assertThat(new Names("scoliologic-staging-preview-integration").backupSchedule())
        .matches("scoliologic-staging-preview-[0-9a-f]{8}-postgres-backup");
    assertThat(new Names("scoliologic-staging-preview-demo").databaseTask("restore", "0123456789"))
        .hasSize(63)
        .matches("scoliologic-staging-p-[0-9a-f]{8}-postgres-task-restore-0123456789");
    // The volume keeps its whole name, for it may be there already.
    assertThat(new Names("e".repeat(40)).postgresBackup())
        .isEqualTo("e".repeat(40) + "-postgres-backup");
  }

  @Test
  void a_name_is_cut_before_a_dash_and_differs_by_the_whole_name_of_the_environment() {
    var cut =
        new Names("scoliologic-staging---preview-demo-of-it").databaseTask("restore", "0123456789");

    assertThat(cut).matches("scoliologic-staging-[0-9a-f]{8}-postgres-task-restore-0123456789");
    assertThat(
            List.of("a", "b", "c").stream()
                .map(end -> new Names("e".repeat(39) + end).backupSchedule())
                .distinct())
        .hasSize(3);
  }
}

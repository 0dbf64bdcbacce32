package ru.scoliologic.staging.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.stage.Reason;

class PostgresResourcesTest {
  private static Given asking(String version) {
    return Given.aGoodStart()
        .edited("  services:\n", "  services:\n    postgres: {version: '%s'}\n".formatted(version));
  }

  private static PersistentVolumeClaim claim(Map<String, String> annotations) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("demo-postgres")
        .withUid("claim-1")
        .withAnnotations(annotations)
        .endMetadata()
        .build();
  }

  private static PersistentVolumeClaim dataOf(String major) {
    return claim(Map.of(PostgresResources.MAJOR, major));
  }

  private static Planned planned(Given given, Class<? extends HasMetadata> kind) {
    var snapshot = given.snapshot();
    return new PostgresResources(snapshot.environment())
        .plan(DatabaseTasks.decide(snapshot), List.of(), snapshot).stream()
            .filter(p -> kind.isInstance(p.object()))
            .findFirst()
            .orElseThrow();
  }

  private static String mark(Given given) {
    return planned(given, PersistentVolumeClaim.class)
        .object()
        .getMetadata()
        .getAnnotations()
        .get(PostgresResources.MAJOR);
  }

  @Test
  void a_volume_is_marked_with_the_major_version_once_a_server_has_run_on_it() {
    assertThat(mark(asking("16.4"))).isNull();
    assertThat(mark(asking("16.4").owning(claim(null)))).isNull();
    assertThat(mark(asking("16.4").owning(claim(null), Given.servingPostgres()))).isEqualTo("16");
  }

  @Test
  void a_mark_stays_whatever_is_asked_for_later() {
    assertThat(mark(asking("17").owning(dataOf("16")))).isEqualTo("16");
    assertThat(mark(asking("17").owning(dataOf("16"), Given.servingPostgres()))).isEqualTo("16");
  }

  @Test
  void data_of_another_major_version_is_refused_with_found_and_wanted_and_no_server_started() {
    var given = asking("17").owning(dataOf("16"));

    var component = PostgresResources.observe(given.snapshot());

    assertThat(component.ready()).isFalse();
    assertThat(component.reason()).isEqualTo(Reason.DATA_OF_OTHER_VERSION);
    assertThat(component.message())
        .isEqualTo(
            "volume claim demo-postgres holds data of PostgreSQL 16, and"
                + " spec.services.postgres.version asks for 17: set it to 16, or move the data by a"
                + " backup");
    assertThat(planned(given, StatefulSet.class).held()).isTrue();
  }

  @Test
  void another_minor_version_is_started_on_the_data() {
    var given = asking("16.9").owning(dataOf("16"));

    assertThat(PostgresResources.observe(given.snapshot()).reason())
        .isEqualTo(Reason.COMPONENTS_STARTING);
    assertThat(planned(given, StatefulSet.class).held()).isFalse();
  }
}

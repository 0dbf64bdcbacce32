package ru.scoliologic.staging.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.stage.Reason;

class PostgresResourcesTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

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

  private static PlannedObject planned(Given given, Class<? extends HasMetadata> kind) {
    var snapshot = given.snapshot();
    return new PostgresResources(snapshot.environment(), "made-first")
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

  private static PodTemplateSpec template(Given given) {
    return ((StatefulSet) planned(given, StatefulSet.class).object()).getSpec().getTemplate();
  }

  private static Given withScripts(String sql) {
    return Given.aGoodStart()
        .edited(
            "  services:\n",
            "  services:\n    postgres: {initSql: {configMapRef: {name: scripts}}}\n")
        .configMap("scripts", Map.of("init.sql", sql));
  }

  /** As the API server gives back what was planned. */
  private static StatefulSet made(Given given) {
    return (StatefulSet) planned(given, StatefulSet.class).object();
  }

  private static Map<String, String> data(Given given, String name) {
    var snapshot = given.snapshot();
    return new PostgresResources(snapshot.environment(), "made-first")
        .plan(DatabaseTasks.decide(snapshot), List.of(), snapshot).stream()
            .map(PlannedObject::object)
            .filter(o -> o instanceof ConfigMap && o.getMetadata().getName().equals(name))
            .map(o -> ((ConfigMap) o).getData())
            .findFirst()
            .orElseThrow();
  }

  private static StatefulSet former() {
    return YAML.unmarshal(Given.resource("/postgres/former.yaml"), StatefulSet.class);
  }

  private static Map<?, ?> tree(PodTemplateSpec template) {
    return YAML.unmarshal(YAML.asJson(template), Map.class);
  }

  @Test
  void what_an_older_operator_made_keeps_its_pod() {
    var former = former();

    assertThat(tree(template(asking("17").owning(dataOf("17"), former))))
        .isEqualTo(tree(former.getSpec().getTemplate()));
  }

  @Test
  void what_is_restarted_by_another_image_gets_the_present_pod() {
    var former = former();

    assertThat(template(asking("17.6").owning(dataOf("17"), former)).getSpec().getInitContainers())
        .hasSize(1);
  }

  @Test
  void scripts_that_change_replace_the_pod_until_the_database_is_made_and_never_afterwards() {
    var first = made(withScripts("SELECT 1/0;"));

    assertThat(template(withScripts("SELECT 1;").owning(claim(null), first)))
        .isNotEqualTo(first.getSpec().getTemplate());
    assertThat(template(withScripts("SELECT 1;").owning(dataOf("17"), first)))
        .isEqualTo(first.getSpec().getTemplate());
    assertThat(template(asking("17").owning(dataOf("17"), first)))
        .as("without initSql")
        .isEqualTo(first.getSpec().getTemplate());
  }

  @Test
  void the_pod_reads_a_copy_of_the_scripts() {
    assertThat(data(withScripts("SELECT 1;"), "demo-postgres-operator-init"))
        .isEqualTo(Map.of("init.sql", "SELECT 1;"));
    assertThat(data(asking("17"), "demo-postgres-operator-init")).isEmpty();
  }

  @Test
  void the_pod_is_told_once_the_database_may_have_been_used() {
    assertThat(data(asking("17"), "demo-postgres-operator-start")).doesNotContainKey("served");
    assertThat(data(asking("17").owning(claim(null)), "demo-postgres-operator-start"))
        .doesNotContainKey("served");
    assertThat(data(asking("17").owning(dataOf("17")), "demo-postgres-operator-start"))
        .containsKey("served");
  }

  @ParameterizedTest
  @CsvSource({
    "14, /var/lib/postgresql/data, /var/lib/postgresql/data/pgdata",
    "17.5, /var/lib/postgresql/data, /var/lib/postgresql/data/pgdata",
    "18, /var/lib/postgresql, /var/lib/postgresql/18/docker",
    "18.1, /var/lib/postgresql, /var/lib/postgresql/18/docker",
  })
  void data_lies_where_the_official_image_of_the_version_keeps_it(
      String version, String volume, String folder) {
    var pod = template(asking(version)).getSpec();

    assertThat(
            Stream.concat(pod.getInitContainers().stream(), pod.getContainers().stream())
                .flatMap(c -> c.getVolumeMounts().stream())
                .filter(mount -> mount.getName().equals("data"))
                .map(VolumeMount::getMountPath))
        .containsExactly(volume, volume);
    assertThat(
            Stream.concat(pod.getInitContainers().stream(), pod.getContainers().stream())
                .flatMap(c -> c.getEnv().stream())
                .filter(variable -> variable.getName().equals("PGDATA"))
                .map(EnvVar::getValue))
        .containsExactly(folder, folder);
  }

  @ParameterizedTest
  @CsvSource({
    "'', 536870912",
    "'resources: {limits: {memory: 256Mi}}', 134217728",
    "'resources: {requests: {memory: 256Mi}}',",
  })
  void shared_memory_may_take_half_of_the_memory_limit(String resources, String size) {
    var given =
        Given.aGoodStart()
            .edited("  services:\n", "  services:\n    postgres: {%s}\n".formatted(resources));

    var shm =
        template(given).getSpec().getVolumes().stream()
            .filter(volume -> volume.getName().equals("shm"))
            .findFirst()
            .orElseThrow()
            .getEmptyDir();

    assertThat(shm.getMedium()).isEqualTo("Memory");
    assertThat(shm.getSizeLimit()).isEqualTo(size == null ? null : new Quantity(size));
  }

  @Test
  void the_node_waits_for_a_start_as_long_as_any_deadline_lasts() {
    var probe = template(asking("17")).getSpec().getContainers().getFirst().getStartupProbe();

    assertThat(probe.getFailureThreshold() * probe.getPeriodSeconds())
        .isEqualTo(ComponentSpec.MAX_DEADLINE_SECONDS);
  }

  private static Given ofImage(String image) {
    return Given.aGoodStart()
        .edited("  services:\n", "  services:\n    postgres: {image: '%s'}\n".formatted(image));
  }

  private static Pod finding(String version) {
    return new PodBuilder(Given.ready(ComponentName.POSTGRES, Instant.EPOCH))
        .editStatus()
        .addNewInitContainerStatus()
        .withName(PostgresPod.PREPARE)
        .withNewState()
        .withNewTerminated()
        .withMessage(version)
        .endTerminated()
        .endState()
        .endInitContainerStatus()
        .endStatus()
        .build();
  }

  @Test
  void of_an_image_that_tells_no_version_that_of_the_data_is_read() {
    var given = ofImage("team/database:latest").pod(finding("16"));

    assertThat(mark(given.owning(claim(null), Given.servingPostgres()))).isEqualTo("16");
  }

  @Test
  void of_an_image_that_tells_no_version_none_is_assumed() {
    var component =
        PostgresResources.observe(ofImage("team/database:latest").owning(dataOf("16")).snapshot());

    assertThat(component.reason()).isEqualTo(Reason.COMPONENTS_STARTING);
  }
}

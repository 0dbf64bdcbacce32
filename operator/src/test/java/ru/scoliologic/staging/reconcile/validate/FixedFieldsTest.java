package ru.scoliologic.staging.reconcile.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;

/** Fields that data was made with: changed, they stop the pass and cost nothing that runs. */
class FixedFieldsTest {
  private static Given asking(String postgres, String adminUser) {
    return Given.aGoodStart()
        .edited(yaml ->
            yaml.replace(
                    "  services:\n",
                    "  services:\n    monitoring: {grafana: {adminUser: %s}}\n    postgres: {%s}\n"
                        .formatted(adminUser, postgres))
                .replace("domains:\n", "domains:\n    grafana: grafana.staging.test\n"));
  }

  /** What an environment runs that was made with the defaults. */
  private static HasMetadata[] running() {
    var snapshot = asking("version: '17'", "admin").snapshot();
    return Plan.of(snapshot, Configuration.resolve(snapshot)).all().stream()
        .filter(object -> !object.getKind().equals("PersistentVolumeClaim"))
        .toArray(HasMetadata[]::new);
  }

  private static HasMetadata dataOf(String major) {
    return new PersistentVolumeClaimBuilder(Given.claimOf("demo-postgres"))
        .editMetadata()
        .withAnnotations(Map.of("staging.scoliologic.ru/postgres-major", major))
        .endMetadata()
        .build();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "database: other | admin | spec.services.postgres.database: 'other' cannot replace 'app'",
        "user: other | admin | spec.services.postgres.user: 'other' cannot replace 'app'",
        "version: '16' | admin | spec.services.postgres.version (its major version): '16' cannot replace '17'",
        "image: 'postgis/postgis:18-3.6', version: '18' | admin | spec.services.postgres.version (its major version): '18' cannot replace '17'",
        "version: '17' | root | spec.services.monitoring.grafana.adminUser: 'root' cannot replace 'admin'"
      })
  void a_changed_one_is_named_with_the_value_to_set_it_back_to(
      String postgres, String adminUser, String expected) {
    var snapshot = asking(postgres, adminUser).owning(running()).owning(dataOf("17")).snapshot();

    assertThat(FixedFields.problems(snapshot))
        .singleElement()
        .satisfies(problem ->
            assertThat(problem)
                .startsWith(expected)
                .contains("with which the data on the volume was created: set it back to"));
  }

  @Test
  void a_new_minor_version_and_the_same_values_are_no_change() {
    assertThat(
            FixedFields.problems(
                asking("version: '17.2'", "admin")
                    .owning(running())
                    .owning(dataOf("17"))
                    .snapshot()))
        .isEmpty();
  }

  @Test
  void before_anything_runs_every_value_may_change() {
    assertThat(FixedFields.problems(asking("database: other", "root").snapshot())).isEmpty();
  }
}

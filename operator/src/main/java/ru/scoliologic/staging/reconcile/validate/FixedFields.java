package ru.scoliologic.staging.reconcile.validate;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.postgres.PostgresResources;

/**
 * Fields that existing data was created with and that were changed since. The API server does not
 * reject them: a tool that replaces immutable objects would delete the environment for it. Sizes
 * and classes of volumes are adapted instead, see VolumeGrowth.
 */
public final class FixedFields {
  private FixedFields() {}

  /** All fields whose value differs from the running one. */
  public static List<String> problems(Snapshot snapshot) {
    var spec = snapshot.environment().getSpec();
    var postgres = spec.services().postgres();
    var names = snapshot.names();
    Function<String, Optional<String>> database =
        variable ->
            inForce(
                snapshot,
                StatefulSet.class,
                names.postgres(),
                s -> s.getSpec().getTemplate(),
                variable);
    return Stream.of(
            differs(
                "services.postgres.database", postgres.database(), database.apply("POSTGRES_DB")),
            differs("services.postgres.user", postgres.user(), database.apply("POSTGRES_USER")),
            snapshot
                .owned()
                .find(StatefulSet.class, names.postgres())
                // If the image has no version, the pod compares it with the existing data.
                .filter(running ->
                    postgres.imageTellsVersion()
                        || database
                            .apply("PGDATA")
                            .filter(PostgresResources.dataFolder(snapshot.environment())::equals)
                            .isEmpty())
                .flatMap(running -> PostgresResources.dataVersion(snapshot))
                .flatMap(major ->
                    differs(
                        "services.postgres.version (its major version)",
                        postgres.major(),
                        Optional.of(major))),
            spec.grafana()
                .flatMap(grafana ->
                    differs(
                        "services.monitoring.grafana.adminUser",
                        grafana.adminUser(),
                        inForce(
                            snapshot,
                            Deployment.class,
                            names.grafana(),
                            d -> d.getSpec().getTemplate(),
                            "GF_SECURITY_ADMIN_USER"))))
        .flatMap(Optional::stream)
        .toList();
  }

  private static Optional<String> differs(String field, String asked, Optional<String> inForce) {
    return inForce
        .filter(value -> !value.equals(asked))
        .map(value ->
            ("spec.%s: '%s' cannot replace '%s', with which the data on the volume was"
                    + " created: set it back to '%s'")
                .formatted(field, asked, value, value));
  }

  /** The value of a variable of the running workload; empty when nothing runs. */
  private static <T extends HasMetadata> Optional<String> inForce(
      Snapshot snapshot,
      Class<T> kind,
      String name,
      Function<T, PodTemplateSpec> template,
      String variable) {
    return snapshot
        .owned()
        .find(kind, name)
        .map(template)
        .map(PodTemplateSpec::getSpec)
        .flatMap(pod ->
            pod.getContainers().stream()
                .map(Container::getEnv)
                .flatMap(List::stream)
                .filter(entry -> variable.equals(entry.getName()))
                .map(EnvVar::getValue)
                .findFirst());
  }
}

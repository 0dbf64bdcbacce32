package ru.scoliologic.staging.postgres;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/**
 * Input of a new database, and whether that was initialised. The spec's scripts are copied into a
 * ConfigMap of the operator, so that the pod stays unchanged when the spec no longer names them.
 */
record Initialisation(Snapshot snapshot, PostgresSpec spec) {
  private static final String SERVED = "served";

  static Initialisation of(Snapshot snapshot) {
    return new Initialisation(snapshot, snapshot.environment().getSpec().services().postgres());
  }

  /** The recorded major version of the existing data, if any. */
  Optional<String> dataVersion() {
    return snapshot
        .owned()
        .find(PersistentVolumeClaim.class, snapshot.names().postgres())
        .map(claim -> claim.getMetadata().getAnnotations())
        .map(annotations -> annotations.get(PostgresResources.MAJOR));
  }

  /** Whether a server was ever available with the data: from then on it may be in use. */
  boolean over(ComponentHealth server) {
    return server.ready() || dataVersion().isPresent();
  }

  /** The version that the pod found; the spec may not have it where it names an image. */
  Optional<String> foundVersion() {
    return snapshot.podsOf(ComponentName.POSTGRES).stream()
        .filter(pod -> pod.getStatus() != null)
        .flatMap(pod -> pod.getStatus().getInitContainerStatuses().stream())
        .filter(status -> PostgresPod.PREPARE.equals(status.getName()))
        .map(status -> status.getState() == null ? null : status.getState().getTerminated())
        .filter(Objects::nonNull)
        .map(end -> end.getMessage() == null ? "" : end.getMessage().strip())
        .filter(message -> message.matches("[0-9]{1,3}"))
        .findFirst();
  }

  List<PlannedObject> plan(ComponentHealth server) {
    var data = new TreeMap<String, String>();
    Stream.of("guard.sh", "up.sh", "prepare.sh").forEach(name -> data.put(name, text(name)));
    if (over(server)) {
      data.put(SERVED, "yes");
    }
    var start =
        new ConfigMapBuilder()
            .withMetadata(metadata(snapshot.names().postgresStart()))
            .withData(data)
            .build();
    var given = given();
    var init =
        new ConfigMapBuilder()
            .withMetadata(metadata(snapshot.names().postgresInit()))
            .withData(given.map(ConfigMap::getData).orElse(Map.of()))
            .withBinaryData(given.map(ConfigMap::getBinaryData).orElse(Map.of()))
            .build();
    boolean missing = spec.initSql() != null && given.isEmpty();
    return List.of(
        new PlannedObject(Stage.DEPLOYMENT, start),
        new PlannedObject(Stage.DEPLOYMENT, init, missing));
  }

  /**
   * Input whose change replaces the pod: the scripts and the password until the database is
   * initialised. After that they are unused, and the pod stays unchanged.
   */
  String configuration(String password, ComponentHealth server, Optional<StatefulSet> there) {
    return there
        .filter(set -> over(server))
        .map(set -> set.getSpec().getTemplate().getMetadata())
        .map(template -> template.getAnnotations())
        .map(annotations -> annotations.get(Labels.CONFIG_HASH))
        .orElseGet(() -> {
          var all = new TreeMap<String, Object>();
          all.put("scripts", given().map(ConfigMap::getData).orElse(Map.of()));
          all.put("binary", given().map(ConfigMap::getBinaryData).orElse(Map.of()));
          // With the uid, the password cannot be found by its hash in a table.
          all.put("password", snapshot.environment().getMetadata().getUid() + "/" + password);
          return Hash.of(all);
        });
  }

  private Optional<ConfigMap> given() {
    return Optional.ofNullable(spec.initSql())
        .map(sql -> snapshot.configMaps().get(sql.configMapRef().name()));
  }

  private io.fabric8.kubernetes.api.model.ObjectMeta metadata(String name) {
    return OwnedMetadata.owned(snapshot.environment(), ComponentName.POSTGRES, name);
  }

  private static String text(String name) {
    try (var input = Initialisation.class.getResourceAsStream("/postgres/" + name)) {
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

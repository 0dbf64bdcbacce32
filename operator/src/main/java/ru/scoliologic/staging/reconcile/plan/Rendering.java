package ru.scoliologic.staging.reconcile.plan;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.reconcile.validate.SpecValidator;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The plan of an environment without a cluster.
 *
 * @param objects in the order of the stages, Secrets without their values
 * @param configuration result of stage 2 about the given Secrets
 */
public record Rendering(List<HasMetadata> objects, StageResult configuration) {
  private static final String HIDDEN = "<hidden>";

  /** Shares no factor with the size of an alphabet. */
  private static final int STRIDE = 37;

  /**
   * Plans an environment on an empty cluster.
   *
   * @param given Secrets and ConfigMaps of the environment's namespace
   */
  public static Rendering of(StagingEnvironment environment, List<HasMetadata> given) {
    var snapshot =
        new Snapshot(
            environment,
            List.of(),
            new Snapshot.Own(new OwnedObjects(List.of()), List.of(), Map.of()),
            new Snapshot.Named(named(given, Secret.class), named(given, ConfigMap.class)),
            new Snapshot.Moment(Instant.EPOCH, Rendering::exampleValue),
            ClusterFacts.assumedGood(Claims.served(environment)));
    var settings = Configuration.resolve(snapshot);
    var objects =
        Plan.of(snapshot, settings).objects().stream()
            .sorted(Comparator.comparing(PlannedObject::stage))
            .map(PlannedObject::object)
            .map(Rendering::withoutValues)
            .toList();
    return new Rendering(objects, settings.result());
  }

  /** Constant, with every kind of character in the alphabet. */
  private static String exampleValue(int length, String alphabet) {
    return IntStream.range(0, length)
        .map(i -> alphabet.charAt(i * STRIDE % alphabet.length()))
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** The errors of the spec itself; see {@link SpecValidator}. */
  public static List<String> problems(StagingEnvironment environment) {
    return SpecValidator.problems(environment);
  }

  private static <T extends HasMetadata> Map<String, T> named(
      List<HasMetadata> given, Class<T> kind) {
    return given.stream()
        .filter(kind::isInstance)
        .map(kind::cast)
        .collect(Collectors.toMap(o -> o.getMetadata().getName(), o -> o, (first, again) -> again));
  }

  private static HasMetadata withoutValues(HasMetadata object) {
    if (object instanceof Secret secret) {
      var hidden = new TreeMap<String, String>();
      Stream.of(secret.getData())
          .flatMap(d -> d.keySet().stream())
          .forEach(k -> hidden.put(k, HIDDEN));
      secret.setData(hidden);
    }
    return object;
  }
}

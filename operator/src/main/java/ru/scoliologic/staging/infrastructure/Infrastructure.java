package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.Service;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironmentSpec;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.stage.StageResult.Failing;
import ru.scoliologic.staging.stage.StageResult.Ready;
import ru.scoliologic.staging.stage.StageResult.Waiting;

/** Judges stage 1 (pure). */
public final class Infrastructure {
  private Infrastructure() {}

  public static StageResult assess(Snapshot snapshot) {
    var storage = storageClasses(snapshot);
    if (storage.isPresent()) {
      return storage.get();
    }
    var address = address(snapshot);
    if (address.isPresent()) {
      return new Ready(
          Reason.INFRASTRUCTURE_READY,
          "storage classes are there; ports 80 and 443 are served at " + address.get());
    }
    var service = snapshot.names().traefik();
    if (!snapshot.portHolders().isEmpty()) {
      return new Failing(
          Reason.PORT_CONFLICT,
          "Service %s has no address: ports 80 and 443 are held by %s"
              .formatted(service, String.join(", ", snapshot.portHolders())));
    }
    return new Waiting(
        Reason.AWAITING_ADDRESS,
        "Service %s has no address for ports 80 and 443 yet".formatted(service),
        Waiting.SOON);
  }

  /** The address at which the environment's ports 80 and 443 are served. */
  public static Optional<String> address(Snapshot snapshot) {
    return snapshot
        .owned()
        .find(Service.class, snapshot.names().traefik())
        .flatMap(service ->
            Optional.ofNullable(service.getStatus())
                .map(status -> status.getLoadBalancer())
                .map(balancer -> balancer.getIngress())
                .orElse(List.of())
                .stream()
                .map(entry -> entry.getIp() != null ? entry.getIp() : entry.getHostname())
                .filter(Objects::nonNull)
                .findFirst());
  }

  private static Optional<StageResult> storageClasses(Snapshot snapshot) {
    var spec = snapshot.environment().getSpec();
    var asked = new TreeMap<String, String>();
    var fieldsWithoutClass = new TreeSet<String>();
    var services = spec.services();
    Stream.of(
            Stream.of(
                new Wish("spec.ingress.storageClassName", spec.ingress().storageClassName()),
                new Wish(
                    "spec.services.postgres.storageClassName",
                    services.postgres().storageClassName()),
                new Wish(
                    "spec.services.redis.storageClassName", services.redis().storageClassName())),
            services.app().volumes().stream()
                .map(v ->
                    new Wish(
                        "spec.services.app.volumes[" + v.path() + "].storageClassName",
                        v.storageClassName())),
            Stream.ofNullable(services.postgres().backup())
                .map(b ->
                    new Wish(
                        "spec.services.postgres.backup.storageClassName", b.storageClassName())),
            monitoring(spec))
        .flatMap(Function.identity())
        .forEach(wish -> {
          if (wish.storageClass() == null || wish.storageClass().isBlank()) {
            fieldsWithoutClass.add(wish.field());
          } else {
            asked.put(wish.field(), wish.storageClass());
          }
        });
    var available =
        snapshot.storageClasses().isEmpty()
            ? "the cluster has none"
            : "the cluster has "
                + String.join(", ", new TreeSet<>(snapshot.storageClasses().keySet()));
    return asked.entrySet().stream()
        .filter(entry -> !snapshot.storageClasses().containsKey(entry.getValue()))
        .findFirst()
        .map(entry ->
            "%s: storage class %s does not exist; %s"
                .formatted(entry.getKey(), entry.getValue(), available))
        .or(() ->
            fieldsWithoutClass.isEmpty() || snapshot.storageClasses().containsValue(true)
                ? Optional.empty()
                : Optional.of(
                    "%s is not set and no storage class is marked as the default; %s"
                        .formatted(fieldsWithoutClass.first(), available)))
        .map(message -> new Failing(Reason.STORAGE_CLASS_NOT_FOUND, message));
  }

  private static Stream<Wish> monitoring(StagingEnvironmentSpec spec) {
    var field = "spec.services.monitoring.";
    return Stream.concat(
        spec.monitored().stream()
            .map(m ->
                new Wish(field + "prometheus.storageClassName", m.prometheus().storageClassName())),
        spec.grafana().stream()
            .map(g -> new Wish(field + "grafana.storageClassName", g.storageClassName())));
  }

  private record Wish(String field, String storageClass) {}
}

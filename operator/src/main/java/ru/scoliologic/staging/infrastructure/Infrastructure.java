package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.InfrastructureSpec.Mode;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentSpec;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Observed;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.stage.StageResult.Failing;
import ru.scoliologic.staging.stage.StageResult.Ready;
import ru.scoliologic.staging.stage.StageResult.Waiting;

/** Judges stage 1 (pure). */
public final class Infrastructure {
  private Infrastructure() {}

  /**
   * Judges the stage.
   *
   * @param planned all that the environment is to consist of
   */
  public static StageResult assess(Snapshot snapshot, List<HasMetadata> planned) {
    return SharedClass.problem(snapshot)
        .or(() -> storageClasses(snapshot))
        .or(() -> Volumes.problem(snapshot, planned))
        .or(() -> room(snapshot, planned, Mode.Enforce))
        .or(() -> noAddress(snapshot))
        .or(() -> records(snapshot))
        .orElseGet(() -> ready(snapshot, planned));
  }

  private static StageResult ready(Snapshot snapshot, List<HasMetadata> planned) {
    var message =
        new StringBuilder("storage classes are there; ports 80 and 443 are served at ")
            .append(address(snapshot).orElseThrow());
    room(snapshot, planned, Mode.Warn)
        .ifPresent(warning -> message.append("; warning: ").append(warning.message()));
    if (DnsRecords.mode(snapshot) == Mode.Warn) {
      DnsRecords.problem(snapshot)
          .ifPresent(warning -> message.append("; warning: ").append(warning));
    }
    return new Ready(Reason.INFRASTRUCTURE_READY, message.toString());
  }

  /** What is lacking, of what is checked in the given mode. */
  private static Optional<StageResult> room(
      Snapshot snapshot, List<HasMetadata> planned, Mode mode) {
    var spec = snapshot.environment().getSpec().infrastructure().capacity();
    var capacity = new Capacity(snapshot, planned);
    var lacking =
        Stream.of(
                spec.mode() == mode ? capacity.shortage() : Optional.<String>empty(),
                spec.minimum().mode() == mode ? capacity.belowMinimum() : Optional.<String>empty())
            .flatMap(Optional::stream)
            .toList();
    return lacking.isEmpty()
        ? Optional.empty()
        : Optional.of(new Failing(Reason.NOT_ENOUGH_ROOM, String.join("; ", lacking)));
  }

  private static Optional<StageResult> noAddress(Snapshot snapshot) {
    if (address(snapshot).isPresent()) {
      return Optional.empty();
    }
    if (snapshot.environment().getSpec().ingress().sharesController()) {
      return Optional.of(SharedClass.noAddress(snapshot));
    }
    var service = snapshot.names().traefik();
    if (!snapshot.portHolders().isEmpty()) {
      return Optional.of(
          new Failing(
              Reason.PORT_CONFLICT,
              "Service %s has no address: ports 80 and 443 are held by %s"
                  .formatted(service, String.join(", ", snapshot.portHolders()))));
    }
    return Optional.of(
        new Waiting(
            Reason.AWAITING_ADDRESS,
            "Service %s has no address for ports 80 and 443 yet".formatted(service),
            Waiting.SOON));
  }

  private static Optional<StageResult> records(Snapshot snapshot) {
    if (DnsRecords.mode(snapshot) != Mode.Enforce) {
      return Optional.empty();
    }
    return DnsRecords.problem(snapshot)
        .map(problem ->
            new Waiting(
                DnsRecords.unanswered(snapshot) ? Reason.DNS_UNANSWERED : Reason.DNS_RECORD_WRONG,
                problem,
                snapshot.surroundings().nextLook()));
  }

  /** The address at which the environment's ports 80 and 443 are served. */
  public static Optional<String> address(Snapshot snapshot) {
    return addresses(snapshot.environment(), snapshot.owned()).stream().findFirst();
  }

  /** Every address, or name of one, that the ingress Service or the shared Ingress was given. */
  public static List<String> addresses(StagingEnvironment environment, Observed owned) {
    var names = Names.of(environment);
    return environment.getSpec().ingress().sharesController()
        ? shared(environment, owned, names)
        : own(owned, names);
  }

  private static List<String> shared(StagingEnvironment environment, Observed owned, Names names) {
    var published =
        owned
            .find(Ingress.class, names.app())
            .map(Ingress::getStatus)
            .map(status -> status.getLoadBalancer())
            .map(balancer -> balancer.getIngress())
            .orElse(List.of())
            .stream()
            .map(entry -> entry.getIp() != null ? entry.getIp() : entry.getHostname())
            .filter(Objects::nonNull)
            .toList();
    return published.isEmpty() ? environment.getSpec().ingress().addresses() : published;
  }

  private static List<String> own(Observed owned, Names names) {
    return owned
        .find(Service.class, names.traefik())
        .map(Service::getStatus)
        .map(status -> status.getLoadBalancer())
        .map(balancer -> balancer.getIngress())
        .orElse(List.of())
        .stream()
        .map(entry -> entry.getIp() != null ? entry.getIp() : entry.getHostname())
        .filter(Objects::nonNull)
        .toList();
  }

  private static Optional<StageResult> storageClasses(Snapshot snapshot) {
    var spec = snapshot.environment().getSpec();
    var asked = new TreeMap<String, String>();
    var fieldsWithoutClass = new TreeSet<String>();
    var services = spec.services();
    Stream.of(
            Stream.of(spec.ingress())
                .filter(ingress -> !ingress.sharesController())
                .map(i -> new Wish("spec.ingress.storageClassName", i.storageClassName())),
            Stream.of(
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
            Stream.ofNullable(services.ollama())
                .map(o -> new Wish("spec.services.ollama.storageClassName", o.storageClassName())),
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

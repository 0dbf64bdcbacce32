package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.InfrastructureSpec.Mode;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.LoadBalancing;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.stage.StageResult.Failing;
import ru.scoliologic.staging.stage.StageResult.Ready;
import ru.scoliologic.staging.stage.StageResult.Waiting;

/** Assesses stage 1, Infrastructure. */
public final class Infrastructure {
  private Infrastructure() {}

  /**
   * Assesses the stage: all that is missing is reported, under the reason of the first.
   *
   * @param planned all objects of the environment
   */
  public static StageResult assess(Snapshot snapshot, List<HasMetadata> planned) {
    var lacking =
        Stream.of(
                SharedClass.problem(snapshot),
                StorageClasses.problem(snapshot, planned),
                Volumes.problem(snapshot, planned),
                room(snapshot, planned, Mode.Enforce),
                noAddress(snapshot),
                records(snapshot))
            .flatMap(Optional::stream)
            .toList();
    return lacking.isEmpty() ? ready(snapshot, planned) : together(lacking);
  }

  /** A failure keeps its own time: the status reports each of its checks. */
  private static StageResult together(List<StageResult> lacking) {
    var message = lacking.stream().map(StageResult::message).collect(Collectors.joining("; "));
    var first = lacking.getFirst();
    if (first instanceof Failing failing) {
      return new Failing(failing.reason(), message, failing.retryAfter());
    }
    var next =
        lacking.stream()
            .map(result -> result instanceof Waiting w ? w.retryAfter() : Waiting.LATER)
            .min(Duration::compareTo)
            .orElseThrow();
    return new Waiting(first.reason(), message, next);
  }

  private static StageResult ready(Snapshot snapshot, List<HasMetadata> planned) {
    var found = new ArrayList<String>();
    found.add("storage classes exist");
    found.add("ports 80 and 443 are served at " + address(snapshot).orElseThrow());
    var warnings = new ArrayList<String>();
    var lacking = room(snapshot, planned, Mode.Warn);
    lacking.ifPresent(warning -> warnings.add(warning.message()));
    var capacity = new Capacity(snapshot, planned);
    if (snapshot.environment().getSpec().infrastructure().capacity().mode() != Mode.Off
        && capacity.shortage().isEmpty()) {
      capacity.fit().ifPresent(found::add);
    }
    DnsRecords.right(snapshot).ifPresent(found::add);
    if (DnsRecords.mode(snapshot) == Mode.Warn) {
      DnsRecords.problem(snapshot).ifPresent(warnings::add);
    }
    if (!snapshot.environment().getSpec().ingress().sharesController()) {
      new LoadBalancing(snapshot).notApplied().ifPresent(warnings::add);
    }
    warnings.forEach(warning -> found.add("warning: " + warning));
    return new Ready(Reason.INFRASTRUCTURE_READY, String.join("; ", found));
  }

  /** The missing capacity, as far as it is checked in the given mode. */
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
      return SharedClass.exists(snapshot)
          ? Optional.of(SharedClass.noAddress(snapshot))
          : Optional.empty();
    }
    var service = snapshot.names().traefik();
    if (!snapshot.surroundings().ingress().portHolders().isEmpty()) {
      return Optional.of(
          new Failing(
              Reason.PORT_CONFLICT,
              ("Service %s has no address: ports 80 and 443 are held by %s; remove that one, or let both"
                      + " use one ingress controller with spec.ingress.mode: Shared")
                  .formatted(
                      service,
                      String.join(", ", snapshot.surroundings().ingress().portHolders()))));
    }
    return Optional.of(
        new Waiting(
            Reason.AWAITING_ADDRESS,
            "Service %s has no address for ports 80 and 443 yet%s"
                .formatted(
                    service,
                    Optional.ofNullable(
                            snapshot.surroundings().reports().warnings().get("Service/" + service))
                        .map(said -> ": the cluster reports: " + said)
                        .orElse("")),
            Waiting.SOON));
  }

  private static Optional<StageResult> records(Snapshot snapshot) {
    boolean nothingToCompareWith =
        snapshot.surroundings().dns().expected().isEmpty() && address(snapshot).isEmpty();
    if (DnsRecords.mode(snapshot) != Mode.Enforce || nothingToCompareWith) {
      return Optional.empty();
    }
    return DnsRecords.problem(snapshot)
        .map(problem ->
            new Waiting(
                DnsRecords.unanswered(snapshot) ? Reason.DNS_UNANSWERED : Reason.DNS_RECORD_WRONG,
                problem,
                snapshot.surroundings().dns().nextLook()));
  }

  /** The address at which the environment's ports 80 and 443 are served. */
  public static Optional<String> address(Snapshot snapshot) {
    return addresses(snapshot.environment(), snapshot.owned()).stream().findFirst();
  }

  /** Every address or host name of the ingress Service or the shared Ingress. */
  public static List<String> addresses(StagingEnvironment environment, OwnedObjects owned) {
    var names = Names.of(environment);
    return environment.getSpec().ingress().sharesController()
        ? shared(environment, owned, names)
        : own(owned, names);
  }

  private static List<String> shared(
      StagingEnvironment environment, OwnedObjects owned, Names names) {
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

  private static List<String> own(OwnedObjects owned, Names names) {
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

  /** Whether the node's own condition reports that it can run pods. */
  public static boolean isReady(Node node) {
    return node.getStatus() != null
        && node.getStatus().getConditions().stream()
            .anyMatch(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()));
  }
}

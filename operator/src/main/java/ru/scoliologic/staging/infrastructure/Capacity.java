package ru.scoliologic.staging.infrastructure;

import static ru.scoliologic.staging.infrastructure.Requests.CPU;
import static ru.scoliologic.staging.infrastructure.Requests.amount;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.InfrastructureSpec;
import ru.scoliologic.staging.cluster.model.ClusterFacts.Usage;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Compares an environment's requests with the nodes' capacity, summed over the nodes on which at
 * least one of its pods may run.
 */
final class Capacity {
  private static final String MEMORY = "memory";
  private static final String DISK = "ephemeral-storage";
  private static final long MEBI = 1024L * 1024;

  /** Display names of the resources that are reported first. */
  private static final Map<String, String> NAMES = names();

  private final Snapshot snapshot;
  private final List<Demand> demands;
  private final List<Node> nodes;
  private final Map<String, Long> asked;

  /**
   * Capacity for one environment.
   *
   * @param planned all its objects
   */
  Capacity(Snapshot snapshot, List<HasMetadata> planned) {
    this.snapshot = snapshot;
    this.demands = planned.stream().flatMap(Capacity::demand).toList();
    this.nodes = snapshot.surroundings().nodes().all().stream().filter(this::usable).toList();
    this.asked = asked(demands);
  }

  private static Map<String, String> names() {
    var names = new LinkedHashMap<String, String>();
    names.put(CPU, "CPU");
    names.put(MEMORY, "memory");
    names.put(DISK, "disk");
    return names;
  }

  /** Of the Jobs only the largest counts: they do not run all at once. */
  private static Map<String, Long> asked(List<Demand> demands) {
    var lasting = new TreeMap<String, Long>();
    var passing = new TreeMap<String, Long>();
    for (var demand : demands) {
      Requests.of(demand.pod())
          .forEach((kind, amount) -> {
            if (demand.passing()) {
              passing.merge(kind, amount, Math::max);
            } else {
              lasting.merge(kind, times(demand.replicas(), amount), Requests::plus);
            }
          });
    }
    passing.forEach((kind, amount) -> lasting.merge(kind, amount, Requests::plus));
    lasting.values().removeIf(amount -> amount == 0);
    var ordered = new LinkedHashMap<String, Long>();
    NAMES.keySet().stream()
        .filter(lasting::containsKey)
        .forEach(kind -> ordered.put(kind, lasting.get(kind)));
    lasting.forEach(ordered::putIfAbsent);
    return ordered;
  }

  private static long times(int replicas, long amount) {
    return amount > Requests.MOST / Math.max(1, replicas) ? Requests.MOST : replicas * amount;
  }

  /** What the pods request beyond what others leave; empty while the others' usage is unknown. */
  Optional<String> shortage() {
    var surroundings = snapshot.surroundings();
    if (surroundings.nodes().usage().isEmpty() || surroundings.nodes().all().isEmpty()) {
      return Optional.empty();
    }
    var names = nodes.stream().map(n -> n.getMetadata().getName()).collect(Collectors.toSet());
    var others =
        surroundings.nodes().usage().get().stream()
            .filter(usage -> names.contains(usage.node()))
            .collect(Collectors.groupingBy(Usage::node));
    var lacking = new ArrayList<String>();
    asked.forEach((kind, needed) -> {
      long free = free(kind, others);
      if (free < needed) {
        lacking.add(
            "%s: found %s free, needed %s"
                .formatted(name(kind), found(kind, free), needed(kind, needed)));
      }
    });
    return told("the nodes do not have enough free capacity for the pods' requests", lacking);
  }

  /**
   * The requests and what the nodes have. It does not report what others leave: that changes all
   * the time, and a condition should not.
   */
  Optional<String> fit() {
    if (snapshot.surroundings().nodes().all().isEmpty()) {
      return Optional.empty();
    }
    if (snapshot.surroundings().nodes().usage().isEmpty()) {
      return Optional.of("the free capacity is not known: the pods could not be read");
    }
    return told(
        "the nodes have enough free capacity for the pods' requests",
        asked.entrySet().stream()
            .map(e ->
                "%s %s of %s"
                    .formatted(
                        name(e.getKey()),
                        needed(e.getKey(), e.getValue()),
                        found(e.getKey(), allocatable(e.getKey()))))
            .toList());
  }

  /** What the nodes lack of the minimum, whatever their usage. */
  Optional<String> belowMinimum() {
    if (snapshot.surroundings().nodes().all().isEmpty()) {
      return Optional.empty();
    }
    InfrastructureSpec.Minimum minimum =
        snapshot.environment().getSpec().infrastructure().capacity().minimum();
    var least = Map.of(CPU, minimum.cpu(), MEMORY, minimum.memory(), DISK, minimum.storage());
    var lacking =
        NAMES.keySet().stream()
            .filter(kind -> allocatable(kind) < amount(new Quantity(least.get(kind)), kind))
            .map(kind ->
                "%s: found %s, needed %s"
                    .formatted(name(kind), found(kind, allocatable(kind)), least.get(kind)))
            .toList();
    return told("the nodes have less than the minimum", lacking);
  }

  private static Optional<String> told(String what, List<String> parts) {
    return parts.isEmpty() ? Optional.empty() : Optional.of(what + ": " + String.join(", ", parts));
  }

  private long allocatable(String kind) {
    return nodes.stream()
        .mapToLong(node -> amount(allocatable(node).get(kind), kind))
        .reduce(0, Requests::plus);
  }

  /** Requests on one node, even beyond what it has, take nothing from the other nodes. */
  private long free(String kind, Map<String, List<Usage>> others) {
    return nodes.stream()
        .mapToLong(node -> {
          long used =
              others.getOrDefault(node.getMetadata().getName(), List.of()).stream()
                  .mapToLong(usage -> usage.requests().getOrDefault(kind, 0L))
                  .reduce(0, Requests::plus);
          return Math.max(0, amount(allocatable(node).get(kind), kind) - used);
        })
        .reduce(0, Requests::plus);
  }

  private static Map<String, Quantity> allocatable(Node node) {
    return node.getStatus() == null || node.getStatus().getAllocatable() == null
        ? Map.of()
        : node.getStatus().getAllocatable();
  }

  /** Whether a node is Ready, not cordoned, and accepts at least one of the pods. */
  private boolean usable(Node node) {
    return Infrastructure.isReady(node)
        && !Boolean.TRUE.equals(node.getSpec().getUnschedulable())
        && demands.stream().anyMatch(demand -> takes(node, demand.pod()));
  }

  private static boolean takes(Node node, PodSpec pod) {
    var labels = node.getMetadata().getLabels();
    boolean selected =
        pod.getNodeSelector() == null
            || pod.getNodeSelector().entrySet().stream()
                .allMatch(e -> labels != null && e.getValue().equals(labels.get(e.getKey())));
    return selected
        && node.getSpec().getTaints().stream()
            .filter(taint -> !"PreferNoSchedule".equals(taint.getEffect()))
            .allMatch(taint ->
                Objects.requireNonNullElse(pod.getTolerations(), List.<Toleration>of()).stream()
                    .anyMatch(t -> tolerates(t, taint)));
  }

  private static boolean tolerates(Toleration toleration, Taint taint) {
    boolean everyKey = toleration.getKey() == null || toleration.getKey().isEmpty();
    boolean anyValue = "Exists".equals(toleration.getOperator());
    return (everyKey ? anyValue : toleration.getKey().equals(taint.getKey()))
        && (toleration.getEffect() == null
            || toleration.getEffect().isEmpty()
            || toleration.getEffect().equals(taint.getEffect()))
        && (anyValue
            || Objects.requireNonNullElse(toleration.getValue(), "")
                .equals(Objects.requireNonNullElse(taint.getValue(), "")));
  }

  private static Stream<Demand> demand(HasMetadata object) {
    return switch (object) {
      case Deployment d -> demand(d.getSpec().getReplicas(), d.getSpec().getTemplate().getSpec());
      case StatefulSet s -> demand(s.getSpec().getReplicas(), s.getSpec().getTemplate().getSpec());
      case Job j -> Stream.of(new Demand(1, j.getSpec().getTemplate().getSpec(), true));
      case CronJob c ->
          Stream.of(
              new Demand(1, c.getSpec().getJobTemplate().getSpec().getTemplate().getSpec(), true));
      default -> Stream.empty();
    };
  }

  private static Stream<Demand> demand(Integer replicas, PodSpec pod) {
    return Stream.of(new Demand(replicas == null ? 1 : replicas, pod, false));
  }

  private static String name(String kind) {
    return NAMES.getOrDefault(kind, kind);
  }

  private static String found(String kind, long amount) {
    return bytes(kind) ? Math.floorDiv(amount, MEBI) + "Mi" : countOrCores(kind, amount);
  }

  /** Rounded up, so that the needed amount never seems equal to the found one. */
  private static String needed(String kind, long amount) {
    return bytes(kind) ? Math.ceilDiv(amount, MEBI) + "Mi" : countOrCores(kind, amount);
  }

  private static boolean bytes(String kind) {
    return kind.equals(MEMORY) || kind.equals(DISK) || kind.startsWith("hugepages-");
  }

  private static String countOrCores(String kind, long amount) {
    return !kind.equals(CPU) || amount % 1000 == 0
        ? String.valueOf(kind.equals(CPU) ? amount / 1000 : amount)
        : amount + "m";
  }

  /**
   * Pods of one kind.
   *
   * @param passing whether they end by themselves
   */
  private record Demand(int replicas, PodSpec pod, boolean passing) {}
}

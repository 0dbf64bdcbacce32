package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.InfrastructureSpec;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Surroundings.Usage;

/**
 * Compares what an environment asks with what the nodes have (pure). All is summed over the nodes
 * on which at least one of its pods may run.
 */
final class Capacity {
  private static final String CPU = "cpu";
  private static final String MEMORY = "memory";
  private static final String DISK = "ephemeral-storage";
  private static final BigDecimal THOUSAND = BigDecimal.valueOf(1000);
  private static final long MEBI = 1024L * 1024;

  private final Snapshot snapshot;
  private final List<Demand> demands;
  private final List<Node> nodes;

  /**
   * Of one environment.
   *
   * @param planned all that it is to consist of
   */
  Capacity(Snapshot snapshot, List<HasMetadata> planned) {
    this.snapshot = snapshot;
    this.demands = planned.stream().flatMap(Capacity::demand).toList();
    this.nodes = snapshot.surroundings().nodes().stream().filter(this::usable).toList();
  }

  /** What the pods ask beyond what others leave; nothing while nobody looked at the others. */
  Optional<String> shortage() {
    var surroundings = snapshot.surroundings();
    if (surroundings.usage().isEmpty() || surroundings.nodes().isEmpty()) {
      return Optional.empty();
    }
    var names = nodes.stream().map(n -> n.getMetadata().getName()).collect(Collectors.toSet());
    var others =
        surroundings.usage().get().stream()
            .filter(usage -> names.contains(usage.node()))
            .filter(usage -> !own(usage))
            .toList();
    long cpu = allocatable(CPU) - others.stream().mapToLong(Usage::cpu).sum();
    long memory = allocatable(MEMORY) - others.stream().mapToLong(Usage::memory).sum();
    long cpuAsked = demands.stream().mapToLong(d -> d.of(CPU)).sum();
    long memoryAsked = demands.stream().mapToLong(d -> d.of(MEMORY)).sum();
    var lacking = new ArrayList<String>();
    if (cpu < cpuAsked) {
      lacking.add("CPU: found %s free, needed %s".formatted(cores(cpu), cores(cpuAsked)));
    }
    if (memory < memoryAsked) {
      lacking.add("memory: found %s free, needed %s".formatted(mebi(memory), mebi(memoryAsked)));
    }
    return told("the nodes have not enough left for the pods' requests", lacking);
  }

  /** What the nodes lack of the minimum, whoever uses them. */
  Optional<String> belowMinimum() {
    if (snapshot.surroundings().nodes().isEmpty()) {
      return Optional.empty();
    }
    InfrastructureSpec.Minimum minimum =
        snapshot.environment().getSpec().infrastructure().capacity().minimum();
    var lacking = new ArrayList<String>();
    long cpu = allocatable(CPU);
    long cpuNeeded = amount(new Quantity(minimum.cpu()), CPU);
    if (cpu < cpuNeeded) {
      lacking.add("CPU: found %s, needed %s".formatted(cores(cpu), cores(cpuNeeded)));
    }
    for (var kind :
        List.of(
            Map.entry(MEMORY, Map.entry("memory", minimum.memory())),
            Map.entry(DISK, Map.entry("disk", minimum.storage())))) {
      long found = allocatable(kind.getKey());
      var needed = kind.getValue().getValue();
      if (found < amount(new Quantity(needed), kind.getKey())) {
        lacking.add(
            "%s: found %s, needed %s".formatted(kind.getValue().getKey(), mebi(found), needed));
      }
    }
    return told("the nodes have less than the minimum", lacking);
  }

  private static Optional<String> told(String what, List<String> parts) {
    return parts.isEmpty() ? Optional.empty() : Optional.of(what + ": " + String.join(", ", parts));
  }

  private boolean own(Usage usage) {
    return usage.namespace().equals(snapshot.namespace())
        && usage.environment().equals(snapshot.names().environment());
  }

  private long allocatable(String kind) {
    return nodes.stream().mapToLong(node -> amount(allocatable(node).get(kind), kind)).sum();
  }

  private static Map<String, Quantity> allocatable(Node node) {
    return node.getStatus() == null || node.getStatus().getAllocatable() == null
        ? Map.of()
        : node.getStatus().getAllocatable();
  }

  /** A node that is Ready, not cordoned, and takes one of the pods at least. */
  private boolean usable(Node node) {
    boolean ready =
        node.getStatus() != null
            && node.getStatus().getConditions().stream()
                .anyMatch(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()));
    return ready
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
            .allMatch(taint -> pod.getTolerations().stream().anyMatch(t -> tolerates(t, taint)));
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
      default -> Stream.empty();
    };
  }

  private static Stream<Demand> demand(Integer replicas, PodSpec pod) {
    return Stream.of(new Demand(replicas == null ? 1 : replicas, pod));
  }

  /**
   * What a pod requests, as the scheduler counts it.
   *
   * @return thousandths of a core, or bytes
   */
  static long request(PodSpec pod, String kind) {
    long together = 0;
    for (var container : pod.getContainers()) {
      together += request(container, kind);
    }
    long most = 0;
    for (var init : pod.getInitContainers()) {
      if ("Always".equals(init.getRestartPolicy())) {
        together += request(init, kind);
      } else {
        most = Math.max(most, request(init, kind));
      }
    }
    long overhead = pod.getOverhead() == null ? 0 : amount(pod.getOverhead().get(kind), kind);
    return Math.max(together, most) + overhead;
  }

  private static long request(Container container, String kind) {
    var resources = container.getResources();
    if (resources == null) {
      return 0;
    }
    // A limit without a request is a request.
    var requests =
        resources.getRequests() == null ? Map.<String, Quantity>of() : resources.getRequests();
    var limits = resources.getLimits() == null ? Map.<String, Quantity>of() : resources.getLimits();
    return amount(requests.getOrDefault(kind, limits.get(kind)), kind);
  }

  private static long amount(Quantity quantity, String kind) {
    if (quantity == null) {
      return 0;
    }
    var amount = quantity.getNumericalAmount();
    return (kind.equals(CPU) ? amount.multiply(THOUSAND) : amount)
        .setScale(0, RoundingMode.CEILING)
        .longValue();
  }

  private static String cores(long thousandths) {
    return thousandths % 1000 == 0 ? String.valueOf(thousandths / 1000) : thousandths + "m";
  }

  private static String mebi(long bytes) {
    return bytes / MEBI + "Mi";
  }

  private record Demand(int replicas, PodSpec pod) {
    long of(String kind) {
      return replicas * request(pod, kind);
    }
  }
}

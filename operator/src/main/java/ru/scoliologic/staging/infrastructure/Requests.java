package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.ClusterFacts.Usage;

/** The requests of any pod, as the scheduler counts them. */
public final class Requests {
  static final String CPU = "cpu";
  private static final BigDecimal THOUSAND = BigDecimal.valueOf(1000);

  /** More than any cluster has; two of them can be added. */
  static final long MOST = 1L << 61;

  private static final BigDecimal BEYOND = BigDecimal.valueOf(MOST);

  private Requests() {}

  public static Usage of(Pod pod) {
    return new Usage(
        pod.getMetadata().getNamespace(),
        Labels.environmentOf(pod).orElse(""),
        pod.getSpec().getNodeName(),
        of(pod.getSpec()));
  }

  /**
   * The requests of all pods but those of one environment, summed by node: what is kept of a
   * cluster does not grow with its pods.
   */
  public static List<Usage> ofOthers(List<Usage> pods, StagingEnvironment environment) {
    var own = environment.getMetadata();
    var sums = new TreeMap<String, Map<String, Long>>();
    pods.stream()
        .filter(pod ->
            !pod.namespace().equals(own.getNamespace()) || !pod.environment().equals(own.getName()))
        .forEach(pod -> {
          var sum = sums.computeIfAbsent(pod.node(), node -> new TreeMap<>());
          pod.requests().forEach((kind, amount) -> sum.merge(kind, amount, Requests::plus));
        });
    return sums.entrySet().stream()
        .map(sum -> new Usage("", "", sum.getKey(), Map.copyOf(sum.getValue())))
        .toList();
  }

  /** By kind of resource: thousandths of a core, bytes, or a number of devices. */
  static Map<String, Long> of(PodSpec pod) {
    var together = new TreeMap<String, Long>();
    var alone = new TreeMap<String, Long>();
    pod.getContainers().forEach(container -> add(together, container));
    for (var init : pod.getInitContainers()) {
      if ("Always".equals(init.getRestartPolicy())) {
        add(together, init);
      } else {
        requests(init)
            .forEach((kind, quantity) -> alone.merge(kind, amount(quantity, kind), Math::max));
      }
    }
    alone.forEach((kind, most) -> together.merge(kind, most, Math::max));
    Objects.requireNonNullElse(pod.getOverhead(), Map.<String, Quantity>of())
        .forEach((kind, quantity) -> together.merge(kind, amount(quantity, kind), Requests::plus));
    together.values().removeIf(amount -> amount == 0);
    return Map.copyOf(together);
  }

  private static void add(Map<String, Long> sum, Container container) {
    requests(container)
        .forEach((kind, quantity) -> sum.merge(kind, amount(quantity, kind), Requests::plus));
  }

  /** A limit without a request is a request. */
  private static Map<String, Quantity> requests(Container container) {
    var all = new TreeMap<String, Quantity>();
    var resources = container.getResources();
    if (resources != null) {
      Stream.of(resources.getLimits(), resources.getRequests())
          .filter(Objects::nonNull)
          .forEach(all::putAll);
    }
    return all;
  }

  /** The sum of two amounts, {@link #MOST} at most. */
  static long plus(long one, long other) {
    return Math.min(MOST, one + other);
  }

  /**
   * Thousandths of a core, bytes, or a number of devices; from 0 to {@link #MOST}. A quantity may
   * be any user's, so it is compared before its digits are written out.
   */
  static long amount(Quantity quantity, String kind) {
    if (quantity == null) {
      return 0;
    }
    BigDecimal amount;
    try {
      amount = quantity.getNumericalAmount();
    } catch (IllegalArgumentException | ArithmeticException e) {
      // The API server stores no such text: it is in a plan that is refused anyway.
      return 0;
    }
    var units = kind.equals(CPU) ? amount.multiply(THOUSAND) : amount;
    if (units.signum() <= 0 || units.compareTo(BEYOND) >= 0) {
      return units.signum() <= 0 ? 0 : MOST;
    }
    // A fraction of a unit counts as one, however many digits it has.
    return units.compareTo(BigDecimal.ONE) <= 0
        ? 1
        : units.setScale(0, RoundingMode.CEILING).longValue();
  }
}

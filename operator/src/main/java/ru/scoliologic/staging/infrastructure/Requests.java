package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Surroundings.Usage;

/** What a pod of anybody's requests, as the scheduler counts it (pure). */
public final class Requests {
  static final String CPU = "cpu";
  private static final BigDecimal THOUSAND = BigDecimal.valueOf(1000);

  private Requests() {}

  public static Usage of(Pod pod) {
    return new Usage(
        pod.getMetadata().getNamespace(),
        Labels.environmentOf(pod).orElse(""),
        pod.getSpec().getNodeName(),
        of(pod.getSpec()));
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
        .forEach((kind, quantity) -> together.merge(kind, amount(quantity, kind), Long::sum));
    together.values().removeIf(amount -> amount == 0);
    return Map.copyOf(together);
  }

  private static void add(Map<String, Long> sum, Container container) {
    requests(container)
        .forEach((kind, quantity) -> sum.merge(kind, amount(quantity, kind), Long::sum));
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

  /** Thousandths of a core, bytes, or a number of devices. */
  static long amount(Quantity quantity, String kind) {
    if (quantity == null) {
      return 0;
    }
    var amount = quantity.getNumericalAmount();
    return (kind.equals(CPU) ? amount.multiply(THOUSAND) : amount)
        .setScale(0, RoundingMode.CEILING)
        .longValue();
  }
}

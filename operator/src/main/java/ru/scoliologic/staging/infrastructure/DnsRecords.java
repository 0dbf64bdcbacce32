package ru.scoliologic.staging.infrastructure;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.InfrastructureSpec.Mode;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** Checks the domains' DNS records. */
public final class DnsRecords {
  private DnsRecords() {}

  /**
   * Whether every address leads to the environment: a certificate authority may try any of them, so
   * one stale AAAA record is enough to fail an order.
   */
  public static boolean right(DnsAnswer answer, List<String> expected) {
    return answer != null
        && answer.problem() == null
        && !answer.addresses().isEmpty()
        && (expected.containsAll(answer.addresses())
            || answer.aliases().stream().anyMatch(expected::contains));
  }

  /** Domains for which no certificate may be requested: their records are not known to be right. */
  public static Set<String> untrusted(Snapshot snapshot) {
    if (mode(snapshot) != Mode.Enforce) {
      return Set.of();
    }
    var dns = snapshot.surroundings().dns();
    return Claims.served(snapshot.environment()).stream()
        .filter(domain -> !right(dns.records().get(domain), dns.expected()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** One sentence that names every wrong record, with what was found. */
  static Optional<String> problem(Snapshot snapshot) {
    var dns = snapshot.surroundings().dns();
    if (mode(snapshot) == Mode.Off) {
      return Optional.empty();
    }
    var needed = String.join(" or ", dns.expected());
    var problems =
        Claims.served(snapshot.environment()).stream()
            .filter(domain -> !right(dns.records().get(domain), dns.expected()))
            .map(domain -> told(domain, dns.records().get(domain), needed))
            .toList();
    return problems.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", problems));
  }

  /** What the domains' records resolve to, if they are all known to be right. */
  static Optional<String> right(Snapshot snapshot) {
    if (mode(snapshot) == Mode.Off || problem(snapshot).isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        Claims.served(snapshot.environment()).stream()
            .map(domain ->
                "%s resolves to %s"
                    .formatted(domain, found(snapshot.surroundings().dns().records().get(domain))))
            .collect(Collectors.joining(", ")));
  }

  private static String found(DnsAnswer answer) {
    return String.join(" and ", answer.addresses());
  }

  /** Whether a lookup got no answer. */
  static boolean unanswered(Snapshot snapshot) {
    return snapshot.surroundings().dns().records().values().stream()
        .anyMatch(a -> a.problem() != null);
  }

  static Mode mode(Snapshot snapshot) {
    return snapshot.environment().getSpec().infrastructure().dns().mode();
  }

  private static String told(String domain, DnsAnswer answer, String needed) {
    if (answer == null) {
      return "the DNS has not been queried for %s yet, needed %s"
          .formatted(domain, needed.isEmpty() ? "the ingress Service's address" : needed);
    }
    if (answer.problem() != null) {
      return "the DNS gives no answer for %s, needed %s: %s"
          .formatted(domain, needed, answer.problem());
    }
    return answer.addresses().isEmpty()
        ? "%s has no A or AAAA record, needed %s".formatted(domain, needed)
        : "%s resolves to %s, needed %s".formatted(domain, found(answer), needed);
  }
}

package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.cluster.model.ComponentName;

/**
 * Egress that NetworkPolicies of other owners deny to pods. Policies that select a pod are
 * additive: traffic that one of them allows is allowed. Ingress is not checked, because every
 * component that serves has a policy of the operator.
 */
public final class ForeignPolicies {
  private final List<NetworkPolicy> limiting;

  public ForeignPolicies(List<NetworkPolicy> policies) {
    this.limiting =
        policies.stream()
            .filter(policy -> Labels.environmentOf(policy).isEmpty())
            .filter(policy -> policy.getSpec().getPolicyTypes().contains("Egress"))
            .toList();
  }

  /**
   * The policies that deny required traffic, with that traffic; empty when none does.
   *
   * @param labels of the pods
   */
  public Optional<Denial> denied(Map<String, String> labels, List<Traffic> needed) {
    var selecting =
        limiting.stream()
            .filter(policy -> PodSelector.matches(policy.getSpec().getPodSelector(), labels))
            .toList();
    var rules = selecting.stream().flatMap(p -> p.getSpec().getEgress().stream()).toList();
    var lost =
        needed.stream()
            .filter(traffic -> rules.stream().noneMatch(traffic::passes))
            .map(Traffic::name)
            .toList();
    if (selecting.isEmpty() || lost.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Denial(
            selecting.stream().map(p -> p.getMetadata().getName()).sorted().toList(),
            rules.isEmpty()
                ? "all traffic out, DNS included"
                : "traffic to " + String.join(", ", lost)));
  }

  /**
   * Required traffic that is denied.
   *
   * @param policies names of the policies that select the pods
   * @param traffic as text
   */
  public record Denial(List<String> policies, String traffic) {
    /** The sentence for the status about the given components. */
    public String of(List<ComponentName> components) {
      return "NetworkPolicy %s of this namespace %s pods of %s %s"
          .formatted(
              String.join(" and ", policies),
              policies.size() == 1 ? "denies" : "together deny",
              ComponentName.joined(components),
              traffic);
    }
  }
}

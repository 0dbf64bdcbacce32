package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.Map;
import java.util.Objects;

/** Evaluates a label selector as the API server does. */
final class PodSelector {
  private PodSelector() {}

  static boolean matches(LabelSelector selector, Map<String, String> labels) {
    var wanted = Objects.requireNonNullElse(selector.getMatchLabels(), Map.<String, String>of());
    return labels.entrySet().containsAll(wanted.entrySet())
        && selector.getMatchExpressions().stream().allMatch(asked -> holds(asked, labels));
  }

  private static boolean holds(LabelSelectorRequirement asked, Map<String, String> labels) {
    var value = labels.get(asked.getKey());
    return switch (asked.getOperator()) {
      case "In" -> asked.getValues().contains(value);
      case "NotIn" -> !asked.getValues().contains(value);
      case "Exists" -> value != null;
      default -> value == null;
    };
  }
}

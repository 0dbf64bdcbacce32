package ru.scoliologic.staging.reconcile.validate;

import java.util.ArrayList;
import java.util.List;
import ru.scoliologic.staging.api.IngressService;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.IngressTimeouts;

/** The schema's rules for the ingress Service and Traefik's timeouts. */
final class IngressRules {
  private IngressRules() {}

  static List<String> problems(IngressSpec ingress) {
    var problems = new ArrayList<String>();
    if (ingress.sharesController() && (ingress.service() != null || ingress.timeouts() != null)) {
      problems.add("spec.ingress: " + IngressSpec.OWN_MESSAGE);
    }
    if (ingress.hidesClients()) {
      problems.add("spec.ingress: " + IngressSpec.CLIENT_MESSAGE);
    }
    var service = ingress.balancing();
    var balancerClass = service.loadBalancerClass();
    if (balancerClass != null && !balancerClass.matches(IngressService.CLASS_PATTERN)) {
      problems.add(
          "spec.ingress.service.loadBalancerClass: '%s' %s"
              .formatted(balancerClass, IngressService.CLASS_MESSAGE));
    }
    if (service.annotations().keySet().stream()
        .anyMatch(key -> key.startsWith(IngressService.OWN_PREFIX))) {
      problems.add("spec.ingress.service: " + IngressService.OWN_MESSAGE);
    }
    var timeouts = ingress.patience();
    time(problems, "read", timeouts.read());
    time(problems, "write", timeouts.write());
    time(problems, "idle", timeouts.idle());
    return problems;
  }

  private static void time(List<String> problems, String field, String value) {
    if (!value.matches(IngressTimeouts.PATTERN)) {
      problems.add(
          "spec.ingress.timeouts.%s: '%s' %s".formatted(field, value, IngressTimeouts.MESSAGE));
    }
  }
}

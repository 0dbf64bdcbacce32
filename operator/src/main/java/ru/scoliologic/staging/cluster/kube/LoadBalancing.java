package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.Service;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import ru.scoliologic.staging.api.IngressService;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Settings of the ingress Service for the cluster's load balancer.
 *
 * @param asked the spec
 * @param made the Service, once it exists
 * @param allowsSome whether clients are restricted by address
 */
public record LoadBalancing(IngressService asked, Optional<Service> made, boolean allowsSome) {
  public LoadBalancing(Snapshot snapshot) {
    this(
        snapshot.environment().getSpec().ingress().balancing(),
        snapshot
            .owned()
            .find(Service.class, snapshot.names().traefik())
            .filter(service -> service.getSpec() != null),
        snapshot.environment().getSpec().ingress().access() != null
            && !snapshot.environment().getSpec().ingress().access().allowFrom().isEmpty());
  }

  public Map<String, String> annotations() {
    return asked.annotations();
  }

  /** The class of a Service is immutable, also when it was created without one. */
  public String balancerClass() {
    return made.map(service -> service.getSpec().getLoadBalancerClass())
        .orElse(made.isPresent() ? null : asked.loadBalancerClass());
  }

  /** Without Local a node may replace the client's address by its own. */
  public String trafficPolicy() {
    if (asked.externalTrafficPolicy() != null) {
      return asked.externalTrafficPolicy().name();
    }
    return allowsSome ? IngressService.TrafficPolicy.Local.name() : null;
  }

  /** The requested class when it is not in effect. */
  public Optional<String> notApplied() {
    return Objects.equals(asked.loadBalancerClass(), balancerClass())
        ? Optional.empty()
        : made.map(service ->
            ("spec.ingress.service.loadBalancerClass is not applied: Service %s was created"
                        + " %s, and a")
                    .formatted(
                        service.getMetadata().getName(),
                        balancerClass() == null ? "without one" : "with class " + balancerClass())
                + " Service keeps it; delete the Service to have it recreated, which may change"
                + " its address");
  }
}

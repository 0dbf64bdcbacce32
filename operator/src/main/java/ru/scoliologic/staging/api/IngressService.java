package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;

/** Settings of the ingress Service for the cluster's load balancer. */
@ValidationRule(
    value =
        "!has(self.annotations) || self.annotations.all(k,"
            + " !k.startsWith('staging.scoliologic.ru/'))",
    message = IngressService.OWN_MESSAGE)
public record IngressService(
    @JsonPropertyDescription("Annotations of the Service, for the cluster's load balancer.")
        Map<String, @Size(max = 4096) String> annotations,
    @Size(max = 253)
        @ValidationRule(
            value = "self.matches('" + IngressService.CLASS_PATTERN + "')",
            message = IngressService.CLASS_MESSAGE)
        @JsonPropertyDescription(
            "Load balancer class, for clusters with several. A Service keeps the class"
                + " with which it was created: after a change see the remark in"
                + " InfrastructureReady.")
        String loadBalancerClass,
    @JsonPropertyDescription(
            "Cluster: any node accepts a request and may replace the client's address by"
                + " its own. Local: only nodes that run Traefik accept requests, and the"
                + " client's address is preserved. Defaults to Local with access.allowFrom, else"
                + " to the cluster's default.")
        TrafficPolicy externalTrafficPolicy) {

  static final String CLASS_PATTERN =
      "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
  public static final String CLASS_MESSAGE =
      "is not the class of a load balancer: give one like service.k8s.aws/nlb";
  public static final String OWN_PREFIX = "staging.scoliologic.ru/";
  public static final String OWN_MESSAGE =
      "annotations below staging.scoliologic.ru/ are the operator's own: leave them out";

  public IngressService {
    annotations = annotations == null ? Map.of() : Map.copyOf(annotations);
  }

  /** Which nodes accept a request from outside. */
  public enum TrafficPolicy {
    Cluster,
    Local
  }
}

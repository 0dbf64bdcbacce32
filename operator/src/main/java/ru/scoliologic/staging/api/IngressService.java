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
    @JsonPropertyDescription(
            "Annotations of the Service, as the cluster's load balancer understands them.")
        Map<String, @Size(max = 4096) String> annotations,
    @Size(max = 253)
        @ValidationRule(
            value = "self.matches('" + IngressService.CLASS_PATTERN + "')",
            message = IngressService.CLASS_MESSAGE)
        @JsonPropertyDescription(
            "Class of the load balancer, where the cluster has more than one. A Service keeps the"
                + " one that it was made with: see the remark in InfrastructureReady after a"
                + " change.")
        String loadBalancerClass,
    @JsonPropertyDescription(
            "Cluster: any node takes a request and may put its own address in the place of the"
                + " client's. Local: only nodes with a Traefik do, and the client's address stays."
                + " The cluster's default when absent, Local with access.allowFrom.")
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

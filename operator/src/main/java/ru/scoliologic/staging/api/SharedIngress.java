package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;
import java.util.stream.Stream;

/** An existing ingress controller, and the source of its certificates. */
@ValidationRule(
    value =
        "(has(self.tlsSecretRef) ? 1 : 0) + (has(self.clusterIssuer) ? 1 : 0) + (has(self.issuer) ?"
            + " 1 : 0) <= 1",
    message = SharedIngress.ONE_MESSAGE)
@ValidationRule(
    value = "!has(self.annotations) || !('" + SharedIngress.CLASS + "' in self.annotations)",
    message = SharedIngress.CLASS_MESSAGE)
public record SharedIngress(
    @Required
        @Size(max = 253)
        @ValidationRule(
            value = "self.matches('" + SharedIngress.NAME_PATTERN + "')",
            message = SharedIngress.NAME_MESSAGE)
        @JsonPropertyDescription("Name of the IngressClass, see `kubectl get ingressclass`.")
        String className,
    @JsonPropertyDescription(
            "Annotations of the Ingress of each domain, for the ingress controller. The"
                + " Ingress of the webhook does not get them.")
        Map<String, @Size(max = 4096) String> annotations,
    @JsonPropertyDescription(
            "Secret with the keys tls.crt and tls.key for every domain, and ca.crt if they"
                + " are signed by a private authority. Defaults to the ingress controller's own"
                + " certificate when no issuer is given either.")
        SecretName tlsSecretRef,
    @Size(max = 253)
        @JsonPropertyDescription("ClusterIssuer of cert-manager that issues the certificates.")
        String clusterIssuer,
    @Size(max = 253)
        @JsonPropertyDescription(
            "Issuer of cert-manager in this namespace that issues the certificates.")
        String issuer) {

  public static final String NAME_PATTERN = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
  public static final String NAME_MESSAGE =
      "is not the name of an IngressClass: give one from `kubectl get ingressclass`";
  public static final String ONE_MESSAGE =
      "certificates have one source: give tlsSecretRef, clusterIssuer or issuer";
  public static final String CLASS = "kubernetes.io/ingress.class";
  public static final String CLASS_MESSAGE =
      "kubernetes.io/ingress.class does not go with className: leave the annotation out";

  public SharedIngress {
    annotations = annotations == null ? Map.of() : Map.copyOf(annotations);
  }

  /** The number of given sources of certificates. */
  @JsonIgnore
  public long sources() {
    return Stream.of(tlsSecretRef, clusterIssuer, issuer).filter(s -> s != null).count();
  }

  /** Whether cert-manager issues the certificates. */
  @JsonIgnore
  public boolean issued() {
    return clusterIssuer != null || issuer != null;
  }

  /** A Secret of the environment's namespace. */
  public record SecretName(
      @Required @Size(max = 253) @JsonPropertyDescription("Name of the Secret.") String name) {}
}

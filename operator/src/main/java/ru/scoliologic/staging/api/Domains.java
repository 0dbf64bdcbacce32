package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Host names of the environment; each belongs to one environment of the cluster at a time. */
@ValidationRule(
    value = "!has(self.traefik) || self.app != self.traefik",
    message = Domains.TRAEFIK_MESSAGE)
@ValidationRule(
    value =
        "!has(self.grafana) || (self.grafana != self.app && (!has(self.traefik) || self.grafana !="
            + " self.traefik))",
    message = Domains.GRAFANA_MESSAGE)
public record Domains(
    @Required
        @Size(max = 253)
        @ValidationRule(value = HOST_NAME_RULE, message = HOST_NAME_MESSAGE)
        @JsonPropertyDescription(
            "Host name of the application, for example app.staging.example.org.")
        String app,
    @Size(max = 253)
        @ValidationRule(value = HOST_NAME_RULE, message = HOST_NAME_MESSAGE)
        @JsonPropertyDescription(
            "Host name of the Traefik dashboard, for example traefik.staging.example.org."
                + " Required in ingress mode Own, ignored in mode Shared.")
        String traefik,
    @Size(max = 253)
        @ValidationRule(value = HOST_NAME_RULE, message = HOST_NAME_MESSAGE)
        @JsonPropertyDescription(
            "Host name of Grafana, for example grafana.staging.example.org. When set, the"
                + " environment is monitored, see spec.services.monitoring.")
        String grafana) {

  /** A DNS name of two labels or more (RFC 1123), lower case, no wildcard. */
  public static final String HOST_NAME_PATTERN =
      "^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$";

  public static final String HOST_NAME_MESSAGE =
      "is not a host name: give a lower-case DNS name without scheme, port or wildcard, for"
          + " example app.staging.example.org";

  public static final String TRAEFIK_MESSAGE =
      "app and traefik are the same host name: the dashboard needs a domain of its own, for"
          + " example traefik.staging.example.org";
  public static final String GRAFANA_MESSAGE =
      "grafana has the host name of app or of traefik: Grafana needs a domain of its own, for"
          + " example grafana.staging.example.org";

  /** A name with other letters passes the schema: the operator refuses it with its ASCII form. */
  private static final String HOST_NAME_RULE =
      "self.matches('" + HOST_NAME_PATTERN + "') || self.matches('[^ -~]')";
}

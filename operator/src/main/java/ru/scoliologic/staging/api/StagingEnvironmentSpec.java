package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Optional;

/** The desired environment. Only users and GitOps tools write here. */
@ValidationRule(value = MonitoringSpec.DOMAIN_RULE, message = MonitoringSpec.DOMAIN_MESSAGE)
@ValidationRule(
    value = "has(self.services.app.image) || has(self.gitops)",
    message = StagingEnvironmentSpec.IMAGE_MESSAGE)
@ValidationRule(
    value = "self.ingress.mode == 'Shared' || has(self.domains.traefik)",
    message = StagingEnvironmentSpec.TRAEFIK_MESSAGE)
public record StagingEnvironmentSpec(
    @Required @JsonPropertyDescription("The host names under which the environment is reached.")
        Domains domains,
    @Required @JsonPropertyDescription("How traffic gets in, and where certificates come from.")
        IngressSpec ingress,
    @JsonPropertyDescription(
            "What must be known before anything starts. Values only live in Secrets.")
        SecretsSpec secrets,
    @Required @JsonPropertyDescription("What runs in the environment.") ServicesSpec services,
    @Default(DEFAULT_DELETION_POLICY)
        @JsonPropertyDescription(
            "What happens to the volumes and the generated credentials when the environment is"
                + " deleted. Retain: they stay, and an environment of the same name adopts them."
                + " Delete: they go with it.")
        DeletionPolicy deletionPolicy,
    @Default("false")
        @JsonPropertyDescription(
            "Leave everything as it is: nothing is made, repaired, switched, deleted or checked"
                + " until this is false again.")
        Boolean suspend,
    @JsonPropertyDescription("Checks of the application beside those that hold for any.")
        ValidationSpec validation,
    @JsonPropertyDescription("What is checked before anything is made.")
        InfrastructureSpec infrastructure,
    @JsonPropertyDescription("What becomes of a deployment that fails.") RollbackSpec rollback,
    @JsonPropertyDescription(
            "The Git branch that the environment follows; versions come from"
                + " spec.services.app.image alone when absent.")
        GitopsSpec gitops,
    @Size(max = 20)
        @ValidationRule(
            value = "self.all(n, self.exists_one(o, o.name == n.name))",
            message = NotificationSpec.DISTINCT_MESSAGE)
        @JsonPropertyDescription("Who is told how versions fare.")
        List<NotificationSpec> notifications) {

  public static final String TRAEFIK_MESSAGE =
      "domains.traefik is missing: in ingress mode Own the dashboard needs a domain of its own, for"
          + " example traefik.staging.example.org";
  public static final String IMAGE_MESSAGE =
      "services.app.image is missing: give the application's image, or spec.gitops to build it from"
          + " a branch";
  static final String DEFAULT_DELETION_POLICY = "Retain";

  public StagingEnvironmentSpec {
    secrets = secrets == null ? new SecretsSpec(null, null) : secrets;
    deletionPolicy =
        deletionPolicy == null ? DeletionPolicy.valueOf(DEFAULT_DELETION_POLICY) : deletionPolicy;
    suspend = suspend != null && suspend;
    validation = validation == null ? ValidationSpec.DEFAULTS : validation;
    rollback = rollback == null ? RollbackSpec.DEFAULTS : rollback;
    notifications = notifications == null ? List.of() : List.copyOf(notifications);
    infrastructure = infrastructure == null ? new InfrastructureSpec(null, null) : infrastructure;
  }

  /** Whether a failed first deployment is removed with its volumes. */
  @JsonIgnore
  public boolean wipesFirstDeployment() {
    return rollback.firstDeployment() == RollbackSpec.FirstDeployment.Wipe;
  }

  /** Desired monitoring; empty when it is off. */
  @JsonIgnore
  public Optional<MonitoringSpec> monitored() {
    return services.monitoring() == null && domains.grafana() != null
        ? Optional.of(MonitoringSpec.DEFAULTS)
        : Optional.ofNullable(services.monitoring());
  }

  /** Desired Grafana; empty when it is off. */
  @JsonIgnore
  public Optional<MonitoringSpec.Grafana> grafana() {
    return monitored().map(MonitoringSpec::grafana).filter(MonitoringSpec.Grafana::enabled);
  }

  /** What happens to data and credentials when the environment is deleted. */
  public enum DeletionPolicy {
    Retain,
    Delete
  }
}

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
    @Required @JsonPropertyDescription("Host names of the environment.") Domains domains,
    @Required
        @JsonPropertyDescription(
            "How requests reach the environment, and where certificates come from.")
        IngressSpec ingress,
    @JsonPropertyDescription(
            "Keys that must be present before anything is deployed. Their values are"
                + " stored only in Secrets.")
        SecretsSpec secrets,
    @Required @JsonPropertyDescription("Workloads of the environment.") ServicesSpec services,
    @Default(DEFAULT_DELETION_POLICY)
        @JsonPropertyDescription(
            "Effect on the volumes and the generated credentials when the environment is"
                + " deleted. Retain: they are kept, and an environment of the same name adopts"
                + " them. Delete: they are deleted.")
        DeletionPolicy deletionPolicy,
    @Default("false")
        @JsonPropertyDescription(
            "Whether the environment is suspended: nothing is created, repaired, switched,"
                + " deleted or checked until this is false.")
        Boolean suspend,
    @JsonPropertyDescription("Checks of the application, in addition to the built-in ones.")
        ValidationSpec validation,
    @JsonPropertyDescription("Checks that run before anything is created.")
        InfrastructureSpec infrastructure,
    @JsonPropertyDescription("Effect of a failed deployment.") RollbackSpec rollback,
    @JsonPropertyDescription(
            "Git branch that the environment follows. When absent, versions come only from"
                + " spec.services.app.image.")
        GitopsSpec gitops,
    @Size(max = 20)
        @ValidationRule(
            value = "self.all(n, self.exists_one(o, o.name == n.name))",
            message = NotificationSpec.DISTINCT_MESSAGE)
        @JsonPropertyDescription("Recipients of reports about versions.")
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

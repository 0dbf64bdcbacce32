package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** The observed state. Only the operator writes here. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StagingEnvironmentStatus(
    @Default("-1") @JsonPropertyDescription("Generation of the spec that this status describes.")
        Long observedGeneration,
    @JsonPropertyDescription("The stage in progress, or the last one when all are done.")
        String stage,
    @JsonPropertyDescription("One sentence: what the environment waits for, or that it is ready.")
        String message,
    @JsonPropertyDescription(
            "One condition per stage, in their order, then Ready, and Reconciling or"
                + " Stalled while they are True.")
        List<Condition> conditions,
    @JsonPropertyDescription("State of each component.") List<Component> components,
    @JsonPropertyDescription("URLs of the environment.") Urls urls,
    @JsonPropertyDescription("Versions of the application.") AppVersions app,
    @JsonPropertyDescription(
            "Domains that this environment holds. No other environment can use them.")
        List<String> claims,
    @JsonPropertyDescription(
            "Latest time of the next retry, as an RFC 3339 timestamp. Absent while nothing"
                + " fails.")
        String nextRetry,
    @JsonPropertyDescription("Backups of the database.") Backup backup,
    @JsonPropertyDescription("Last task of each kind on the database.")
        List<DatabaseTask> databaseTasks,
    @JsonPropertyDescription("Certificates, and the attempts to obtain them.") Acme acme,
    @JsonPropertyDescription(
            "The failed first deployment that is removed with its volumes. Absent once it"
                + " is deployed again.")
        Wiped wiped,
    @JsonPropertyDescription("Last rotation of each generated key.") List<Rotation> rotations) {

  /** The default status of a new environment has no conditions. */
  public StagingEnvironmentStatus {
    conditions = conditions == null ? List.of() : conditions;
  }

  /** A first deployment that is removed. */
  public record Wiped(
      @JsonPropertyDescription("Time of the decision, as an RFC 3339 timestamp.") String since,
      @JsonPropertyDescription("Why it failed, with the container's last log lines.") String cause,
      @JsonPropertyDescription(
              "Hash of the failed spec, configuration and request. With another one it is"
                  + " deployed again.")
          String with) {}

  /** Requests to certificate authorities. */
  public record Acme(
      @JsonPropertyDescription("Name of the Traefik resolver in use.") String authority,
      @JsonPropertyDescription("One entry per domain.") List<Certificate> domains) {
    public Acme {
      domains = domains == null ? List.of() : List.copyOf(domains);
    }
  }

  /** The certificate of one domain. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Certificate(
      @JsonPropertyDescription("Host name.") String domain,
      @JsonPropertyDescription("Whether the certificate was served at the last check.")
          boolean issued,
      @JsonPropertyDescription("Number of orders that Traefik was allowed to make.") int attempts,
      @JsonPropertyDescription("Start of the last order, as an RFC 3339 timestamp.")
          String lastAttempt,
      @JsonPropertyDescription(
              "Earliest start of the next order. Absent while an order is in progress or"
                  + " none is needed.")
          String nextAttempt,
      @JsonPropertyDescription(
              "The authority's last response to an attempt, and the remedy. Absent once it"
                  + " has issued.")
          String answer) {}

  /** The rotation of one key. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Rotation(
      @JsonPropertyDescription("Name of the key.") String key,
      @JsonPropertyDescription("The requested number.") int rotation,
      @JsonPropertyDescription(
              "Waiting, Preparing, Starting, Retiring, Done; or Reverting, Failed.")
          String step,
      @JsonPropertyDescription("Start of the step, as an RFC 3339 timestamp.") String since,
      @JsonPropertyDescription("One sentence that describes the step.") String message) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Component(
      @JsonPropertyDescription("Name of the component.") String name,
      @JsonPropertyDescription("Whether it is available.") boolean ready,
      @JsonPropertyDescription("Image that it runs.") String image,
      @JsonPropertyDescription("One sentence that describes its state.") String message) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Urls(
      @JsonPropertyDescription("URL of the application.") String app,
      @JsonPropertyDescription("URL of the Traefik dashboard.") String traefik,
      @JsonPropertyDescription("URL of Grafana.") String grafana) {}

  /** The application's versions. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record AppVersions(
      @JsonPropertyDescription("Version with the traffic: an image, or a commit with its subject.")
          String serving,
      @JsonPropertyDescription("Version that starts beside the serving one.") String candidate,
      @JsonPropertyDescription("Version that served before and keeps running for a fast rollback.")
          String previous,
      @JsonPropertyDescription("Release whose spec.serve was requested.") String pinned,
      @JsonPropertyDescription(
              "Release that the spec or the branch named at that time. Another one cancels"
                  + " the request.")
          String pinnedAgainst,
      @JsonPropertyDescription("Release of the serving version.") String release,
      @JsonPropertyDescription("First digits of the serving commit.") String commit,
      @JsonPropertyDescription("Newest commit and its state, if it does not serve.")
          String attempt) {}

  /** The backups of the database. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Backup(
      @JsonPropertyDescription("End of the newest successful backup, as an RFC 3339 timestamp.")
          String lastGood,
      @JsonPropertyDescription("Its name in the backup volume, for restore.file.") String file,
      @JsonPropertyDescription("Its size in bytes.") Long bytes,
      @JsonPropertyDescription("Time of the last failure, if it is later than lastGood.")
          String lastFailure,
      @JsonPropertyDescription("Message of the last failure.") String failure) {}

  /** A task on the database: Seed, Backup, Reset or Restore. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record DatabaseTask(
      @JsonPropertyDescription("Seed, Backup, Reset or Restore.") String task,
      @JsonPropertyDescription("Text that requested it. Absent for a seed.") String request,
      @JsonPropertyDescription(
              "Running, Refused (the cluster does not accept its Job), Succeeded or Failed.")
          String state,
      @JsonPropertyDescription("One sentence that describes the state.") String message,
      @JsonPropertyDescription("End of the task, as an RFC 3339 timestamp.") String time) {}
}

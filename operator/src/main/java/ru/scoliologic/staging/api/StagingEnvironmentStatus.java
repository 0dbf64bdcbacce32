package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** The observed state. Only the operator writes here. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StagingEnvironmentStatus(
    @Default("-1")
        @JsonPropertyDescription("The generation of the spec that this status speaks of.")
        Long observedGeneration,
    @JsonPropertyDescription("The stage being worked on, or the last one when all are done.")
        String stage,
    @JsonPropertyDescription("In one sentence: what is being waited for, or that all is well.")
        String message,
    @JsonPropertyDescription(
            "One condition a stage in the plan's order, then Ready, and Reconciling or Stalled while"
                + " they hold.")
        List<Condition> conditions,
    @JsonPropertyDescription("The state of each component.") List<Component> components,
    @JsonPropertyDescription("Where the environment is reached.") Urls urls,
    @JsonPropertyDescription("The versions of the application.") AppVersions app,
    @JsonPropertyDescription("Domains this environment holds; no other environment gets them.")
        List<String> claims,
    @JsonPropertyDescription(
            "When what fails is tried again at the latest; absent while nothing fails.")
        String nextRetry,
    @JsonPropertyDescription("The backups of the database.") Backup backup,
    @JsonPropertyDescription("The last task of each kind on the database.")
        List<DatabaseTask> databaseTasks,
    @JsonPropertyDescription("The certificates and the attempts to get them.") Acme acme,
    @JsonPropertyDescription(
            "The first deployment that failed and is removed with its volumes; absent once it is"
                + " deployed anew.")
        Wiped wiped,
    @JsonPropertyDescription("The last rotation of each generated key.") List<Rotation> rotations) {

  /** The default status of a new environment has no conditions. */
  public StagingEnvironmentStatus {
    conditions = conditions == null ? List.of() : conditions;
  }

  /**
   * A first deployment that is removed.
   *
   * @param since when that was decided
   * @param cause why it failed, with the container's last lines
   * @param with hash of the failed spec, configuration and request: another one is tried
   */
  public record Wiped(String since, String cause, String with) {}

  /**
   * Requests to certificate authorities.
   *
   * @param authority Traefik's resolver for the authority in use
   * @param domains one entry per domain
   */
  public record Acme(String authority, List<Certificate> domains) {
    public Acme {
      domains = domains == null ? List.of() : List.copyOf(domains);
    }
  }

  /**
   * The certificate of one domain.
   *
   * @param issued whether it was served at the last check
   * @param attempts orders that Traefik was allowed to make, one at a time
   * @param lastAttempt when the last one began
   * @param nextAttempt when the next one may begin; absent while one is under way or none is needed
   * @param answer the authority's last answer and the remedy; absent once it has issued
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Certificate(
      String domain,
      boolean issued,
      int attempts,
      String lastAttempt,
      String nextAttempt,
      @JsonPropertyDescription(
              "What the authority last answered to an attempt, kept until its next answer.")
          String answer) {}

  /**
   * The rotation of one key.
   *
   * @param rotation the requested number
   * @param step Waiting, Preparing, Starting, Retiring, Done; or Reverting, Failed
   * @param since when the step began
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Rotation(String key, int rotation, String step, String since, String message) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Component(String name, boolean ready, String image, String message) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Urls(String app, String traefik, String grafana) {}

  /**
   * The application's versions.
   *
   * @param serving the version with the traffic: an image, or a commit with its subject
   * @param candidate the version that starts beside it, if any
   * @param previous the version that served before and is kept for a fast rollback, if any
   * @param pinned release that requested to serve, if any
   * @param pinnedAgainst release that the branch, or the spec, requested at that time; another one
   *     cancels it
   * @param release of the serving version
   * @param commit first digits of the serving version's commit, if it was built from one
   * @param attempt the newest commit and its state, if it does not serve
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record AppVersions(
      String serving,
      String candidate,
      String previous,
      String pinned,
      String pinnedAgainst,
      String release,
      String commit,
      String attempt) {}

  /**
   * The backups of the database.
   *
   * @param lastGood when the newest good one was finished
   * @param file its name in the backup volume, for {@code restore.file}
   * @param bytes its size
   * @param lastFailure time of the last failure, if it is after the newest good one
   * @param failure its message
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Backup(
      String lastGood, String file, Long bytes, String lastFailure, String failure) {}

  /**
   * A task on the database: Seed, Backup, Reset or Restore.
   *
   * @param request the text that requested it; none for a seed
   * @param state Running, Refused while the cluster does not take its Job, Succeeded or Failed
   * @param time when it ended
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record DatabaseTask(
      String task, String request, String state, String message, String time) {}
}

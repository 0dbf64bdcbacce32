package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** The status of the version. The agent writes {@code build}, the operator all else. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StagingReleaseStatus(
    @Default("-1") @JsonPropertyDescription("Generation of the spec that this status describes.")
        Long observedGeneration,
    @JsonPropertyDescription(
            "State, for display: Building, AwaitingApproval, Waiting, Starting, Serving,"
                + " Previous, Replaced, Failed or Superseded.")
        String state,
    @JsonPropertyDescription("One sentence that describes the state.") String message,
    @JsonPropertyDescription(
            "Resolved: the tag of its image is resolved to a digest. Built: its image is"
                + " in the registry. RolledOut: it became healthy and got the traffic. Verified:"
                + " the checks passed while it served; once True it stays True, unless a retry"
                + " finds other content under its tag. Superseded: another version was requested"
                + " before this one was verified.")
        List<Condition> conditions,
    @JsonPropertyDescription("Time of each step, as RFC 3339 timestamps.") Timings timings,
    @JsonPropertyDescription("Requests of the spec that were carried out.") Handled handled,
    @JsonPropertyDescription(
            "Hash of the application's configuration with which it failed. With another"
                + " configuration it is retried.")
        String failedWith,
    @JsonPropertyDescription("Latest result of each check of the version while it served.")
        SmokeReport report,
    @JsonPropertyDescription("Whether its migration ran. It does not run again.") Boolean migrated,
    @JsonPropertyDescription(
            "Copy of the database from before its migration, a file for"
                + " spec.services.postgres.restore.")
        String databaseCopy,
    @JsonPropertyDescription("Image of the version by digest, once it is known.") String image,
    @JsonPropertyDescription("State of its build. Only the agent writes it.") BuildStatus build,
    @JsonPropertyDescription(
            "Notifications about the version: one entry for each notification and event,"
                + " and for each commit status.")
        List<Told> told,
    @JsonPropertyDescription(
            "Why it last failed, also while it is retried or after it was superseded."
                + " Absent once it is verified.")
        String failure) {

  public boolean is(ReleaseState wanted) {
    return wanted.name().equals(state);
  }

  /** The same with other notification entries; none when empty. */
  public StagingReleaseStatus telling(List<Told> entries) {
    return with(message, build, entries == null || entries.isEmpty() ? null : List.copyOf(entries));
  }

  /** Only the operator's part. */
  public StagingReleaseStatus withoutBuild() {
    return with(message, null, told);
  }

  /** The same with another message. */
  public StagingReleaseStatus saying(String sentence) {
    return with(sentence, build, told);
  }

  private StagingReleaseStatus with(
      String otherMessage, BuildStatus otherBuild, List<Told> otherTold) {
    return new StagingReleaseStatus(
        observedGeneration,
        state,
        otherMessage,
        conditions,
        timings,
        handled,
        failedWith,
        report,
        migrated,
        databaseCopy,
        image,
        otherBuild,
        otherTold,
        failure);
  }

  /** Only the agent's part. */
  public static StagingReleaseStatus ofBuild(BuildStatus build) {
    return new StagingReleaseStatus(
        null, null, null, null, null, null, null, null, null, null, null, build, null, null);
  }

  /** The time of each step. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Timings(
      @JsonPropertyDescription("The commit was created, according to Git.") String committed,
      @JsonPropertyDescription(
              "The version was first requested; for a commit, it became the branch's head.")
          String asked,
      @JsonPropertyDescription("Its image was built.") String built,
      @JsonPropertyDescription("Its image was in the registry.") String pushed,
      @JsonPropertyDescription("It was healthy.") String available,
      @JsonPropertyDescription("It got the traffic.") String switched,
      @JsonPropertyDescription("Its checks passed.") String verified,
      @JsonPropertyDescription("Seconds from asked to verified.") Long secondsToVerified) {
    public static final Timings NONE = new Timings(null, null, null, null, null, null, null, null);
  }

  /** The agent's report of the build. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record BuildStatus(
      @JsonPropertyDescription("Progress of the build.") BuildState state,
      @JsonPropertyDescription(
              "Why it failed or what it waits for, in CamelCase. Absent without a problem.")
          String reason,
      @JsonPropertyDescription("One sentence that describes the state.") String message,
      @JsonPropertyDescription("Digest of the pushed image, as sha256:<hash>.") String digest,
      @JsonPropertyDescription("Number of builds started.") Integer attempt,
      @JsonPropertyDescription("Value of spec.retry that the last build carried out.") String retry,
      @JsonPropertyDescription("Start of the last build, as an RFC 3339 timestamp.") String started,
      @JsonPropertyDescription("Time when the image was built.") String built,
      @JsonPropertyDescription("Time when the image was in the registry.") String pushed,
      @JsonPropertyDescription("Last lines of the build's log, without secrets.") String logTail) {}

  /** The values of {@code state}: where a version is in its life. */
  public enum ReleaseState {
    /** Its image is being built. */
    Building,
    AwaitingApproval,
    /** It has not been tried yet. */
    Waiting,
    /** It starts, beside the serving version if there is one. */
    Starting,
    Serving,
    /** It served before and keeps running, for a fast rollback. */
    Previous,
    /** It was verified, and another version serves. */
    Replaced,
    Failed,
    Superseded
  }

  /** Progress of a build. */
  public enum BuildState {
    /** It has not begun, or waits for something that is not the commit's fault. */
    Waiting,
    Building,
    Pushing,
    /** The image is in the registry. */
    Built,
    /** The commit cannot be built; another try must be requested. */
    Failed,
    /** A newer commit came first. */
    Cancelled
  }

  /** One notification. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Told(
      @JsonPropertyDescription(
              "Name of the entry of spec.notifications, or gitops.commitStatus for GitHub.")
          String notification,
      @JsonPropertyDescription("Reported event, for example Verified or CommitSuccess.")
          String occasion,
      @JsonPropertyDescription("Delivery state.") Telling state,
      @JsonPropertyDescription("Time of the event, as an RFC 3339 timestamp.") String since,
      @JsonPropertyDescription("Time of the last attempt.") String at,
      @JsonPropertyDescription("Number of attempts.") Integer attempts,
      @JsonPropertyDescription("Time of the next attempt.") String next,
      @JsonPropertyDescription("Reason of the last failure: SecretMissing, Refused or Unreachable.")
          String reason,
      @JsonPropertyDescription("One sentence that describes the last failure.") String message) {}

  /** Delivery state of a message. */
  public enum Telling {
    /** It will be sent, for the first time or again. */
    Due,
    /** The addressee accepted it. */
    Told,
    /** It could not be sent for an hour. */
    GivenUp
  }

  /** The last request of each kind that was acted upon. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Handled(
      @JsonPropertyDescription("Value of spec.retry.") String retry,
      @JsonPropertyDescription("Value of spec.serve.") String serve,
      @JsonPropertyDescription("Value of spec.revalidate.") String revalidate) {
    public static final Handled NOTHING = new Handled(null, null, null);
  }
}

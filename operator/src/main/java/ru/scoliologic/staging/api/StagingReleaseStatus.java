package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** The status of the version. The agent writes {@code build}, the operator all else. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StagingReleaseStatus(
    @Default("-1")
        @JsonPropertyDescription("The generation of the spec that this status speaks of.")
        Long observedGeneration,
    @JsonPropertyDescription(
            "For people: Building, AwaitingApproval, Waiting, Starting, Serving, Previous, Replaced,"
                + " Failed or Superseded.")
        String state,
    @JsonPropertyDescription("In one sentence: how it fared.") String message,
    @JsonPropertyDescription(
            "Resolved: the tag of its image stands for one digest. Built: its image is in the"
                + " registry. RolledOut: it came up and got the traffic. Verified: the checks"
                + " passed while it served; once True it stays so, unless a retry finds other"
                + " content under its tag. Superseded: another version was asked for before it was"
                + " verified.")
        List<Condition> conditions,
    @JsonPropertyDescription("When each step was reached, as RFC 3339 timestamps.") Timings timings,
    @JsonPropertyDescription("Requests of the spec that were acted upon.") Handled handled,
    @JsonPropertyDescription(
            "Hash of the application's configuration with which it failed; another one is tried.")
        String failedWith,
    @JsonPropertyDescription("Every check of the version, as it last was while it served.")
        SmokeReport report,
    @JsonPropertyDescription("Whether its migration was run; it is not run again.")
        Boolean migrated,
    @JsonPropertyDescription(
            "Copy of the database as it was before its migration, a file for"
                + " spec.services.postgres.restore.")
        String databaseCopy,
    @JsonPropertyDescription("Image of the version by its digest, once there is one.") String image,
    @JsonPropertyDescription("How its build fares; only the agent writes here.") BuildStatus build,
    @JsonPropertyDescription(
            "Who is or was to be told of it: one entry for each notification and occasion, and for"
                + " each status of the commit.")
        List<Told> told,
    @JsonPropertyDescription(
            "Why it last failed, also while it is tried again and when another version was asked for"
                + " meanwhile; absent once it is verified.")
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

  /**
   * The time of each step.
   *
   * @param committed the commit was created, according to Git
   * @param asked first request of the version; for a commit, its arrival at the branch's head
   * @param built its image was made
   * @param pushed its image was in the registry
   * @param available it could serve
   * @param switched it got the traffic
   * @param verified the checks passed
   * @param secondsToVerified from asked to verified
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Timings(
      String committed,
      String asked,
      String built,
      String pushed,
      String available,
      String switched,
      String verified,
      Long secondsToVerified) {
    public static final Timings NONE = new Timings(null, null, null, null, null, null, null, null);
  }

  /**
   * The agent's report of the build.
   *
   * @param state progress of the build
   * @param reason in CamelCase, why it failed or what it waits for; none while all goes well
   * @param message one sentence, masked
   * @param digest of the pushed image, {@code sha256:...}
   * @param attempt number of builds begun
   * @param retry the text of spec.retry that the last build answered
   * @param started when the last build began
   * @param built when the image was made
   * @param pushed when it was in the registry
   * @param logTail the last lines of the build's log, masked
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record BuildStatus(
      BuildState state,
      String reason,
      String message,
      String digest,
      Integer attempt,
      String retry,
      String started,
      String built,
      String pushed,
      String logTail) {}

  /** The values of {@code state}: where a version is in its life. */
  public enum ReleaseState {
    /** Its image is being built. */
    Building,
    AwaitingApproval,
    /** It has not been tried yet. */
    Waiting,
    /** It comes up, beside the serving version if there is one. */
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

  /**
   * One notification.
   *
   * @param notification its entry of spec.notifications; {@code gitops.commitStatus} for GitHub
   * @param occasion the reported event, for example Verified or CommitSuccess
   * @param state of the delivery
   * @param since when the event was recorded
   * @param at when it was last tried
   * @param attempts number of tries
   * @param next time of the next try
   * @param reason of the last failure: SecretMissing, Refused or Unreachable
   * @param message one sentence, why the last try failed
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Told(
      String notification,
      String occasion,
      Telling state,
      String since,
      String at,
      Integer attempts,
      String next,
      String reason,
      String message) {}

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
  public record Handled(String retry, String serve, String revalidate) {
    public static final Handled NOTHING = new Handled(null, null, null);
  }
}

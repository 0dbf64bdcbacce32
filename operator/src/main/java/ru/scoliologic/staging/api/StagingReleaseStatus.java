package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/** How the version fared. Only the operator writes here. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StagingReleaseStatus(
    @Default("-1")
        @JsonPropertyDescription("The generation of the spec that this status speaks of.")
        Long observedGeneration,
    @JsonPropertyDescription(
            "For people: Starting, Serving, Previous, Replaced, Failed or Superseded.")
        String state,
    @JsonPropertyDescription("In one sentence: how it fared.") String message,
    @JsonPropertyDescription(
            "RolledOut: it came up and got the traffic. Verified: the checks passed while it served;"
                + " once True it stays so. Superseded: another version was asked for before it was"
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
        Boolean migrated) {

  /**
   * The time of each step.
   *
   * @param asked the version was first asked for
   * @param available it could serve
   * @param switched it got the traffic
   * @param verified the checks passed
   * @param secondsToVerified from asked to verified
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Timings(
      String asked, String available, String switched, String verified, Long secondsToVerified) {
    public static final Timings NONE = new Timings(null, null, null, null, null);
  }

  /** The last request of each kind that was acted upon. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Handled(String retry, String serve, String revalidate) {
    public static final Handled NOTHING = new Handled(null, null, null);
  }
}

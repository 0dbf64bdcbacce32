package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;

/** The outcome of every check of a version. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SmokeReport(
    @JsonPropertyDescription(
            "Passed: all passed. PassedWithRemarks: every critical check passed, others failed."
                + " Failed: a critical check failed.")
        Verdict verdict,
    @JsonPropertyDescription(
            "Time at which these results were first found, as an RFC 3339 timestamp.")
        String since,
    @JsonPropertyDescription("Number of checks that passed.") Integer passed,
    @JsonPropertyDescription("Number of checks that failed.") Integer failed,
    @JsonPropertyDescription("Number of manual checks without a verdict.") Integer pending,
    @JsonPropertyDescription("Result of every check.") List<Result> results) {

  /** The result of a round of checks. */
  public enum Verdict {
    Passed,
    PassedWithRemarks,
    Failed
  }

  /** The result of one check. */
  public enum Outcome {
    Passed,
    Failed,
    Pending
  }

  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Result(
      @JsonPropertyDescription("Name of the check.") String name,
      @JsonPropertyDescription("Group of the check.") String group,
      @JsonPropertyDescription("Critical, Important or Minor.") ValidationSpec.Priority priority,
      @JsonPropertyDescription("Result of the check.") Outcome outcome,
      @JsonPropertyDescription("One sentence that describes the result.") String message) {}
}

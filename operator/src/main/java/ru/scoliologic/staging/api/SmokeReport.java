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
    @JsonPropertyDescription("When these outcomes were first found.") String since,
    @JsonPropertyDescription("Number of checks that passed.") Integer passed,
    @JsonPropertyDescription("Number of checks that failed.") Integer failed,
    @JsonPropertyDescription("Number of checks that a person has yet to make.") Integer pending,
    @JsonPropertyDescription("Every check.") List<Result> results) {

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
      String name,
      String group,
      ValidationSpec.Priority priority,
      Outcome outcome,
      String message) {}
}

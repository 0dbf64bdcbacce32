package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** The version, and users' decisions about it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StagingReleaseSpec(
    @Required @Size(min = 1, max = 40) @JsonPropertyDescription("Name of the environment.")
        String environment,
    @Size(min = 1, max = 512)
        @JsonPropertyDescription(
            "Image of the application, as given. status.image has the digest to which its"
                + " tag was resolved, or the image that was built from the commit.")
        String image,
    @JsonPropertyDescription("Commit from which the version is built.") Commit commit,
    @Size(max = 64)
        @ValidationRule(
            value = "self.matches('" + BUILD_HASH_PATTERN + "')",
            message = "buildHash is not a hash: leave releases of commits to the agent")
        @JsonPropertyDescription(
            "Hash of the build inputs besides the commit. The same commit with other build"
                + " inputs is another version.")
        String buildHash,
    @JsonPropertyDescription(
            "Whether a version that waits for approval may be rolled out, see"
                + " spec.gitops.autoDeploy of the environment.")
        Boolean approved,
    @Size(max = 63)
        @JsonPropertyDescription(
            "Arbitrary text. A changed value retries this failed version, for example"
                + " after a fault outside of it is fixed. The tag of an image is resolved again.")
        String retry,
    @Size(max = 63)
        @JsonPropertyDescription(
            "Arbitrary text. A changed value makes the environment serve this version,"
                + " regardless of its spec or branch, until they name another one.")
        String serve,
    @Size(max = 63)
        @JsonPropertyDescription(
            "Arbitrary text. A changed value runs the checks of the serving version again.")
        String revalidate,
    @Size(max = 100)
        @ValidationRule(
            value = "self.all(v, self.exists_one(o, o.check == v.check))",
            message = "a check is judged twice: give one verdict for each")
        @JsonPropertyDescription("Verdicts of QA on the manual checks.")
        @JsonInclude(JsonInclude.Include.NON_EMPTY)
        List<Verdict> verdicts) {

  public static final String BUILD_HASH_PATTERN = "^[0-9a-f]{6,64}$";

  public StagingReleaseSpec {
    verdicts = verdicts == null ? List.of() : List.copyOf(verdicts);
  }

  /** A release of a given image. */
  public static StagingReleaseSpec ofImage(String environment, String image) {
    return new StagingReleaseSpec(
        environment, image, null, null, null, null, null, null, List.of());
  }

  /** The same with another text that requests a retry; null for none. */
  public StagingReleaseSpec retrying(String text) {
    return new StagingReleaseSpec(
        environment, image, commit, buildHash, approved, text, serve, revalidate, verdicts);
  }

  /** A commit, as Git reports it. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Commit(
      @Required
          @Size(max = 40)
          @ValidationRule(
              value = "self.matches('" + GitopsSpec.COMMIT_PATTERN + "')",
              message = GitopsSpec.COMMIT_MESSAGE)
          @JsonPropertyDescription("Full hash of the commit.")
          String hash,
      @Size(max = 200) @JsonPropertyDescription("Branch whose head it was.") String branch,
      @Size(max = 200) @JsonPropertyDescription("Name of the author.") String author,
      @Size(max = 300) @JsonPropertyDescription("First line of the commit message.") String subject,
      @Size(max = 40) @JsonPropertyDescription("Time of the commit, as an RFC 3339 timestamp.")
          String committed) {}

  /** A user's result of one manual check. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Verdict(
      @Required @Size(min = 1, max = 100) @JsonPropertyDescription("Name of the manual check.")
          String check,
      @Required @JsonPropertyDescription("Passed or Failed.") Judgement verdict,
      @Size(max = 100) @JsonPropertyDescription("Name of the person who made the check.") String by,
      @Size(max = 1000) @JsonPropertyDescription("Observation.") String note) {}

  public enum Judgement {
    Passed,
    Failed
  }
}

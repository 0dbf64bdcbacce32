package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;

/** The policy names fields one by one: one that is new must not be the agent's by oversight. */
class ReleasePolicyTest {
  private static final Set<String> WHICH_VERSION =
      Set.of("environment", "image", "commit", "buildHash");

  private static String policy() throws IOException {
    return Files.readString(Path.of("../manifests/default/agent-policy.yaml"));
  }

  @Test
  void every_field_of_the_status_but_the_build_is_withheld_from_agents() throws IOException {
    var policy = policy();

    assertThat(StagingReleaseStatus.class.getRecordComponents())
        .extracting(RecordComponent::getName)
        .filteredOn(name -> !name.equals("build"))
        .allSatisfy(name ->
            assertThat(policy)
                // A default of the schema may stand where nothing was written.
                .containsPattern(
                    "object\\.\\?status\\.%1$s(\\.orValue\\(\\S+\\))? == oldObject\\.\\?status\\.%1$s\\b"
                        .formatted(name)));
  }

  @Test
  void every_decision_of_people_is_withheld_from_agents() throws IOException {
    var policy = policy();

    assertThat(Arrays.stream(StagingReleaseSpec.class.getRecordComponents()))
        .extracting(RecordComponent::getName)
        .filteredOn(name -> !WHICH_VERSION.contains(name))
        .allSatisfy(name -> assertThat(policy).contains("has(object.spec.%s)".formatted(name)));
  }
}

package ru.scoliologic.staging.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.agent.build.ImageBuilder.Outcome;
import ru.scoliologic.staging.stage.StatusReason;

class BuildFailureClassifierTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "The command '/bin/sh -c curl x: connection refused' returned a non-zero code: 7 | RUN curl | BuildFailed",
        "The command '/bin/sh -c x' returned a non-zero code: 137 | RUN x | BuildFailed",
        "write /var/lib/docker/tmp/x: no space left on device | RUN x | EngineOutOfDisk",
        "fork/exec /usr/bin/unpigz: cannot allocate memory | RUN x | EngineOutOfMemory",
        "Get \"https://r/v2/\": dial tcp: lookup r: no such host | FROM r/a | BaseImageUnavailable",
        "Get \"https://r/v2/\": dial tcp: lookup r: no such host | COPY --from=r/a b c | BaseImageUnavailable",
        "Get \"http://r/file\": dial tcp: lookup r: no such host | ADD http://r/file b | BuildFailed",
        "manifest for r/a:1 not found: manifest unknown | FROM r/a:1 | BuildFailed",
        "the --mount option requires BuildKit. Refer to | RUN x | BuildKitNeeded",
      })
  void the_engines_words_are_understood(String said, String step, String reason) {
    var outcome =
        BuildFailureClassifier.of(said, step, List.of(), "FROM a\nRUN --mount=type=ssh x\n");

    assertThat(reason(outcome).camelCase()).isEqualTo(reason);
  }

  private static StatusReason reason(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Failed failed -> failed.reason();
      case Outcome.Retry retry -> retry.reason();
      case Outcome.Pushed pushed -> throw new AssertionError(pushed);
    };
  }

  @Test
  void the_line_of_the_log_that_says_what_went_wrong_stands_first() {
    var outcome =
        BuildFailureClassifier.of(
            "The command '/bin/sh -c npm ci' returned a non-zero code: 1",
            "RUN npm ci",
            List.of(
                "npm error code ERESOLVE",
                "npm error ERESOLVE unable to resolve dependency tree",
                "npm error",
                "npm error While resolving: shop@1.0.0",
                "npm error A complete log of this run can be found in: /root/.npm/_logs/x.log"),
            "FROM a");

    assertThat(outcome.toString())
        .contains(
            "message=ERESOLVE unable to resolve dependency tree; The command '/bin/sh -c npm ci' returned"
                + " a non-zero code: 1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "unauthorized: authentication required | RegistryRefused | correct its credentials",
        "denied: requested access to the resource is denied | RegistryRefused | correct its credentials",
        "received unexpected HTTP status: 500 Internal Server Error | RegistryUnreachable | its volume may be full",
        "unknown: unknown error | RegistryUnreachable | its volume may be full",
        "dial tcp 10.43.0.9:5000: connect: connection refused | RegistryUnreachable | does not respond",
        "received unexpected HTTP status: 503 Service Unavailable | RegistryUnreachable | does not respond",
        "name invalid | RegistryRefused | rejected the image",
      })
  void what_a_registry_says_to_a_push_is_never_the_commits_fault(
      String said, String reason, String expected) {
    var outcome = BuildFailureClassifier.ofPush("demo-registry:5000", said);

    assertThat(outcome.reason().camelCase()).isEqualTo(reason);
    assertThat(outcome.message()).contains("demo-registry:5000", expected);
  }
}

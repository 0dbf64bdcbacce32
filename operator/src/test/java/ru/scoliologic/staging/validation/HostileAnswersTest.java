package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec;

/** Checks of an application that answers without an end. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileAnswersTest {
  private static final Duration REQUEST = Duration.ofSeconds(1);

  private HostileServer server;

  @BeforeEach
  void a_server() throws Exception {
    server = new HostileServer();
  }

  @AfterEach
  void it_stops() throws Exception {
    server.close();
  }

  private List<Result> run(Duration round, String checks) throws Exception {
    var target =
        GivenTarget.pod(
            server.port(),
            Given.healthCheck(server.port(), "{}"),
            new KubernetesSerialization().unmarshal("checks: " + checks, ValidationSpec.class));
    return CandidateChecks.run(target, new TimeBudget(round, REQUEST)).results();
  }

  @Test
  void a_body_that_comes_a_byte_at_a_time_is_given_up() throws Exception {
    var results = run(Duration.ofSeconds(20), "[{name: drip, path: /drip}]");

    assertThat(results).extracting(Result::outcome).containsExactly(Outcome.Passed, Outcome.Failed);
    assertThat(results.getLast().message())
        .contains("/drip did not respond", "there was no complete response within 1 s");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/header", "/headers"})
  void headers_without_an_end_are_not_kept(String path) throws Exception {
    var results = run(Duration.ofSeconds(20), "[{name: flood, path: %s}]".formatted(path));

    assertThat(results.getLast().message())
        .contains(path + " did not respond", "MessageConstraintException");
  }

  @Test
  void a_body_without_an_end_is_given_up() throws Exception {
    var results = run(Duration.ofSeconds(20), "[{name: flood, path: /flood}]");

    assertThat(results.getLast().message()).contains("there was no complete response within 1 s");
  }

  @Test
  void what_would_begin_after_the_end_of_the_round_is_told_as_not_run() throws Exception {
    var results =
        run(
            Duration.ofMillis(1500),
            "[{name: a, path: /drip, group: g}, {name: b, path: /drip, group: g},"
                + " {name: c, path: /drip, group: g}, {name: d, path: /drip, group: g}]");

    assertThat(results)
        .extracting(Result::outcome)
        .containsExactly(
            Outcome.Passed, Outcome.Failed, Outcome.Failed, Outcome.Failed, Outcome.Failed);
    assertThat(results.getLast().message())
        .isEqualTo(
            "/drip was not run: the checks before it took 1 s, which is the limit of a round of checks");
    assertThat(server.given()).as("requests that were made").isLessThanOrEqualTo(2);
  }
}

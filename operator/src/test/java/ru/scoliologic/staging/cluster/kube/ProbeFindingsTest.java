package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

/** What health checks got, in words: as the application answers, and as nodes tell. */
class ProbeFindingsTest {
  private static final SecretMasker MASKING = new SecretMasker(List.of("s3cret-of-the-app"));

  private static HealthAnswer app(String health) {
    return new HealthAnswer(Given.healthCheck(3000, health), MASKING);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "500 | '' | boom | found status 500, needed 200; its body begins: boom",
        "500 | '' | password s3cret-of-the-app refused | found status 500, needed 200; its body begins: password *** refused",
        "503 | '' | '' | found status 503, needed 200",
        "404 | '' | Cannot GET /api/health | found status 404, needed 200; its body begins: Cannot GET /api/health; is it the application's own path, and if not, what does spec.services.app.health.path have to be?",
        "301 | https://app.staging.test/api/health | moved | found status 301, a redirect to 'https://app.staging.test/api/health', needed 200: a redirect counts as healthy only where spec.services.app.health.status lists its code",
      })
  void an_answer_says_what_it_is(int status, String location, String body, String words) {
    assertThat(app("{}").problem(status, location, body)).contains(words);
  }

  @Test
  void a_body_is_masked_before_it_is_cut() {
    var body = "x".repeat(195) + "s3cret-of-the-app";

    assertThat(app("{}").problem(500, "", body).orElseThrow())
        .endsWith("x".repeat(195) + "***")
        .doesNotContain("s3cre");
  }

  @Test
  void a_status_that_the_spec_lists_is_well() {
    assertThat(app("{status: [204, 302]}").problem(302, "https://elsewhere.test/", "")).isEmpty();
    assertThat(app("{status: [204, 302]}").problem(200, "", "")).isPresent();
  }

  @Test
  void a_closed_port_names_the_likely_causes() {
    assertThat(app("{}").problem(new ConnectException("Connection refused")))
        .startsWith("found port 3000 refusing connections")
        .contains("127.0.0.1", "0.0.0.0", "spec.services.app.port");
    assertThat(app("{port: 9000}").problem(new ConnectException("Connection refused")))
        .contains("port 9000", "spec.services.app.health.port");
  }

  @Test
  void silence_and_another_protocol_are_told_apart() {
    assertThat(app("{}").problem(new SocketTimeoutException("3 SECONDS")))
        .isEqualTo("found no answer in time");
    assertThat(app("{}").problem(new IOException("s3cret-of-the-app is no HTTP")))
        .isEqualTo(
            "found no answer by HTTP (*** is no HTTP): does something else than plain HTTP listen"
                + " at port 3000?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "Startup probe failed: HTTP probe failed with statuscode: 500 | its health check found status 500",
        "Readiness probe failed: Get \"http://10.42.0.9:3000/-/ready\": dial tcp 10.42.0.9:3000: connect: connection refused | its health check found its port refusing connections",
        "Startup probe failed: Get \"http://10.42.0.9:3000/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers) | its health check found no answer in time",
        "Startup probe failed: dial tcp 10.42.0.9:3000: i/o timeout | its health check found no answer in time",
        "Startup probe failed: LOADING Redis is loading the dataset in memory | its health check says: LOADING Redis is loading the dataset in memory",
        "Readiness probe failed: 127.0.0.1:5432 - rejecting connections | its health check says: 127.0.0.1:5432 - rejecting connections",
        "Startup probe failed: 127.0.0.1:5432 - no response | its health check says: 127.0.0.1:5432 - no response",
        "Startup probe failed: user s3cret-of-the-app is unknown | its health check says: user *** is unknown",
        "Startup probe warning: Probe terminated redirects, Response body: | its health check says: Probe terminated redirects, Response body:",
        "Startup probe failed: | its health check failed without output",
      })
  void a_node_says_what_a_probe_met(String event, String words) {
    assertThat(ProbeFindings.ofEvent(event, Optional.empty(), MASKING)).isEqualTo(words);
  }

  @Test
  void of_the_application_a_node_s_refusal_has_its_likely_causes_too() {
    assertThat(
            ProbeFindings.ofEvent(
                "Startup probe failed: dial tcp 10.42.0.9:3000: connect: connection refused",
                Optional.of(app("{tcp: true}")),
                MASKING))
        .startsWith("its health check found port 3000 refusing connections")
        .contains("127.0.0.1");
  }
}

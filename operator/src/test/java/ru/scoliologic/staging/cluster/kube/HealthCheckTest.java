package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HTTPHeader;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;

class HealthCheckTest {
  private static HealthCheck of(String health) {
    return Given.healthCheck(3000, health);
  }

  private static Map<String, String> headers(HealthCheck check) {
    return check.probe().build().getHttpGet().getHttpHeaders().stream()
        .collect(Collectors.toMap(HTTPHeader::getName, HTTPHeader::getValue));
  }

  @Test
  void the_kubelet_asks_as_the_ingress_would() {
    var asked = of("{}").probe().build().getHttpGet();

    assertThat(asked.getPath()).isEqualTo("/api/health");
    assertThat(asked.getPort()).isEqualTo(new IntOrString("http"));
    assertThat(headers(of("{}")))
        .containsOnly(
            Map.entry("Host", "app.staging.test"),
            Map.entry("X-Forwarded-Host", "app.staging.test"),
            Map.entry("X-Forwarded-Proto", "https"));
  }

  @Test
  void a_header_that_is_given_takes_the_place_of_the_usual_one() {
    assertThat(
            headers(of("{headers: [{name: host, value: localhost}, {name: X-Probe, value: '1'}]}")))
        .containsEntry("X-Probe", "1")
        .containsValue("localhost")
        .doesNotContainEntry("Host", "app.staging.test")
        .hasSize(4);
  }

  @Test
  void another_port_is_asked_at_the_pod_and_not_through_the_ingress() {
    assertThat(of("{port: 9000}").probe().build().getHttpGet().getPort())
        .isEqualTo(new IntOrString(9000));
    assertThat(of("{port: 9000}").throughIngress()).isFalse();
    assertThat(of("{port: 3000}").throughIngress()).isTrue();
  }

  @Test
  void connecting_can_be_enough() {
    assertThat(of("{tcp: true}").probe().build().getTcpSocket().getPort())
        .isEqualTo(new IntOrString("http"));
    assertThat(of("{tcp: true}").probe().build().getHttpGet()).isNull();
    // An older schema wrote the default path into every health that was given.
    assertThat(of("{tcp: true, path: /api/health}").byHttp()).isFalse();
  }

  @Test
  void a_command_can_say_it() {
    assertThat(of("{command: [test, -e, /tmp/ready]}").probe().build().getExec().getCommand())
        .containsExactly("test", "-e", "/tmp/ready");
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 10, 15, 119, 120, 600, 3601})
  void a_container_gets_as_many_seconds_as_were_given(int seconds) {
    var probe = StartupLimit.of(new ProbeBuilder(), seconds);
    int delay = probe.getInitialDelaySeconds() == null ? 0 : probe.getInitialDelaySeconds();

    assertThat(delay + probe.getPeriodSeconds() * probe.getFailureThreshold()).isEqualTo(seconds);
  }
}

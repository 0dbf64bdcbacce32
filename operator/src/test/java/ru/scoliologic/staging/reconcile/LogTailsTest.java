package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The last lines of a container, as an API server answers. */
class LogTailsTest {
  private static final String GONE =
      "unable to retrieve container logs for containerd://0123456789abcdef";

  private final List<String> asked = new ArrayList<>();
  private String log = "no such host\n";
  private int status = 200;
  private StandInApiServer server;
  private LogTails tails;

  @BeforeEach
  void an_api_server() throws IOException {
    server =
        StandInApiServer.start(
            "/api/v1/namespaces/team/pods/app/log",
            exchange -> {
              asked.add(exchange.getRequestURI().getQuery());
              StandInApiServer.answer(exchange, status, log.getBytes(StandardCharsets.UTF_8));
            });
    tails = new LogTails(server.client());
  }

  @AfterEach
  void it_stops() {
    server.close();
  }

  private static Pod crashed(int restarts) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("app")
        .withNamespace("team")
        .withUid("1")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("app")
        .endContainer()
        .endSpec()
        .withNewStatus()
        .addNewContainerStatus()
        .withName("app")
        .withRestartCount(restarts)
        .endContainerStatus()
        .endStatus()
        .build();
  }

  @Test
  void they_are_read_once_for_each_run() {
    assertThat(tails.ofCrash(crashed(0))).isEqualTo("no such host\n");
    log = "out of memory\n";

    assertThat(tails.ofCrash(crashed(0))).isEqualTo("no such host\n");
    assertThat(tails.ofCrash(crashed(1))).isEqualTo("out of memory\n");
    assertThat(asked).hasSize(2).allMatch(query -> query.contains("container=app"));
  }

  @Test
  void what_a_kubelet_says_of_a_container_that_is_gone_are_no_lines_of_it() {
    log = GONE;

    assertThat(tails.ofCrash(crashed(0))).isEmpty();
  }

  @Test
  void lines_read_before_stand_in_until_the_log_can_be_read_again() {
    tails.ofCrash(crashed(0));
    log = GONE;
    assertThat(tails.ofCrash(crashed(1))).isEqualTo("no such host\n");
    status = 400;
    assertThat(tails.ofCrash(crashed(1))).isEqualTo("no such host\n");

    status = 200;
    log = "still no such host\n";

    assertThat(tails.ofCrash(crashed(1))).isEqualTo("still no such host\n");
  }

  @Test
  void a_container_that_printed_nothing_is_not_asked_again() {
    log = "";

    assertThat(tails.ofCrash(crashed(0))).isEmpty();
    assertThat(tails.ofCrash(crashed(0))).isEmpty();
    assertThat(asked).hasSize(1);
  }

  @Test
  void a_container_that_is_late_has_lines_of_its_own() {
    tails.ofCrash(crashed(0));
    log = "warming up\n";

    assertThat(tails.ofLate(crashed(0))).isEqualTo("warming up\n");
  }
}

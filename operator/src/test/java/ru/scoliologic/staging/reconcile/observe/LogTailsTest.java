package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.reconcile.StandInApiServer;

/** The last lines of a container, as an API server answers. */
class LogTailsTest {
  private static final String GONE =
      "unable to retrieve container logs for containerd://0123456789abcdef";

  private static final String UID = "uid-1";
  private static final SecretMasker MASKING = new SecretMasker(List.of("correct-horse-battery"));

  private final List<String> asked = new ArrayList<>();
  private String log = "no such host\n";
  private UnaryOperator<String> answers = query -> log;
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
              var query = exchange.getRequestURI().getQuery();
              StandInApiServer.answer(
                  exchange, status, answers.apply(query).getBytes(StandardCharsets.UTF_8));
            });
    tails = new LogTails(server.client(), new EnvironmentMemories());
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
        .addToLabels(Labels.COMPONENT, "app")
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

  private String ofCrash(int restarts) {
    return tails.ofCrash(UID, crashed(restarts), MASKING).line();
  }

  private String ofLate(int restarts) {
    return tails.ofLate(UID, crashed(restarts), MASKING).line();
  }

  /** What is quoted of a container that was started a while before. */
  private ProgramLog ofStart(int seconds) {
    return tails.ofStart(UID, starting(), MASKING, Given.NOW.plusSeconds(seconds));
  }

  private static Pod starting() {
    return new PodBuilder(crashed(0))
        .editStatus()
        .editFirstContainerStatus()
        .withNewState()
        .withNewRunning()
        .withStartedAt(Given.NOW.toString())
        .endRunning()
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  @Test
  void a_node_that_gives_no_log_is_asked_once_and_keeps_no_pass_waiting() {
    status = 500;
    try (var patient =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(Config.empty())
                    .withMasterUrl(server.client().getMasterUrl().toString())
                    .build())
            .build()) {
      new LogTails(patient, new EnvironmentMemories()).ofCrash(UID, crashed(0), MASKING);
    }

    assertThat(asked).hasSize(1);
  }

  @Test
  void they_are_read_once_for_each_run() {
    assertThat(ofCrash(0)).isEqualTo("no such host");
    log = "out of memory\n";

    assertThat(ofCrash(0)).isEqualTo("no such host");
    assertThat(ofCrash(1)).isEqualTo("out of memory");
    assertThat(asked).hasSize(2).allMatch(query -> query.contains("container=app"));
  }

  @Test
  void what_a_kubelet_says_of_a_container_that_is_gone_are_no_lines_of_it() {
    log = GONE;

    assertThat(ofCrash(0)).isEmpty();
  }

  @Test
  void lines_read_before_stand_in_until_the_log_can_be_read_again() {
    ofCrash(0);
    log = GONE;
    assertThat(ofCrash(1)).isEqualTo("no such host");
    status = 400;
    assertThat(ofCrash(1)).isEqualTo("no such host");

    status = 200;
    log = "still no such host\n";

    assertThat(ofCrash(1)).isEqualTo("still no such host");
  }

  @Test
  void a_container_that_printed_nothing_is_not_asked_again() {
    log = "";

    assertThat(ofCrash(0)).isEmpty();
    assertThat(ofCrash(0)).isEmpty();
    assertThat(asked).hasSize(1);
  }

  @Test
  void one_that_starts_is_asked_after_moments_and_then_more_and_more_seldom() {
    log = "error: password authentication failed for user \"app\"\n";

    assertThat(ofStart(2).tells()).isFalse();
    assertThat(asked).isEmpty();
    for (int second = 3; second < 180; second++) {
      assertThat(ofStart(second).line()).startsWith("error: password authentication failed");
    }
    assertThat(asked).hasSizeBetween(10, 20);
  }

  @Test
  void what_one_that_starts_said_before_is_not_repeated_once_it_says_else() {
    log = "ERROR: schema billing does not exist\n";
    ofStart(3);
    log += "INFO: created it\nERROR: no licence\n";

    assertThat(ofStart(4).line()).contains("billing");
    assertThat(ofStart(8).line()).isEqualTo("ERROR: no licence");
  }

  @Test
  void a_secret_is_hidden_though_only_a_part_of_its_line_is_quoted() {
    log = "error: " + "x".repeat(390) + "correct-horse-battery\n";

    assertThat(tails.ofCrash(UID, crashed(0), MASKING).quote())
        .doesNotContain("cor")
        .contains("***");
  }

  @Test
  void of_a_log_of_a_thousand_long_lines_the_end_is_read() {
    answers =
        query ->
            query.contains("tailLines=1000")
                ? "x".repeat(512 * 1024)
                : "starting\nError: no licence\n";

    assertThat(ofCrash(0)).isEqualTo("Error: no licence");
    assertThat(asked).hasSize(2).allMatch(query -> query.contains("limitBytes"));
  }

  @Test
  void a_line_that_was_cut_when_it_was_read_is_not_quoted() {
    log = "Error: no licence\n" + "x".repeat(512 * 1024);

    var said = tails.ofCrash(UID, crashed(0), MASKING);

    assertThat(said.line()).isEqualTo("Error: no licence");
    assertThat(said.tail()).isEmpty();
  }

  @Test
  void a_pod_that_is_gone_is_forgotten() {
    ofCrash(0);
    tails.forgetAllBut(UID, List.of(crashed(0)));
    ofCrash(0);
    assertThat(asked).hasSize(1);

    tails.forgetAllBut(UID, List.of());

    ofCrash(0);
    assertThat(asked).hasSize(2);
  }

  @Test
  void a_container_that_is_late_has_lines_of_its_own() {
    ofCrash(0);
    log = "warming up\n";

    assertThat(ofLate(0)).isEqualTo("warming up");
  }
}

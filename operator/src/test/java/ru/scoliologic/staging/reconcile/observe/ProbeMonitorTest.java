package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.EventListBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.reconcile.StandInApiServer;
import ru.scoliologic.staging.validation.PodHealth.Answer;

/** What is found out about pods that run and are not ready. */
class ProbeMonitorTest {
  private static final Instant STARTED = Instant.parse("2026-01-02T03:00:00Z");
  private static final String SECRET = "s3cret-of-the-app";

  private final List<String> events = new ArrayList<>();
  private final List<String> asked = new ArrayList<>();
  private final List<Runnable> beside = new ArrayList<>();
  private Answer answer = new Answer(200, "", "{}");
  private IOException noAnswer;
  private StandInApiServer server;
  private ProbeMonitor watch;

  @BeforeEach
  void an_api_server_and_an_application() throws IOException {
    server =
        StandInApiServer.start(
            "/api/v1/namespaces/team/events",
            exchange ->
                StandInApiServer.answer(
                    exchange,
                    200,
                    new KubernetesSerialization()
                        .asJson(
                            new EventListBuilder()
                                .withItems(
                                    events.stream()
                                        .map(message ->
                                            new EventBuilder()
                                                .withReason("Unhealthy")
                                                .withMessage(message)
                                                .build())
                                        .toList())
                                .build())
                        .getBytes(StandardCharsets.UTF_8)));
    watch =
        new ProbeMonitor(
            server.client(),
            (address, check) -> {
              asked.add(address + ":" + check.port() + check.path());
              if (noAnswer != null) {
                throw noAnswer;
              }
              return answer;
            },
            beside::add,
            new EnvironmentMemories());
  }

  @AfterEach
  void it_stops() {
    server.close();
  }

  private static Pod pod(String component, boolean ready) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("demo-" + component)
        .withNamespace("team")
        .withUid(component)
        .withLabels(Map.of(Labels.COMPONENT, component))
        .endMetadata()
        .withNewStatus()
        .withPodIP("10.42.0.9")
        .addNewCondition()
        .withType("Ready")
        .withStatus(ready ? "True" : "False")
        .endCondition()
        .addNewContainerStatus()
        .withName(component)
        .withNewState()
        .withNewRunning(STARTED.toString())
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  /** One pass, after which what runs beside it comes to its end. */
  private Map<String, String> look(Pod pod, int seconds) {
    var snapshot = Given.aGoodStart().at(STARTED.plusSeconds(seconds)).pod(pod).snapshot();
    var seen = watch.look(snapshot, new SecretMasker(List.of(SECRET)));
    beside.forEach(Runnable::run);
    beside.clear();
    return seen.surroundings().reports().warnings();
  }

  @Test
  void an_application_that_answers_500_is_told_within_seconds_and_without_secrets() {
    answer = new Answer(500, "", "cannot use " + SECRET);

    look(pod("app", false), 1);

    assertThat(look(pod("app", false), 5))
        .containsEntry(
            "Pod/demo-app",
            "its health check, GET /api/health, found status 500, needed 200; its body begins:"
                + " cannot use ***");
    assertThat(asked).containsOnly("10.42.0.9:3000/api/health");
  }

  @Test
  void what_is_told_of_an_answer_changes_with_its_kind_only() {
    answer = new Answer(500, "", "up for 1 s");
    look(pod("app", false), 1);
    answer = new Answer(500, "", "up for 5 s");
    look(pod("app", false), 5);
    assertThat(look(pod("app", false), 10).get("Pod/demo-app")).endsWith("up for 1 s");

    answer = new Answer(503, "", "stopping");
    look(pod("app", false), 15);

    assertThat(look(pod("app", false), 20).get("Pod/demo-app")).contains("503", "stopping");
  }

  @Test
  void a_closed_port_counts_once_a_process_had_time_to_open_it() {
    noAnswer = new ConnectException("Connection refused");
    look(pod("app", false), 1);
    assertThat(look(pod("app", false), 5)).isEmpty();

    assertThat(look(pod("app", false), 10).get("Pod/demo-app")).contains("127.0.0.1");
  }

  @Test
  void the_node_is_heard_where_the_operator_does_not_reach_the_pod() {
    noAnswer = new SocketTimeoutException("3 SECONDS");
    events.add("Startup probe failed: HTTP probe failed with statuscode: 500");

    look(pod("app", false), 5);

    assertThat(look(pod("app", false), 10))
        .containsEntry("Pod/demo-app", "its health check found status 500");
  }

  @Test
  void of_other_components_the_node_tells() {
    events.add("Startup probe failed: LOADING Redis is loading the dataset in memory");

    assertThat(look(pod("redis", false), 5))
        .containsEntry(
            "Pod/demo-redis",
            "its health check says: LOADING Redis is loading the dataset in memory");
    assertThat(asked).isEmpty();
  }

  @Test
  void a_pod_that_is_ready_is_left_alone() {
    assertThat(look(pod("app", true), 60)).isEmpty();
    assertThat(asked).isEmpty();
  }

  @Test
  void an_application_is_asked_once_at_a_time() {
    var snapshot = Given.aGoodStart().at(STARTED.plusSeconds(5)).pod(pod("app", false)).snapshot();
    watch.look(snapshot, new SecretMasker(List.of()));
    watch.look(
        Given.aGoodStart().at(STARTED.plusSeconds(60)).pod(pod("app", false)).snapshot(),
        new SecretMasker(List.of()));

    assertThat(beside).hasSize(1);
  }
}

package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EventListBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.reconcile.StandInApiServer;

/** What the cluster's events say of objects that do not come up. */
class ClusterEventsTest {
  private static final String SAID =
      "Pod \"demo-postgres-0\" is invalid: must be less than or equal to cpu limit of 50m";

  private StandInApiServer server;

  @BeforeEach
  void an_api_server() throws IOException {
    var events =
        new EventListBuilder()
            .addNewItem()
            .withNewMetadata()
            .withCreationTimestamp(Given.NOW.toString())
            .endMetadata()
            .withReason("FailedCreate")
            .withType("Warning")
            .withMessage(SAID)
            .endItem()
            .build();
    var answer = new KubernetesSerialization().asJson(events).getBytes(StandardCharsets.UTF_8);
    server =
        StandInApiServer.start(
            "/api/v1/namespaces/team/events",
            exchange -> StandInApiServer.answer(exchange, 200, answer));
  }

  @AfterEach
  void it_stops() {
    server.close();
  }

  private Map<String, String> read(HasMetadata... objects) {
    return new ClusterEvents(
            server.client(), Clock.fixed(Given.NOW, ZoneOffset.UTC), new EnvironmentMemories())
        .read(Given.environment("demo"), new OwnedObjects(List.of(objects)));
  }

  private static ObjectMeta made(String name, long secondsAgo) {
    return new ObjectMetaBuilder()
        .withName(name)
        .withNamespace("team")
        .withUid(name)
        .withCreationTimestamp(Given.NOW.minusSeconds(secondsAgo).toString())
        .build();
  }

  private static HasMetadata set(long secondsAgo) {
    return new StatefulSetBuilder()
        .withMetadata(made("demo-postgres", secondsAgo))
        .withNewSpec()
        .endSpec()
        .withNewStatus()
        .withReplicas(0)
        .endStatus()
        .build();
  }

  @Test
  void a_workload_without_a_pod_tells_why_within_seconds() {
    var job =
        new JobBuilder()
            .withMetadata(made("demo-migration", 4))
            .withNewSpec()
            .endSpec()
            .withNewStatus()
            .endStatus()
            .build();

    assertThat(read(set(4), job))
        .containsOnly(
            Map.entry("StatefulSet/demo-postgres", SAID), Map.entry("Job/demo-migration", SAID));
    assertThat(read(set(2))).as("a pod that is just being made").isEmpty();
  }
}

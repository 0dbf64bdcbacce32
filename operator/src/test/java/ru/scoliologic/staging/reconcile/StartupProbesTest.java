package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;

/** A deadline is the only limit on how long a component may take to start. */
class StartupProbesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final int DEADLINE = 2471;

  /** An environment that has every component, and a deadline for each. */
  private static Snapshot everything() {
    JsonNode spec =
        JSON.valueToTree(YAML.unmarshal(Given.resource("/e2e/stub.yaml"), Map.class)).get("spec");
    var blocks = new ArrayList<JsonNode>();
    blocks.add(spec.at("/ingress"));
    spec.at("/services").forEach(blocks::add);
    blocks.remove(spec.at("/services/monitoring"));
    spec.at("/services/monitoring").forEach(blocks::add);
    blocks.forEach(block -> ((ObjectNode) block).put("deadlineSeconds", DEADLINE));
    ((ObjectNode) spec.at("/services/app/health")).remove("startSeconds");
    return Given.aGoodStart()
        .edited(demo -> {
          ObjectNode manifest = JSON.valueToTree(YAML.unmarshal(demo, Map.class));
          return manifest.set("spec", spec).toString();
        })
        .snapshot();
  }

  private static Map<String, Container> containers() {
    var snapshot = everything();
    var containers = new TreeMap<String, Container>();
    Plan.of(snapshot, Configuration.resolve(snapshot))
        .objects()
        .forEach(planned ->
            pod(planned)
                .flatMap(pod -> pod.getContainers().stream())
                .forEach(container -> containers.put(container.getName(), container)));
    return containers;
  }

  private static Stream<PodSpec> pod(PlannedObject planned) {
    return switch (planned.object()) {
      case Deployment d -> Stream.of(d.getSpec().getTemplate().getSpec());
      case StatefulSet s -> Stream.of(s.getSpec().getTemplate().getSpec());
      default -> Stream.empty();
    };
  }

  private static int limit(Probe probe) {
    return (probe.getInitialDelaySeconds() == null ? 0 : probe.getInitialDelaySeconds())
        + probe.getPeriodSeconds() * probe.getFailureThreshold();
  }

  @Test
  void no_container_is_restarted_before_the_deadline_of_its_component() {
    assertThat(containers().keySet())
        .containsExactlyInAnyOrderElementsOf(
            ComponentName.requested(everything().environment().getSpec()).keySet().stream()
                .map(ComponentName::label)
                .toList());
    assertThat(containers())
        .allSatisfy((name, container) ->
            assertThat(limit(container.getStartupProbe()))
                // A database that recovers is never ended for that, whatever deadline is told.
                .isEqualTo(
                    name.equals("postgres") ? ComponentSpec.MAX_DEADLINE_SECONDS : DEADLINE));
  }

  @Test
  void a_database_that_recovers_and_a_cache_that_loads_live_and_do_not_serve_yet() {
    assertThat(command(containers().get("postgres").getLivenessProbe())).endsWith("[ $? -le 1 ]");
    assertThat(command(containers().get("postgres").getReadinessProbe())).doesNotContain("$?");
    assertThat(command(containers().get("redis").getStartupProbe())).contains("LOADING");
    assertThat(command(containers().get("redis").getLivenessProbe())).contains("LOADING");
    assertThat(command(containers().get("redis").getReadinessProbe())).doesNotContain("LOADING");
  }

  private static String command(Probe probe) {
    return String.join(" ", probe.getExec().getCommand());
  }
}

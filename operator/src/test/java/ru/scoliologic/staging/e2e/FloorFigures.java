package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Spliterators;
import java.util.concurrent.Executors;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.throwaway.AuditEvent;

/**
 * What {@code make bench} measures beside other clients: how long the operator takes to write the
 * objects of an environment, as ratios to a client that posts the same objects all at once and to
 * {@code kubectl apply --server-side}. All three are timed by the API server's audit log. Nothing
 * is asserted of a time.
 */
class FloorFigures {
  private static final String NAMESPACE = "floor";
  private static final String NAME = "env";
  private static final int RUNS = 5;

  /**
   * Writes that are closer than that belong to one step of the operator; between steps it waits.
   */
  private static final Duration SAME_STEP = Duration.ofMillis(250);

  private static final List<String> OF_CONTROLLERS =
      List.of("pv.kubernetes.io/", "volume.", "deployment.kubernetes.io/");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Staging staging = Staging.shared();

  @Test
  void the_operator_is_measured_beside_a_floor_and_kubectl() throws Exception {
    var operator = new ArrayList<Duration>();
    var floor = new ArrayList<Duration>();
    var kubectl = new ArrayList<Duration>();
    int objects = 0;
    for (int run = 0; run < RUNS; run++) {
      staging.namespace(NAMESPACE);
      try {
        staging.given(NAMESPACE);
        var began = Instant.now();
        staging
            .admin()
            .resource(Staging.read("environment.yaml", Map.of("bad.staging.test", "staging.test")))
            .inNamespace(NAMESPACE)
            .create();
        staging.awaitReady(NAMESPACE, NAME);
        var writes =
            staging.writesSince(began).stream()
                .filter(write -> !write.resource().endsWith("/status"))
                .filter(write -> !write.resource().equals("events"))
                .toList();
        operator.add(steps(writes));
        var same = same();
        objects = same.size();
        assertThat(objects).as("objects of the environment").isGreaterThan(20);
        floor.add(inNamespace("floor-client", same, this::post));
        kubectl.add(inNamespace("floor-kubectl", same, this::kubectl));
      } finally {
        staging.remove(NAMESPACE);
      }
    }
    print("%d objects by the operator".formatted(objects), operator);
    print("the same by a client that posts them all at once", floor);
    print("the same by kubectl apply --server-side", kubectl);
    System.out.printf(
        Locale.ROOT,
        "floor  operator / client %.2f, operator / kubectl %.2f%n",
        ratio(operator, floor),
        ratio(operator, kubectl));
  }

  /** The time within steps, from the first request to the last answer of each. */
  private static Duration steps(List<AuditEvent> writes) {
    var sorted = writes.stream().sorted(Comparator.comparing(AuditEvent::time)).toList();
    assertThat(sorted).as("writes").isNotEmpty();
    var sum = Duration.ZERO;
    var begin = sorted.getFirst().time();
    var end = sorted.getFirst().answered();
    for (var write : sorted) {
      if (Duration.between(end, write.time()).compareTo(SAME_STEP) > 0) {
        sum = sum.plus(Duration.between(begin, end));
        begin = write.time();
      }
      end = write.answered().isAfter(end) ? write.answered() : end;
    }
    return sum.plus(Duration.between(begin, end));
  }

  /** The environment's objects without what the server adds; their pods are not wanted twice. */
  private List<ObjectNode> same() throws IOException {
    var list =
        JSON.readTree(
            staging
                .cluster()
                .kubectl(
                    "-n",
                    NAMESPACE,
                    "get",
                    Staging.OWNED_KINDS,
                    "-l",
                    Labels.SELECTOR,
                    "-o",
                    "json"));
    return StreamSupport.stream(list.path("items").spliterator(), false)
        .map(FloorFigures::cleaned)
        .toList();
  }

  private static ObjectNode cleaned(JsonNode item) {
    var object = (ObjectNode) item;
    object.remove("status");
    var metadata = (ObjectNode) object.get("metadata");
    metadata.retain("name", "labels", "annotations");
    // Controllers write theirs: a claim would count as bound.
    metadata
        .withObject("/annotations")
        .retain(
            StreamSupport.stream(
                    Spliterators.spliteratorUnknownSize(
                        metadata.path("annotations").fieldNames(), 0),
                    false)
                .filter(name -> OF_CONTROLLERS.stream().noneMatch(name::startsWith))
                .toList());
    if (object.path("spec") instanceof ObjectNode spec) {
      spec.remove(List.of("clusterIP", "clusterIPs", "volumeName"));
      spec.path("ports").forEach(port -> ((ObjectNode) port).remove("nodePort"));
      if (spec.has("replicas")) {
        spec.put("replicas", 0);
      }
    }
    return object;
  }

  private interface Sender {
    void send(String namespace, List<ObjectNode> objects) throws Exception;
  }

  private Duration inNamespace(String namespace, List<ObjectNode> objects, Sender sender)
      throws Exception {
    staging.namespace(namespace);
    try {
      var began = Instant.now();
      sender.send(namespace, objects);
      return steps(
          staging
              .cluster()
              .auditLog()
              .events()
              .filter(event -> event.namespace().equals(namespace) && event.isWrite())
              .filter(event -> event.user().equals("system:admin") && !event.time().isBefore(began))
              .toList());
    } finally {
      staging.remove(namespace);
    }
  }

  private void post(String namespace, List<ObjectNode> objects) throws Exception {
    var typed = new ArrayList<GenericKubernetesResource>();
    for (var object : objects) {
      typed.add(JSON.treeToValue(object, GenericKubernetesResource.class));
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var all =
          typed.stream()
              .map(object ->
                  threads.submit(
                      () -> staging.admin().resource(object).inNamespace(namespace).create()))
              .toList();
      for (var one : all) {
        one.get();
      }
    }
  }

  private void kubectl(String namespace, List<ObjectNode> objects) throws IOException {
    var list = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "List");
    list.putArray("items").addAll(objects);
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      JSON.writeValue(gzip, list);
    }
    var script =
        "echo %s | base64 -d | gunzip | kubectl -n %s apply --server-side -f -"
            .formatted(Base64.getEncoder().encodeToString(packed.toByteArray()), namespace);
    assertThat(staging.cluster().exec("sh", "-c", script).exitCode()).isZero();
  }

  private static double ratio(List<Duration> one, List<Duration> other) {
    return (double) median(one).toNanos() / median(other).toNanos();
  }

  private static Duration median(List<Duration> times) {
    return times.stream().sorted().toList().get(times.size() / 2);
  }

  private static void print(String what, List<Duration> times) {
    System.out.printf(
        "floor  %-52s median %d ms %s%n",
        what, median(times).toMillis(), times.stream().map(Duration::toMillis).sorted().toList());
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * What {@code make bench} measures of many environments: the operator as it ships, with the limits
 * of its manifest, and environments of {@code examples/minimal} whose pods run on a {@link
 * StubNode}. Nothing is asserted but that all get Ready and that the operator lives.
 */
class ScaleFigures {
  /** How many environments there are at each step. */
  private static final List<Integer> STEPS =
      Stream.of(System.getProperty("scale", "1,100").split(",")).map(Integer::valueOf).toList();

  private static final String DOMAIN = "scale.test";
  private static final Duration LIMIT = Duration.ofMinutes(40);
  private static final Duration IDLE = Duration.ofSeconds(60);
  private static final int CREATORS = 4;

  /** What docs/benchmarks.md draws. */
  private static final Path RAW = Path.of("target/bench/scale.csv");

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private final Staging staging = Staging.shared();

  @Test
  void many_environments_are_measured_and_printed() throws Exception {
    var address = InetAddress.getByName(StubApp.address(staging.cluster().nodeIp()));
    try (var _ = new StubNode(staging.admin(), staging.cluster().nodeIp());
        var ingress = new StubIngress(staging.admin(), address, DOMAIN);
        AutoCloseable _ = this::remove) {
      var process = NodeProcess.of(staging, "run");
      Files.createDirectories(RAW.getParent());
      Files.writeString(RAW, "environments,state,seconds,resident_mb,most_mb,cpu_seconds\n");
      record(0, "started", Duration.ZERO, process, process.cpuSeconds());
      int made = 0;
      for (int step : STEPS) {
        var began = Instant.now();
        double cpu = process.cpuSeconds();
        make(made, step, ingress.authority());
        made = step;
        awaitReady(step);
        record(
            step,
            "Ready",
            Duration.between(began, Instant.now()),
            process,
            process.cpuSeconds() - cpu);
        cpu = process.cpuSeconds();
        Thread.sleep(IDLE);
        record(step, "at rest", IDLE, process, process.cpuSeconds() - cpu);
      }
      assertThat(process.restarts()).as("restarts of the operator").isZero();
    }
  }

  /** One line for people, and one of the raw data. */
  private static void record(
      int environments, String state, Duration took, NodeProcess process, double cpu)
      throws IOException {
    System.out.printf(
        Locale.ROOT,
        "scale  %d %s, %d s: %s, %.1f s of CPU%n",
        environments,
        state,
        took.toSeconds(),
        process.memory(),
        cpu);
    Files.writeString(
        RAW,
        String.format(
            Locale.ROOT,
            "%d,%s,%d,%.0f,%.0f,%.1f%n",
            environments,
            state,
            took.toSeconds(),
            process.residentMegabytes(),
            process.mostMegabytes(),
            cpu),
        StandardOpenOption.APPEND);
  }

  private void make(int from, int to, String authority) throws Exception {
    try (var creators = Executors.newFixedThreadPool(CREATORS)) {
      var all =
          IntStream.range(from, to)
              .mapToObj(number ->
                  creators.submit(() -> {
                    make(number, authority);
                    return null;
                  }))
              .toList();
      for (var one : all) {
        one.get();
      }
    }
  }

  private void make(int number, String authority) throws IOException {
    var namespace = "scale-%04d".formatted(number);
    var admin = staging.admin();
    admin
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .serverSideApply();
    admin
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("demo-secrets")
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(Map.of("TRAEFIK_AUTH", Given.DASHBOARD_USER))
                .build())
        .serverSideApply();
    admin
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("authority")
                .withNamespace(namespace)
                .endMetadata()
                .withData(Map.of("ca.pem", authority))
                .build())
        .serverSideApply();
    admin
        .resource(YAML.unmarshal(manifest(number).toString(), StagingEnvironment.class))
        .inNamespace(namespace)
        .create();
  }

  /** The example, led to the node without a machine and to this machine's ingress. */
  private static JsonNode manifest(int number) throws IOException {
    JsonNode manifest =
        JSON.valueToTree(
            YAML.unmarshal(
                Files.readString(Path.of("../examples/minimal/environment.yaml")), Map.class));
    var spec = (ObjectNode) manifest.get("spec");
    spec.withObject("/domains")
        .put("app", "app-%04d.%s".formatted(number, DOMAIN))
        .put("traefik", "traefik-%04d.%s".formatted(number, DOMAIN));
    spec.withObject("/infrastructure/dns").put("mode", "Off");
    spec.withObject("/infrastructure/capacity").put("mode", "Warn");
    spec.withObject("/ingress/service").put("loadBalancerClass", StubIngress.CLASS);
    spec.withObject("/ingress/acme")
        .put("server", "Custom")
        .put("directory", "https://acme.%s/dir".formatted(DOMAIN))
        .withObject("/caBundle/configMapKeyRef")
        .put("name", "authority")
        .put("key", "ca.pem");
    spec.withObject("/services/app").put("port", StubApp.port());
    for (var component :
        List.of("/ingress", "/services/app", "/services/postgres", "/services/redis")) {
      var there = spec.withObject(component);
      there.withObject("/nodeSelector").put(StubNode.SELECTOR, "true");
      there
          .withArray("/tolerations")
          .addObject()
          .put("key", StubNode.SELECTOR)
          .put("operator", "Exists");
      there.withObject("/resources/requests").put("cpu", "10m").put("memory", "16Mi");
      if (!component.equals("/services/app")) {
        there.put("storageClassName", StubNode.STORAGE_CLASS);
      }
    }
    return manifest;
  }

  private void awaitReady(int count) {
    await("%d environments to be Ready".formatted(count))
        .atMost(LIMIT)
        .pollInterval(Duration.ofSeconds(count < 10 ? 1 : 10))
        .ignoreException(KubernetesClientException.class)
        .until(() -> {
          var there =
              staging
                  .admin()
                  .resources(StagingEnvironment.class)
                  .inAnyNamespace()
                  .list()
                  .getItems();
          long ready = there.stream().filter(Staging::ready).count();
          if (ready < count) {
            var one = there.stream().filter(e -> !Staging.ready(e)).findFirst();
            System.out.printf(
                "scale  %d of %d are Ready; one of the others: %s%n",
                ready, count, one.map(Staging::told).orElse("none"));
          }
          return ready >= count;
        });
  }

  /** Other figures must not count what the removal of so many asks of the cluster. */
  private void remove() {
    namespaces().forEach(namespace -> staging.admin().resource(namespace).delete());
    await("the namespaces to be gone").atMost(LIMIT).until(() -> namespaces().isEmpty());
  }

  private List<Namespace> namespaces() {
    return staging.admin().namespaces().list().getItems().stream()
        .filter(namespace -> namespace.getMetadata().getName().startsWith("scale-"))
        .toList();
  }
}

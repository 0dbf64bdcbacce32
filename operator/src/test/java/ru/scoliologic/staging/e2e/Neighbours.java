package ru.scoliologic.staging.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.validation.HostileServer;

/**
 * Eight environments in namespaces of their own, each hostile in another way to the operator that
 * they share, on a node without a machine. Each asks for one version after the other, and the
 * application holds every round of checks of it open for as long as a round may last.
 */
final class Neighbours implements AutoCloseable {
  static final int COUNT = 8;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final String CLASS = "stub";
  private static final int CHECKS = 90;
  private static final int SECRETS = 20;
  private static final int VALUES = 600;
  private static final int PAUSE_SECONDS = 5;

  private final Staging staging = Staging.shared();
  private final ScheduledExecutorService persistence = Executors.newSingleThreadScheduledExecutor();
  private final List<Neighbour> all = new ArrayList<>();
  private final InetAddress address;
  private final DatagramSocket silentDns;

  private record Neighbour(String namespace, HostileServer server, AtomicInteger version) {}

  Neighbours() throws IOException {
    address = InetAddress.getByName(StubApp.address(staging.cluster().nodeIp()));
    silentDns = new DatagramSocket(new InetSocketAddress(address, 0));
    for (var way : ways().keySet()) {
      all.add(new Neighbour("hostile-" + way, new HostileServer(address), new AtomicInteger()));
    }
  }

  /** What each does, by its name. */
  private Map<String, Consumer<ObjectNode>> ways() {
    var ways = new LinkedHashMap<String, Consumer<ObjectNode>>();
    ways.put("headers", spec -> checks(spec, "/header", "/headers"));
    ways.put("bodies", spec -> checks(spec, "/flood"));
    ways.put("drops", spec -> checks(spec, "/drip"));
    ways.put("silence", spec -> checks(spec, "/silence"));
    ways.put("circles", spec -> checks(spec, "/circle"));
    ways.put("values", this::values);
    ways.put("amounts", Neighbours::amounts);
    ways.put(
        "dns",
        spec ->
            spec.withObject("/infrastructure/dns")
                .put("mode", "Warn")
                .put("resolver", address.getHostAddress() + ":" + silentDns.getLocalPort()));
    return ways;
  }

  /** Each in a group of its own: they run side by side. */
  private static void checks(ObjectNode spec, String... paths) {
    var checks = spec.withArray("/validation/checks");
    for (int i = 0; i < CHECKS; i++) {
      var check = checks.addObject().put("name", "check " + i).put("group", "group " + i);
      check.put("path", paths[i % paths.length]);
      // What is found instead goes into the report.
      check
          .putObject("expect")
          .putArray("headers")
          .addObject()
          .put("name", "X")
          .put("contains", "-");
      ((ObjectNode) check.get("expect")).putArray("status").add(200).add(302);
    }
  }

  /** Thousands of values that have to be taken out of every message in every form. */
  private void values(ObjectNode spec) {
    var from = spec.withArray("/services/app/envFrom");
    for (int i = 0; i < SECRETS; i++) {
      int number = i;
      var name = "values-" + i;
      staging
          .admin()
          .resource(
              new SecretBuilder()
                  .withNewMetadata()
                  .withName(name)
                  .withNamespace("hostile-values")
                  .endMetadata()
                  .withStringData(
                      IntStream.range(0, VALUES)
                          .boxed()
                          .collect(
                              Collectors.toMap(
                                  n -> "KEY_%d_%d".formatted(number, n),
                                  n -> "value <%d/%d> of many".formatted(number, n))))
                  .build())
          .serverSideApply();
      from.addObject().putObject("secretRef").put("name", name);
    }
    checks(spec, "/circle");
  }

  private static void amounts(ObjectNode spec) {
    for (var component : List.of("app", "postgres", "redis")) {
      ((ObjectNode) spec.at("/services/" + component))
          .putObject("resources")
          .putObject("limits")
          .put("cpu", "999999999999999e99")
          .put("memory", "999999999999999e99");
    }
    ((ObjectNode) spec.at("/services/postgres")).put("storage", "9999999Ti");
  }

  /** Makes them, and waits until each serves its first version. */
  void settle() {
    staging
        .admin()
        .resource(
            new IngressClassBuilder()
                .withNewMetadata()
                .withName(CLASS)
                .endMetadata()
                .withNewSpec()
                .withController("staging-test/stub")
                .endSpec()
                .build())
        .serverSideApply();
    var ways = ways();
    for (var neighbour : all) {
      staging.namespace(neighbour.namespace());
      var manifest = manifest(neighbour);
      ways.get(neighbour.namespace().substring("hostile-".length()))
          .accept((ObjectNode) manifest.get("spec"));
      staging
          .admin()
          .resource(YAML.unmarshal(manifest.toString(), StagingEnvironment.class))
          .inNamespace(neighbour.namespace())
          .create();
    }
    for (var neighbour : all) {
      staging.await(
          neighbour.namespace(),
          "env",
          "the first version to serve",
          Staging.LONG,
          e -> Staging.has(e, "Deployed", "True", "Deployed"));
    }
  }

  private ObjectNode manifest(Neighbour neighbour) {
    ObjectNode manifest =
        JSON.valueToTree(YAML.unmarshal(Given.resource("/e2e/hostile.yaml"), Map.class));
    int port = neighbour.server().port();
    ((ObjectNode) manifest.at("/spec/domains"))
        .put("app", "app.%s.test".formatted(neighbour.namespace()));
    ((ObjectNode) manifest.at("/spec/services/app")).put("port", port);
    ((ObjectNode) manifest.at("/spec/services/app/health")).put("port", port);
    // Half a minute, which is all that a round of checks has.
    var checks = manifest.withArray("/spec/validation/checks");
    for (int i = 0; i < 3; i++) {
      checks.addObject().put("name", "hold " + i).put("group", "hold").put("path", "/drip");
    }
    // A server that takes a connection and says nothing, by TLS.
    manifest
        .withArray("/spec/notifications")
        .addObject()
        .put("name", "silent")
        .putObject("webhook")
        .put("url", "https://%s:%d/".formatted(address.getHostAddress(), port));
    return manifest;
  }

  /** From now on each asks for another version when no check of its last one is open. */
  void beginInEarnest() {
    var _ =
        persistence.scheduleWithFixedDelay(
            () -> all.stream().filter(n -> n.server().held() == 0).forEach(this::asks),
            0,
            PAUSE_SECONDS,
            TimeUnit.SECONDS);
    await("all neighbours to hold a request of their checks")
        .atMost(Staging.LONG)
        .until(() -> all.stream().allMatch(n -> n.server().held() > 0));
  }

  private void asks(Neighbour neighbour) {
    try {
      staging
          .environment(neighbour.namespace(), "env")
          .patch(
              PatchContext.of(PatchType.JSON),
              "[{\"op\":\"replace\",\"path\":\"/spec/services/app/image\",\"value\":\"app:%d\"}]"
                  .formatted(neighbour.version().incrementAndGet()));
    } catch (KubernetesClientException e) {
      // It is asked again.
      System.err.println(neighbour.namespace() + ": " + e.getMessage());
    }
  }

  /** Rounds of checks of all of them that were begun so far. */
  int rounds() {
    return all.stream().mapToInt(n -> n.server().rounds()).sum();
  }

  /** The same of each. */
  Map<String, Integer> roundsOfEach() {
    return all.stream().collect(Collectors.toMap(Neighbour::namespace, n -> n.server().rounds()));
  }

  /** Requests of each that were held and let go so far. */
  Map<String, Integer> endedOfEach() {
    return all.stream().collect(Collectors.toMap(Neighbour::namespace, n -> n.server().ended()));
  }

  /** Those that hold a request now, or have let one go since. */
  List<String> busySince(Map<String, Integer> ended) {
    return all.stream()
        .filter(n -> n.server().held() > 0 || n.server().ended() > ended.get(n.namespace()))
        .map(Neighbour::namespace)
        .toList();
  }

  List<String> names() {
    return all.stream().map(Neighbour::namespace).toList();
  }

  /** What each says of itself, for what goes wrong. */
  String report() {
    return all.stream()
        .map(n ->
            "%s, %d rounds: %s"
                .formatted(
                    n.namespace(),
                    n.server().rounds(),
                    Staging.told(staging.environment(n.namespace(), "env").get())))
        .collect(Collectors.joining("\n"));
  }

  @Override
  public void close() throws IOException {
    persistence.shutdownNow();
    var admin = staging.admin();
    for (var neighbour : all) {
      admin.resources(StagingEnvironment.class).inNamespace(neighbour.namespace()).delete();
      admin.namespaces().withName(neighbour.namespace()).delete();
    }
    for (var neighbour : all) {
      staging.remove(neighbour.namespace());
      neighbour.server().close();
    }
    admin.network().v1().ingressClasses().withName(CLASS).delete();
    silentDns.close();
  }
}

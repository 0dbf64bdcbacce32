package ru.scoliologic.staging.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.throwaway.Images;
import ru.scoliologic.staging.throwaway.TlsRegistry;

/** The environment's own engine and registry: what is built there runs on the node. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RegistryE2E {
  private static final String NAMESPACE = "registry";
  private static final String NAME = "env";
  private static Staging staging;
  private static String digest;

  /** Outside of the environment. */
  private static TlsRegistry outer;

  private static boolean trusted;

  @BeforeAll
  static void an_environment_that_follows_a_branch() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withStringData(
                    Map.of("ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", Given.DASHBOARD_USER))
                .build())
        .create();
    staging
        .admin()
        .resource(
            Staging.read(
                "environment.yaml",
                Map.of(
                    ".bad.",
                    ".registry.",
                    "  deletionPolicy: Delete",
                    """
                      deletionPolicy: Delete
                      gitops:
                        repository: https://nowhere.staging.test/app.git
                        build: {engine: {storage: 2Gi}}
                        registry: {storage: 1Gi}
                    """)))
        .inNamespace(NAMESPACE)
        .create();
    awaitRunning("registry", "registry");
    awaitRunning("gitops-agent", "engine");
  }

  @AfterAll
  static void it_is_removed() {
    if (outer != null) {
      if (trusted) {
        theOperatorIsAsItWas();
      }
      outer.close();
    }
    staging.remove(NAMESPACE);
  }

  private static void awaitRunning(String component, String container) {
    Awaitility.await(component + "/" + container + " started")
        .atMost(Staging.LONG)
        .until(() ->
            staging
                .admin()
                .pods()
                .inNamespace(NAMESPACE)
                .withLabel("app.kubernetes.io/component", component)
                .list()
                .getItems()
                .stream()
                .filter(pod -> !pod.isMarkedForDeletion())
                .anyMatch(pod -> started(pod, container)));
  }

  private static boolean started(Pod pod, String container) {
    var status = pod.getStatus();
    return java.util.stream.Stream.concat(
            status.getInitContainerStatuses().stream(), status.getContainerStatuses().stream())
        .anyMatch(c -> c.getName().equals(container) && Boolean.TRUE.equals(c.getReady()));
  }

  private static String registry() {
    var service = staging.admin().services().inNamespace(NAMESPACE).withName("env-registry").get();
    return "127.0.0.1:" + service.getSpec().getPorts().getFirst().getNodePort();
  }

  private static void run(String name, Optional<String> pullSecret) {
    staging
        .admin()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(0L)
                .withImagePullSecrets(pullSecret.map(LocalObjectReference::new).stream().toList())
                .addNewContainer()
                .withName("app")
                .withImage("%s/app@%s".formatted(registry(), digest))
                .endContainer()
                .endSpec()
                .build())
        .create();
  }

  private static Pod pod(String name) {
    return staging.admin().pods().inNamespace(NAMESPACE).withName(name).get();
  }

  @Test
  @Order(1)
  void the_engine_builds_and_pushes_with_the_password_and_not_without() {
    var result =
        staging
            .cluster()
            .exec("sh", "-c", Given.resource("/e2e/registry.sh"), "registry.sh", NAMESPACE, NAME);

    assertThat(result.exitCode()).as(result.stderr()).isZero();
    digest = result.stdout().strip();
    assertThat(digest).matches("sha256:[0-9a-f]{64}");
  }

  @Test
  @Order(2)
  void a_node_does_not_get_the_image_without_the_pull_secret() {
    run("without", Optional.empty());

    Awaitility.await("the pull refused")
        .atMost(Staging.SOON)
        .untilAsserted(() ->
            assertThat(pod("without").getStatus().getContainerStatuses())
                .anySatisfy(c ->
                    assertThat(c.getState().getWaiting().getMessage())
                        .containsAnyOf("401", "authorization", "no basic auth")));
  }

  @Test
  @Order(3)
  void a_node_pulls_it_by_digest_from_its_own_loopback_with_the_pull_secret() {
    run("with", Optional.of("env-registry-pull"));

    Awaitility.await("the built image running")
        .atMost(Staging.SOON)
        .untilAsserted(() -> assertThat(started(pod("with"), "app")).isTrue());
    assertThat(staging.admin().pods().inNamespace(NAMESPACE).withName("with").getLog())
        .isEqualTo("built\n");
  }

  @Test
  @Order(4)
  void a_registry_that_starts_anew_cleans_up_and_has_what_it_had() {
    staging.cluster().kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/env-registry");
    staging
        .cluster()
        .kubectl("-n", NAMESPACE, "rollout", "status", "deployment/env-registry", "--timeout=120s");

    assertThat(inRegistry("cat /tmp/collected")).contains("blobs marked");
    pullsAgain("again");
  }

  /** The node forgets the image and gets it once more. */
  private static void pullsAgain(String name) {
    staging.admin().pods().inNamespace(NAMESPACE).withName("without").delete();
    staging.admin().pods().inNamespace(NAMESPACE).withName("with").withGracePeriod(0).delete();
    staging.cluster().exec("ctr", "-n", "k8s.io", "images", "rm", registry() + "/app@" + digest);
    run(name, Optional.of("env-registry-pull"));
    Awaitility.await("the image running once more")
        .atMost(Staging.SOON)
        .untilAsserted(() -> assertThat(started(pod(name), "app")).isTrue());
  }

  private static String inRegistry(String script) {
    return staging
        .cluster()
        .kubectl("-n", NAMESPACE, "exec", "deployment/env-registry", "--", "sh", "-c", script);
  }

  private static long blobs() {
    return inRegistry("find /var/lib/registry -path '*/blobs/*' -name data").lines().count();
  }

  @Test
  @Order(6)
  void the_room_of_a_deleted_image_is_freed_while_the_others_stay()
      throws IOException, InterruptedException {
    var result =
        staging
            .cluster()
            .exec(
                "sh",
                "-c",
                Given.resource("/e2e/registry.sh"),
                "registry.sh",
                NAMESPACE,
                NAME,
                "2");
    assertThat(result.exitCode()).as(result.stderr()).isZero();
    var second = result.stdout().strip();
    assertThat(second).isNotEqualTo(digest);
    long before = blobs();

    assertThat(ask("DELETE", second)).isEqualTo(202);

    Awaitility.await("less than %d blobs".formatted(before))
        .atMost(Staging.SOON)
        .ignoreExceptions()
        .until(() -> blobs() < before);
    Awaitility.await("the registry to serve what is left")
        .atMost(Staging.SOON)
        .ignoreExceptions()
        .until(() -> ask("GET", digest) == 200);
    assertThat(ask("GET", second)).isEqualTo(404);
    pullsAgain("third");
    assertThat(staging.cluster().kubectl("-n", NAMESPACE, "get", "pods"))
        .containsPattern("env-registry-\\S+ +1/1 +Running +0 ");
  }

  /** Asks for a manifest as the agent does; the status of the answer. */
  private static int ask(String method, String manifest) throws IOException, InterruptedException {
    var secret =
        staging
            .admin()
            .secrets()
            .inNamespace(NAMESPACE)
            .withName("env-registry-users")
            .get()
            .getData()
            .get(".dockerconfigjson");
    var auth =
        Serialization.unmarshal(new String(Base64.getDecoder().decode(secret), UTF_8), Map.class);
    var logins = (Map<?, ?>) auth.get("auths");
    var login = (Map<?, ?>) logins.values().iterator().next();
    try (var client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()) {
      var uri =
          "http://%s/v2/app/manifests/%s"
              .formatted(registry().replace("127.0.0.1", staging.cluster().nodeIp()), manifest);
      return client
          .send(
              HttpRequest.newBuilder(URI.create(uri))
                  .method(method, HttpRequest.BodyPublishers.noBody())
                  .header("Authorization", "Basic " + login.get("auth"))
                  .header("Accept", "application/vnd.docker.distribution.manifest.v2+json")
                  .build(),
              BodyHandlers.discarding())
          .statusCode();
    }
  }

  @Test
  @Order(5)
  void nobody_reads_it_without_the_password() throws IOException, InterruptedException {
    try (var client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()) {
      var answer =
          client.send(
              HttpRequest.newBuilder(
                      URI.create(
                          "http://%s/v2/app/manifests/%s"
                              .formatted(
                                  registry().replace("127.0.0.1", staging.cluster().nodeIp()),
                                  digest)))
                  .build(),
              BodyHandlers.discarding());

      assertThat(answer.statusCode()).isEqualTo(401);
    }
  }

  private static final String TAG = "team/app:latest";

  private static String tagged() {
    return outer.host() + "/" + TAG;
  }

  private static String resolved() {
    return staging.release(NAMESPACE, tagged()).getStatus().image();
  }

  /** What the pods of the version run. */
  private static Set<String> running() {
    return staging
        .admin()
        .pods()
        .inNamespace(NAMESPACE)
        .withLabel(Labels.VERSION, AppVersion.idOf(staging.release(NAMESPACE, tagged())))
        .list()
        .getItems()
        .stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .map(pod -> pod.getSpec().getContainers().getFirst().getImage())
        .collect(Collectors.toSet());
  }

  private static String served() throws IOException {
    try (var browser = staging.browser()) {
      return browser.get("https://app.registry.staging.test/api/version").body();
    }
  }

  private static void patch(String kind, String name, String patch) {
    staging.cluster().kubectl("-n", NAMESPACE, "patch", kind, name, "--type=merge", "-p", patch);
  }

  /** As docs/operations.md has it for an authority of one's own. */
  private static void theOperatorTrusts(TlsRegistry registry) {
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("registry-trust")
                .withNamespace(Staging.OPERATOR)
                .endMetadata()
                .withData(Map.of("trust.p12", registry.trustStore()))
                .build())
        .create();
    staging
        .cluster()
        .kubectl(
            "-n",
            Staging.OPERATOR,
            "patch",
            "deployment",
            Staging.OPERATOR,
            "-p",
            """
            {"spec": {"template": {"spec": {
              "volumes": [{"name": "trust", "secret": {"secretName": "registry-trust"}}],
              "containers": [{"name": "operator",
                "env": [{"name": "JDK_JAVA_OPTIONS", "value":
                  "-Djavax.net.ssl.trustStore=/trust/trust.p12 -Djavax.net.ssl.trustStorePassword=%s"}],
                "volumeMounts": [{"name": "trust", "mountPath": "/trust"}]}]}}}}
            """
                .formatted(TlsRegistry.TRUST_PASSWORD));
    trusted = true;
    awaitTheOperator();
  }

  private static void theOperatorIsAsItWas() {
    staging
        .cluster()
        .kubectl("-n", Staging.OPERATOR, "rollout", "undo", "deployment/staging-operator");
    awaitTheOperator();
    staging.admin().secrets().inNamespace(Staging.OPERATOR).withName("registry-trust").delete();
  }

  private static void awaitTheOperator() {
    staging
        .cluster()
        .kubectl(
            "-n",
            Staging.OPERATOR,
            "rollout",
            "status",
            "deployment/" + Staging.OPERATOR,
            "--timeout=180s");
  }

  @Test
  @Order(7)
  void a_tag_runs_by_the_digest_that_its_registry_tells_for_the_pull_secret() throws IOException {
    outer = TlsRegistry.deploy(staging.cluster());
    var pushed = outer.push(Images.APP_1, TAG);
    theOperatorTrusts(outer);
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("pulls")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withType("kubernetes.io/dockerconfigjson")
                .withStringData(Map.of(".dockerconfigjson", outer.pullSecret()))
                .build())
        .create();

    patch(
        "stenv",
        NAME,
        """
        {"spec": {"gitops": null, "services": {"app":
          {"image": "%s", "imagePullSecrets": [{"name": "pulls"}]}}}}
        """
            .formatted(tagged()));

    staging.awaitReady(NAMESPACE, NAME);
    assertThat(pushed).matches("sha256:[0-9a-f]{64}");
    assertThat(resolved()).isEqualTo(tagged() + "@" + pushed);
    assertThat(running()).containsExactly(resolved());
    assertThat(served()).contains("\"1\"");
  }

  @Test
  @Order(8)
  void another_image_under_the_tag_changes_nothing_until_a_retry_which_has_it_checked()
      throws IOException {
    var first = resolved();
    var pushed = outer.push(Images.APP_2, TAG);
    assertThat(first).doesNotContain(pushed);
    patch("stenv", NAME, "{\"spec\": {\"validation\": {\"periodSeconds\": 120}}}");
    staging.awaitReady(NAMESPACE, NAME);
    assertThat(resolved()).isEqualTo(first);
    assertThat(running()).containsExactly(first);

    var release = staging.release(NAMESPACE, tagged()).getMetadata().getName();
    patch("strel", release, "{\"spec\": {\"retry\": \"2\"}}");

    Awaitility.await("the digest of what is there now")
        .atMost(Staging.SOON)
        .untilAsserted(() -> assertThat(resolved()).isEqualTo(tagged() + "@" + pushed));
    Awaitility.await("its checks passed")
        .atMost(Staging.LONG)
        .until(() ->
            Conditions.isTrue(
                staging.release(NAMESPACE, tagged()).getStatus().conditions(), "Verified"));
    assertThat(served()).contains("\"2\"");
    Awaitility.await("only pods of " + resolved())
        .atMost(Staging.SOON)
        .untilAsserted(() -> assertThat(running()).containsExactly(resolved()));
  }
}

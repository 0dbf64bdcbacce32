package ru.scoliologic.staging.throwaway;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * {@code make run} and {@code make stop}: a cluster that stays, with the operator, a Git server and
 * the example environment in it, which follows a branch.
 */
public final class Run {
  private static final String ZONE = "staging.test";
  private static final String NAMESPACE = "scoliologic";
  private static final String OVERLAYS = "/workspace/operator/src/test/cluster/overlays/";
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final ResourceDefinitionContext ENVIRONMENTS =
      new ResourceDefinitionContext.Builder()
          .withGroup("staging.scoliologic.ru")
          .withVersion("v1alpha1")
          .withKind("StagingEnvironment")
          .withPlural("stagingenvironments")
          .withNamespaced(true)
          .build();

  private final long started = System.nanoTime();
  private final Map<String, String> told = new LinkedHashMap<>();

  private Run() {}

  public static void main(String[] arguments) {
    String what = arguments.length == 1 ? arguments[0] : "";
    try {
      switch (what) {
        case "run" -> new Run().run();
        case "stop" -> stop();
        default -> throw new ClusterException("usage: Run run|stop");
      }
    } catch (ClusterException e) {
      System.out.println();
      System.err.println("error: " + e.getMessage());
      System.exit(1);
    }
    // The client libraries leave threads behind that would hold the JVM for a while.
    System.exit(0);
  }

  private static void stop() {
    Docker.requireEngine();
    Leftovers.clear();
    boolean removed = ThrowawayCluster.removeLasting();
    try {
      for (String file : List.of("kubeconfig", "kubeconfig-kept", "acme-ca.pem")) {
        Files.deleteIfExists(Repository.state(file));
      }
      SampleClone.remove();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.out.println(removed ? "the cluster is gone" : "no cluster was running");
  }

  private void run() {
    boolean again = ThrowawayCluster.isRunning();
    String image = Images.id(Images.OPERATOR);
    try (ThrowawayCluster cluster =
        Progress.step(
            again ? "finding the running cluster" : "starting the cluster",
            ThrowawayCluster::lasting)) {
      System.out.printf("cluster on %s, kubeconfig %s%n", cluster.nodeIp(), cluster.kubeconfig());
      Progress.step("names below " + ZONE + " lead to the node", () -> cluster.resolve(ZONE));
      Progress.step("ACME server (Pebble)", cluster::pebble);
      Progress.step("registry of language models", cluster::models);
      Progress.step("operator", () -> installOperator(cluster, image));
      var clone =
          Progress.step("Git server with examples/sample-app", () -> SampleClone.of(cluster.git()));
      var first = Instant.now();
      Progress.step("environment of examples/scoliologic", () -> apply(cluster));
      awaitReady(cluster);
      Path roots = Repository.state("acme-ca.pem");
      Files.writeString(roots, cluster.pebble().acmeIssuingRoots());
      deliver(cluster, clone, first);
      report(cluster, Repository.root().relativize(roots));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The engine beside the agent pulls what builds start from, where it can. */
  private static void apply(ThrowawayCluster cluster) {
    var overlay = "delivery";
    if (Images.areStandIns()) {
      cluster.loadImage(Images.BASE_IMAGES);
      overlay = "delivery-stand-in";
    }
    cluster.trustAcme(NAMESPACE);
    cluster.git().admit(NAMESPACE);
    cluster.kubectl("apply", "-k", OVERLAYS + overlay);
  }

  /** A commit becomes what visitors see. */
  private static void deliver(ThrowawayCluster cluster, SampleClone clone, Instant first) {
    var watch = new CommitWatch(cluster, NAMESPACE);
    if (!watch.isVerified(clone.head())) {
      System.out.printf(
          "the branch's head, %s, from when the environment was applied:%n",
          CommitWatch.shortened(clone.head()));
      watch.untilVerified(clone.head(), first);
    }
    var heading =
        "Welcome at " + LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS);
    var pushed = Instant.now();
    var commit = clone.pushHeading(heading);
    System.out.printf(
        "pushed commit %s, \"Front page: %s\":%n", CommitWatch.shortened(commit), heading);
    watch.untilVerified(commit, pushed);
    var host = "app." + ZONE;
    var seen = FrontPage.heading(host, cluster.nodeIp(), cluster.pebble().acmeIssuingRoots());
    if (!seen.equals(heading)) {
      throw new ClusterException(
          "https://%s/ says \"%s\" although commit %s is verified".formatted(host, seen, commit));
    }
    System.out.printf("https://%s/ says \"%s\"%n", host, seen);
  }

  /** The tag stays the same from build to build, so the pods are told apart by the image's id. */
  private static void installOperator(ThrowawayCluster cluster, String image) {
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", OVERLAYS + "operator");
    var deployment =
        cluster.admin().apps().deployments().inAnyNamespace().list().getItems().stream()
            .filter(d ->
                d.getSpec().getTemplate().getSpec().getContainers().stream()
                    .anyMatch(c -> Images.OPERATOR.equals(c.getImage())))
            .findFirst()
            .orElseThrow(() ->
                new ClusterException(
                    "the operator overlay holds no Deployment of " + Images.OPERATOR));
    String namespace = deployment.getMetadata().getNamespace();
    String name = "deployment/" + deployment.getMetadata().getName();
    cluster.kubectl(
        "-n",
        namespace,
        "patch",
        name,
        "-p",
        "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"image-id\":\""
            + image
            + "\"}}}}}");
    cluster.kubectl("-n", namespace, "rollout", "status", name, "--timeout=180s");
  }

  private void awaitReady(ThrowawayCluster cluster) {
    System.out.println("waiting for the environment; its conditions as they change:");
    try {
      Awaitility.await("Ready of the environment")
          .atMost(LIMIT)
          .pollInterval(Duration.ofMillis(500))
          .until(() ->
              environments(cluster).stream()
                  .map(this::tell)
                  .reduce(Boolean::logicalAnd)
                  .orElse(false));
    } catch (ConditionTimeoutException e) {
      System.out.print(cluster.kubectl("get", "stenv,pods,events", "-n", NAMESPACE));
      throw new ClusterException(
          "the environment is not Ready after %d min: %s"
              .formatted(LIMIT.toMinutes(), String.join("; ", told.values())),
          e);
    }
  }

  private static List<GenericKubernetesResource> environments(ThrowawayCluster cluster) {
    return cluster
        .admin()
        .genericKubernetesResources(ENVIRONMENTS)
        .inNamespace(NAMESPACE)
        .list()
        .getItems();
  }

  /**
   * Prints the conditions that changed since the last call and says whether the environment is
   * Ready as specified now.
   */
  private boolean tell(GenericKubernetesResource environment) {
    boolean ready = false;
    List<Map<String, Object>> conditions = environment.get("status", "conditions");
    for (Map<String, Object> condition :
        conditions == null ? List.<Map<String, Object>>of() : conditions) {
      String type = String.valueOf(condition.get("type"));
      String line =
          "%s=%s %s: %s"
              .formatted(
                  type, condition.get("status"), condition.get("reason"), condition.get("message"));
      if (!line.equals(told.put(type, line))) {
        System.out.printf(
            Locale.ROOT, "  %6.1f s  %s%n", (System.nanoTime() - started) / 1e9, line);
      }
      Object observed = condition.get("observedGeneration");
      ready |=
          type.equals("Ready")
              && "True".equals(condition.get("status"))
              && observed instanceof Number generation
              && generation.longValue() == environment.getMetadata().getGeneration();
    }
    return ready;
  }

  private void report(ThrowawayCluster cluster, Path roots) {
    System.out.println();
    System.out.print(cluster.kubectl("get", "stenv", "-n", NAMESPACE));
    System.out.println();
    System.out.print(cluster.kubectl("get", "strel", "-n", NAMESPACE));
    System.out.printf(
        Locale.ROOT,
        """

        application  https://app.%1$s/
        Traefik      https://traefik.%1$s/dashboard/
        kubeconfig   .cluster/kubeconfig   (kubectl --kubeconfig .cluster/kubeconfig get pods -A)
        repository   .cluster/sample-app/work   (change something, git commit, git push)
        try          curl --resolve app.%1$s:443:%2$s --cacert %3$s https://app.%1$s/api/health
        took         %4$.0f s; `make stop` removes all of it
        """,
        ZONE,
        cluster.nodeIp(),
        roots,
        (System.nanoTime() - started) / 1e9);
  }
}

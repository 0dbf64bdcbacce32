package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.throwaway.AuditEvent;
import ru.scoliologic.staging.throwaway.ThrowawayCluster;

/**
 * The operator as it ships, in the throwaway cluster: its manifests, its rights, its image; and
 * what tests of it have in common.
 */
final class Staging {
  static final String OPERATOR = "staging-operator";
  static final String OVERLAYS = "/workspace/operator/src/test/cluster/overlays/";
  static final Duration SOON = Duration.ofSeconds(60);
  static final Duration LONG = Duration.ofMinutes(4);

  private static final Pattern NOT_OF_TESTS =
      Pattern.compile("default|kube-.*|pebble|model-registry|git-server|tls-registry|" + OPERATOR);

  private static Staging shared;

  private final ThrowawayCluster cluster;

  private Staging(ThrowawayCluster cluster) {
    this.cluster = cluster;
  }

  /** One for all tests of the JVM. */
  static synchronized Staging shared() {
    if (shared == null) {
      var cluster = ThrowawayCluster.start();
      cluster.resolve("staging.test");
      cluster.pebble();
      shared = new Staging(cluster);
      shared.install();
      if (cluster.isUsedBefore()) {
        shared.tidy();
      }
    }
    return shared;
  }

  /** Restarts the operator with the image that is there now, and removes what tests left behind. */
  private void tidy() {
    cluster.kubectl("-n", OPERATOR, "rollout", "restart", "deployment/" + OPERATOR);
    install();
    admin().namespaces().list().getItems().stream()
        .map(namespace -> namespace.getMetadata().getName())
        .filter(name -> !NOT_OF_TESTS.matcher(name).matches())
        .forEach(this::remove);
  }

  /** Installs the operator as people do, or what is missing of it. */
  void install() {
    // Tests scale it by other means: the number of replicas is then not kubectl's own.
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", OVERLAYS + "operator");
    cluster.kubectl(
        "wait",
        "--for=condition=Established",
        "crd/stagingenvironments.staging.scoliologic.ru",
        "crd/stagingreleases.staging.scoliologic.ru",
        "--timeout=60s");
    cluster.kubectl(
        "-n", OPERATOR, "rollout", "status", "deployment/" + OPERATOR, "--timeout=180s");
  }

  ThrowawayCluster cluster() {
    return cluster;
  }

  KubernetesClient admin() {
    return cluster.admin();
  }

  /** Scales the operator of the cluster: one in the test's process needs it out of the way. */
  void shipped(int replicas) {
    cluster.kubectl("-n", OPERATOR, "scale", "deployment/" + OPERATOR, "--replicas=" + replicas);
    await("%d operators in the cluster".formatted(replicas))
        .atMost(LONG)
        // One that is being ended may still write.
        .until(() -> admin().pods().inNamespace(OPERATOR).list().getItems().size() == replicas);
  }

  /** A namespace that trusts the ACME server. */
  void namespace(String name) {
    admin()
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .serverSideApply();
    cluster.trustAcme(name);
  }

  /** The Secret that people give an environment. */
  void given(String namespace) {
    admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(
                    Map.of("ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", Given.DASHBOARD_USER))
                .build())
        .serverSideApply();
  }

  /** Removes a namespace and waits until its ports are free again. */
  void remove(String namespace) {
    admin().resources(StagingEnvironment.class).inNamespace(namespace).delete();
    admin().namespaces().withName(namespace).delete();
    // No pod is made any more. With those that have to end by themselves, the server looks again
    // only after half of the time that they have for it.
    admin().pods().inNamespace(namespace).withGracePeriod(0).delete();
    await("namespace " + namespace + " gone")
        .atMost(LONG)
        .until(() -> admin().namespaces().withName(namespace).get() == null);
  }

  Resource<StagingEnvironment> environment(String namespace, String name) {
    return admin().resources(StagingEnvironment.class).inNamespace(namespace).withName(name);
  }

  /** The environment of {@code e2e/<file>} with some of its text replaced. */
  static StagingEnvironment read(String file, Map<String, String> replacements) {
    var yaml = Given.resource("/e2e/" + file);
    for (var replacement : replacements.entrySet()) {
      assertThat(yaml).contains(replacement.getKey());
      yaml = yaml.replace(replacement.getKey(), replacement.getValue());
    }
    return new io.fabric8.kubernetes.client.utils.KubernetesSerialization()
        .unmarshal(yaml, StagingEnvironment.class);
  }

  static Condition condition(StagingEnvironment environment, String type) {
    return environment == null || environment.getStatus() == null
        ? null
        : environment.getStatus().conditions().stream()
            .filter(c -> c.getType().equals(type))
            .findFirst()
            .orElse(null);
  }

  static boolean has(StagingEnvironment environment, String type, String status, String reason) {
    var condition = condition(environment, type);
    return condition != null
        && condition.getStatus().equals(status)
        && condition.getReason().equals(reason);
  }

  /** Whether all that is asked for serves and is verified, with or without remarks. */
  static boolean ready(StagingEnvironment environment) {
    return (has(environment, "Ready", "True", "Ready")
            || has(environment, "Ready", "True", "PassedWithRemarks"))
        && environment
            .getStatus()
            .observedGeneration()
            .equals(environment.getMetadata().getGeneration());
  }

  /** The release of an image; fails when there is none. */
  StagingRelease release(String namespace, String image) {
    return findRelease(namespace, image)
        .orElseThrow(() -> new AssertionError("no release of " + image));
  }

  private Optional<StagingRelease> findRelease(String namespace, String image) {
    return releases(namespace)
        .filter(release -> image.equals(release.getSpec().image()))
        .findFirst();
  }

  /** The release of a commit, by its whole hash. */
  Optional<StagingRelease> releaseOf(String namespace, String commit) {
    return releases(namespace)
        .filter(release -> release.getSpec().commit() != null)
        .filter(release -> release.getSpec().commit().hash().equals(commit))
        .findFirst();
  }

  Stream<StagingRelease> releases(String namespace) {
    return admin()
        .resources(StagingRelease.class)
        .inNamespace(namespace)
        .list()
        .getItems()
        .stream();
  }

  /** The Deployments of the application's versions, also those on their way out. */
  List<Deployment> versions(String namespace) {
    return admin()
        .apps()
        .deployments()
        .inNamespace(namespace)
        .withLabel(Labels.COMPONENT, "app")
        .list()
        .getItems();
  }

  /** Waits until the release of an image is in a state. */
  StagingRelease awaitRelease(String namespace, String image, String state) {
    await("release of %s to be %s".formatted(image, state))
        .atMost(LONG)
        .pollInterval(Duration.ofMillis(250))
        .until(() ->
            findRelease(namespace, image)
                .map(StagingRelease::getStatus)
                .filter(status -> state.equals(status.state()))
                .isPresent());
    return release(namespace, image);
  }

  StagingEnvironment awaitReady(String namespace, String name) {
    return await(namespace, name, "Ready", LONG, Staging::ready);
  }

  StagingEnvironment awaitReason(String namespace, String name, String type, String reason) {
    return await(
        namespace,
        name,
        type + " to say " + reason,
        LONG,
        e -> condition(e, type) != null && reason.equals(condition(e, type).getReason()));
  }

  /** Waits for an environment to be as described; says what its conditions were if it never is. */
  StagingEnvironment await(
      String namespace,
      String name,
      String what,
      Duration limit,
      Predicate<StagingEnvironment> predicate) {
    try {
      await("%s of %s/%s".formatted(what, namespace, name))
          .atMost(limit)
          .pollInterval(Duration.ofMillis(250))
          .until(() -> {
            var environment = environment(namespace, name).get();
            checkContract(environment);
            return predicate.test(environment);
          });
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "%s; conditions: %s".formatted(e.getMessage(), told(environment(namespace, name).get())),
          e);
    }
    return environment(namespace, name).get();
  }

  /** Looks again and again for a time, and fails at the first look at which it does not hold. */
  static void stays(String what, Duration time, Callable<Boolean> holds) {
    await(what)
        .during(time)
        .atMost(time.plus(SOON))
        .pollInterval(Duration.ofMillis(250))
        .until(() -> {
          assertThat(holds.call()).as(what).isTrue();
          return true;
        });
  }

  private static org.awaitility.core.ConditionFactory await(String alias) {
    return org.awaitility.Awaitility.await(alias);
  }

  static String told(StagingEnvironment environment) {
    return environment == null || environment.getStatus() == null
        ? "none"
        : environment.getStatus().conditions().stream()
            .map(c ->
                c.getType() + "=" + c.getStatus() + " " + c.getReason() + ": " + c.getMessage())
            .collect(Collectors.joining("\n  ", "\n  ", ""));
  }

  /** What holds of every status, at every moment. */
  static void checkContract(StagingEnvironment environment) {
    if (environment == null
        || environment.getStatus() == null
        // A new one, as the schema completes it.
        || environment.getStatus().observedGeneration() == -1) {
      return;
    }
    var conditions = environment.getStatus().conditions();
    assertThat(conditions)
        .extracting(Condition::getType)
        .startsWith("InfrastructureReady", "ConfigurationReady", "Deployed", "Validated")
        .satisfies(types ->
            assertThat(types.get(4).equals("GitOpsActive") ? types.get(5) : types.get(4))
                .isEqualTo("Ready"))
        .doesNotHaveDuplicates()
        .satisfies(types ->
            assertThat(types.containsAll(List.of("Reconciling", "Stalled")))
                .as("Reconciling and Stalled at once, of " + types)
                .isFalse());
    assertThat(conditions)
        .allSatisfy(c -> {
          assertThat(c.getReason()).matches("([A-Z][a-z]+)+");
          assertThat(c.getMessage()).isNotBlank();
          assertThat(Instant.parse(c.getLastTransitionTime())).isNotNull();
          assertThat(c.getObservedGeneration()).isPositive();
        });
    assertThat(environment.getStatus().observedGeneration())
        .isLessThanOrEqualTo(environment.getMetadata().getGeneration());
  }

  /** What the operator wrote since then, but for its lease. */
  List<AuditEvent> writesSince(Instant since) {
    return cluster
        .auditLog()
        .by(OPERATOR, OPERATOR, since)
        .filter(AuditEvent::isWrite)
        .filter(event -> !event.resource().equals("leases"))
        .toList();
  }

  /** The kinds of an environment's lasting objects, as kubectl takes them. */
  static final String OWNED_KINDS =
      "secrets,configmaps,services,serviceaccounts,persistentvolumeclaims,deployments,"
          + "statefulsets,ingresses,networkpolicies,roles,rolebindings";

  /** Kind and name of every object that carries the operator's labels in a namespace. */
  Set<String> owned(String namespace) {
    return cluster
        .kubectl("-n", namespace, "get", OWNED_KINDS, "-l", Labels.SELECTOR, "-o", "name")
        .lines()
        .map(String::strip)
        .collect(Collectors.toSet());
  }

  Browser browser() {
    return new Browser(cluster.nodeIp(), cluster.pebble().acmeIssuingRoots());
  }
}

package ru.scoliologic.staging.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Labels;

/** An environment whose pods run on a {@link StubNode}, and the operator in this process. */
final class StubEnvironment implements AutoCloseable {
  static final String NAME = "env";
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration QUIET = Duration.ofSeconds(2);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private static final String ATTEMPTS = "staging.scoliologic.ru/acme-attempts";
  private static final String RESOLVER = "traefik.ingress.kubernetes.io/router.tls.certresolver";

  /** Made by others, or at a time of their own. */
  private static final List<String> PASSING =
      List.of("resourceVersion", "generation", "managedFields", "creationTimestamp");

  private final Staging staging;
  private final String namespace;
  private final StubNode node;
  private InProcessOperator operator;

  StubEnvironment(String namespace) {
    this.staging = Staging.shared();
    this.namespace = namespace;
    staging.shipped(0);
    this.node = new StubNode(staging.admin(), staging.cluster().nodeIp());
    staging.namespace(namespace);
    staging
        .admin()
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
    staging
        .admin()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(namespace)
                .endMetadata()
                .withData(Map.of("ca.pem", staging.cluster().pebble().acmeServerCa()))
                .build())
        .serverSideApply();
  }

  /** Starts the operator, which dies at a write, or never if that is 0. */
  InProcessOperator operator(int killAt, boolean afterwards) {
    if (operator != null) {
      operator.close();
    }
    operator = new InProcessOperator(staging.admin(), namespace, killAt, afterwards);
    return operator;
  }

  /** The same with no other rights than those that the operator ships with. */
  InProcessOperator operatorWithItsRights(int killAt, boolean afterwards) {
    if (operator != null) {
      operator.close();
    }
    var config =
        new ConfigBuilder(staging.admin().getConfiguration())
            .withImpersonateUsername(
                "system:serviceaccount:%s:%s".formatted(Staging.OPERATOR, Staging.OPERATOR))
            .withImpersonateGroups("system:serviceaccounts", "system:authenticated")
            .build();
    try (var its = new KubernetesClientBuilder().withConfig(config).build()) {
      operator = new InProcessOperator(its, namespace, killAt, afterwards);
    }
    return operator;
  }

  static JsonNode manifest() {
    return JSON.valueToTree(YAML.unmarshal(Given.resource("/e2e/stub.yaml"), Map.class));
  }

  void create() {
    create(spec -> {});
  }

  /** Creates it with another spec. */
  void create(Consumer<ObjectNode> edit) {
    var manifest = manifest();
    edit.accept((ObjectNode) manifest.get("spec"));
    create(manifest);
  }

  void create(JsonNode manifest) {
    staging
        .admin()
        .resource(YAML.unmarshal(manifest.toString(), StagingEnvironment.class))
        .inNamespace(namespace)
        .create();
  }

  Resource<StagingEnvironment> resource() {
    return staging.environment(namespace, NAME);
  }

  /** Replaces the whole spec. */
  void spec(JsonNode spec) {
    resource()
        .patch(
            PatchContext.of(PatchType.JSON),
            "[{\"op\":\"replace\",\"path\":\"/spec\",\"value\":%s}]".formatted(spec));
  }

  /** Why the server would refuse the spec, if it would; nothing is changed. */
  Optional<String> refused(JsonNode spec) {
    try {
      resource()
          .dryRun()
          .patch(
              PatchContext.of(PatchType.JSON),
              "[{\"op\":\"replace\",\"path\":\"/spec\",\"value\":%s}]".formatted(spec));
      return Optional.empty();
    } catch (KubernetesClientException e) {
      return Optional.of(e.getStatus().getMessage());
    }
  }

  /** Removes the environment and waits for all it owned. */
  void delete() {
    resource().delete();
    await("all of the environment to be gone").atMost(LIMIT).until(() -> objects().isEmpty());
  }

  /** Waits until the environment is as asked, and nothing more is written. */
  void converge() {
    var writes = new AtomicReference<List<String>>(List.of());
    try {
      await("convergence")
          .atMost(LIMIT)
          .pollInterval(Duration.ofMillis(250))
          .during(QUIET)
          .until(() -> {
            var before = writes.getAndSet(operator.writes());
            return before.equals(writes.get()) && asAsked();
          });
    } catch (org.awaitility.core.ConditionTimeoutException e) {
      var status = resource().get().getStatus();
      throw new AssertionError(
          "%s; conditions: %s; last writes: %s"
              .formatted(
                  e.getMessage(),
                  status == null ? "none" : status.conditions(),
                  writes.get().reversed().stream().limit(5).toList()),
          e);
    }
  }

  /** Whether nothing is written for a while. */
  boolean isQuiet() {
    try {
      await("quiet")
          .atMost(QUIET.multipliedBy(2))
          .during(QUIET)
          .until(operator::writes, operator.writes()::equals);
      return true;
    } catch (org.awaitility.core.ConditionTimeoutException e) {
      return false;
    }
  }

  /** Whether the environment is as asked and nothing was written for a while. */
  boolean isConverged() {
    try {
      await("convergence")
          .atMost(QUIET.multipliedBy(2))
          .during(QUIET)
          .until(operator::writes, operator.writes()::equals);
      return asAsked();
    } catch (org.awaitility.core.ConditionTimeoutException e) {
      return false;
    }
  }

  private boolean asAsked() {
    var environment = resource().get();
    var status = environment.getStatus();
    if (status == null
        || !environment.getMetadata().getGeneration().equals(status.observedGeneration())) {
      return false;
    }
    if (environment.getSpec().suspend()) {
      return true;
    }
    var deployed = Staging.condition(environment, "Deployed");
    return deployed != null
        && deployed.getStatus().equals("True")
        && status.app() != null
        && environment.getSpec().services().app().image().equals(status.app().serving())
        && status.app().candidate() == null
        && (status.rotations() == null
            || status.rotations().stream().allMatch(row -> row.step().equals("Done")));
  }

  /** Everything the environment owns, by kind and name, without what changes by itself. */
  Map<String, JsonNode> objects() {
    var serving = servingDeployment();
    var found = new TreeMap<String, JsonNode>();
    for (var object : owned()) {
      var name = object.getKind() + "/" + object.getMetadata().getName();
      boolean otherVersion =
          object.getKind().equals("Deployment")
              && "app".equals(object.getMetadata().getLabels().get(Labels.COMPONENT))
              && !object.getMetadata().getName().equals(serving);
      if (!otherVersion) {
        found.put(name, plain(object));
      }
    }
    return found;
  }

  /** Uid of what must never be made anew, and the credentials' values. */
  Map<String, String> kept() {
    var kept = new TreeMap<String, String>();
    for (var object : owned()) {
      var name = object.getKind() + "/" + object.getMetadata().getName();
      if (List.of("PersistentVolumeClaim", "StatefulSet").contains(object.getKind())) {
        kept.put(name, object.getMetadata().getUid());
      } else if (object instanceof Secret secret && name.endsWith("-credentials")) {
        kept.put(name, secret.getMetadata().getUid() + secret.getData());
      }
    }
    return kept;
  }

  /** A value of the credentials, as it is stored. */
  String value(String key) {
    return staging
        .admin()
        .secrets()
        .inNamespace(namespace)
        .withName(NAME + "-credentials")
        .get()
        .getData()
        .get(key);
  }

  private String servingDeployment() {
    var environment = resource().get();
    var service = staging.admin().services().inNamespace(namespace).withName(NAME + "-app").get();
    return environment == null || service == null
        ? ""
        : NAME + "-app-" + service.getSpec().getSelector().get(Labels.VERSION);
  }

  private List<HasMetadata> owned() {
    var admin = staging.admin();
    var lists =
        List.of(
            admin.secrets(),
            admin.configMaps(),
            admin.services(),
            admin.serviceAccounts(),
            admin.persistentVolumeClaims(),
            admin.apps().deployments(),
            admin.apps().statefulSets(),
            admin.batch().v1().cronjobs(),
            admin.batch().v1().jobs(),
            admin.network().v1().ingresses(),
            admin.network().v1().networkPolicies(),
            admin.rbac().roles(),
            admin.rbac().roleBindings());
    var objects = new ArrayList<HasMetadata>();
    lists.forEach(list ->
        objects.addAll(list.inNamespace(namespace).withLabel(Labels.MANAGED_BY).list().getItems()));
    return objects;
  }

  private static JsonNode plain(HasMetadata object) {
    ObjectNode tree = JSON.valueToTree(object);
    tree.remove("status");
    var metadata = (ObjectNode) tree.get("metadata");
    metadata.remove(PASSING);
    metadata.remove("uid");
    if (metadata.get("annotations") instanceof ObjectNode annotations) {
      annotations.remove(List.of(Labels.SWITCHED_AT, "deployment.kubernetes.io/revision"));
      // Attempts at certificates go by the clock.
      boolean ordering = annotations.has(ATTEMPTS) || object.getKind().equals("Ingress");
      annotations.remove(List.of(ATTEMPTS, RESOLVER));
      if (ordering) {
        annotations.remove(Labels.PLANNED_HASH);
      }
    }
    if (metadata.get("ownerReferences") != null) {
      metadata.get("ownerReferences").forEach(owner -> ((ObjectNode) owner).remove("uid"));
    }
    if (tree.get("spec") instanceof ObjectNode spec) {
      // Given by the cluster, anew for an object that is made anew.
      spec.remove(List.of("clusterIP", "clusterIPs", "volumeName"));
      if (spec.get("ports") != null) {
        spec.get("ports").forEach(port -> ((ObjectNode) port).remove("nodePort"));
      }
    }
    return tree;
  }

  @Override
  public void close() {
    if (operator != null) {
      operator.close();
    }
    staging.remove(namespace);
    node.close();
    staging.shipped(1);
  }
}

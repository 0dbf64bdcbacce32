package ru.scoliologic.staging.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
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
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Labels;

/** An environment whose pods run on a {@link StubNode}, and the operator in this process. */
final class StubEnvironment implements AutoCloseable {
  static final String NAME = "env";
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** The garbage collector asks anew which kinds there are before it goes on, twice a minute. */
  private static final Duration GONE = Duration.ofMinutes(5);

  private static final Duration QUIET = Duration.ofSeconds(2);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private static final String ATTEMPTS = "staging.scoliologic.ru/acme-attempts";
  private static final String RESOLVER = "traefik.ingress.kubernetes.io/router.tls.certresolver";

  /** Made by others, or at a time of their own. */
  private static final List<String> PASSING =
      List.of("resourceVersion", "generation", "managedFields", "creationTimestamp");

  /** Annotations that controllers write, that hold a time, or that are there for a while only. */
  private static final List<String> BY_OTHERS =
      List.of(
          Labels.SWITCHED_AT,
          Labels.PREVIOUS,
          "deployment.kubernetes.io/revision",
          "pv.kubernetes.io/bind-completed",
          "pv.kubernetes.io/bound-by-controller",
          "volume.beta.kubernetes.io/storage-provisioner",
          "volume.kubernetes.io/storage-provisioner",
          "volume.kubernetes.io/selected-node");

  private final Staging staging;
  private final String namespace;
  private final StubNode node;
  private InProcessOperator operator;

  StubEnvironment(String namespace) {
    this.staging = Staging.shared();
    this.namespace = namespace;
    staging.shipped(0);
    this.node = new StubNode(staging.admin(), staging.cluster().nodeIp());
    furnish();
  }

  /** The namespace with what the environment is given by people. */
  void furnish() {
    staging.namespace(namespace);
    staging.given(namespace);
    configMap("given", Map.of("ca.pem", staging.cluster().pebble().acmeServerCa()));
  }

  /** Makes or changes a ConfigMap. */
  void configMap(String name, Map<String, String> values) {
    staging
        .admin()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withData(values)
                .build())
        .serverSideApply();
  }

  /** Starts an operator in the place of the one that ran. */
  InProcessOperator operator() {
    stop();
    operator = new InProcessOperator(staging.admin(), namespace);
    return operator;
  }

  /** From now on no operator runs. */
  void stop() {
    if (operator != null) {
      operator.close();
      operator = null;
    }
  }

  /** Leaves the work to the operator of the cluster. */
  void leaveToTheShippedOne() {
    stop();
    staging.shipped(1);
  }

  /** Waits until the environment is as asked, whoever works on it. */
  void awaitDeployed() {
    try {
      await("the environment to be as asked").atMost(LIMIT).until(this::asAsked);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError("%s; %s".formatted(e.getMessage(), report()), e);
    }
  }

  /** The same with no other rights than those that the operator ships with. */
  InProcessOperator operatorWithItsRights(int killAt, boolean afterwards) {
    stop();
    var config =
        new ConfigBuilder(staging.admin().getConfiguration())
            .withImpersonateUsername(
                "system:serviceaccount:%s:%s".formatted(Staging.OPERATOR, Staging.OPERATOR))
            .withImpersonateGroups("system:serviceaccounts", "system:authenticated")
            .build();
    try (var its =
        new KubernetesClientBuilder()
            .withConfig(config)
            .withKubernetesSerialization(staging.admin().getKubernetesSerialization())
            .build()) {
      operator = new InProcessOperator(its, namespace, killAt, afterwards, path -> true);
    }
    return operator;
  }

  static JsonNode manifest() {
    JsonNode manifest =
        JSON.valueToTree(YAML.unmarshal(Given.resource("/e2e/stub.yaml"), Map.class));
    ((ObjectNode) manifest.at("/spec/services/app")).put("port", StubApp.port());
    ((ObjectNode) manifest.at("/spec/services/app/health")).put("port", StubApp.port());
    return manifest;
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
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

  /** Removes the environment and waits until nothing of it is left but what it retains. */
  void delete() {
    resource().delete();
    awaitDeletion();
  }

  /** Waits until nothing of the environment is left but what it retains, pods included. */
  void awaitDeletion() {
    try {
      await("all of the environment to be gone")
          .atMost(GONE)
          .until(() -> resource().get() == null && left().isEmpty());
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          e.getMessage() + "; left: " + left().stream().map(Applier::key).toList(), e);
    }
  }

  /** All that goes with the environment: what has an owner, and pods. */
  private List<HasMetadata> left() {
    return Stream.concat(everything(), releases())
        .filter(object -> !object.getMetadata().getOwnerReferences().isEmpty())
        .toList();
  }

  /** Kind and name of all that the environment left behind. */
  Set<String> retained() {
    return Stream.concat(everything(), releases())
        .map(Applier::key)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Removes what a deleted environment retained. */
  void forget() {
    everything().forEach(object -> staging.admin().resource(object).delete());
    await("what was retained to be gone").atMost(LIMIT).until(() -> retained().isEmpty());
  }

  private Stream<HasMetadata> everything() {
    return Stream.concat(
        owned().stream(),
        staging
            .admin()
            .pods()
            .inNamespace(namespace)
            .withLabel(Labels.MANAGED_BY)
            .list()
            .getItems()
            .stream());
  }

  private Stream<StagingRelease> releases() {
    try {
      return staging.releases(namespace);
    } catch (KubernetesClientException e) {
      if (e.getCode() == 404) {
        // The kind itself is gone.
        return Stream.empty();
      }
      throw e;
    }
  }

  /** Waits until the environment is as asked, and nothing more is written. */
  void converge() {
    try {
      settles(LIMIT, this::asAsked);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError("%s; %s".formatted(e.getMessage(), report()), e);
    }
  }

  /** Whether the environment gets to be as asked, with nothing written for a while. */
  boolean isConverged() {
    try {
      settles(QUIET.multipliedBy(2), () -> true);
      return asAsked();
    } catch (ConditionTimeoutException e) {
      return false;
    }
  }

  /** Waits for something while nothing is written. */
  void settles(Duration limit, Callable<Boolean> predicate) {
    var writes = new AtomicReference<List<String>>(List.of());
    await("convergence")
        .atMost(limit)
        .pollInterval(Duration.ofMillis(250))
        .during(QUIET)
        .until(() -> {
          var before = writes.getAndSet(operator.writes());
          return before.equals(writes.get()) && predicate.call();
        });
  }

  /** Conditions and last writes, for what goes wrong. */
  String report() {
    var environment = resource().get();
    var conditions =
        environment == null || environment.getStatus() == null
            ? Stream.<String>of("none")
            : environment.getStatus().conditions().stream()
                .map(c ->
                    "%s=%s %s: %s"
                        .formatted(c.getType(), c.getStatus(), c.getReason(), c.getMessage()));
    var sent = operator == null ? List.<String>of() : operator.writes();
    return "conditions:%n  %s%nlast writes of %d:%n  %s"
        .formatted(
            conditions.collect(Collectors.joining("\n  ")),
            sent.size(),
            sent.reversed().stream().limit(12).collect(Collectors.joining("\n  ")));
  }

  private boolean asAsked() {
    var environment = resource().get();
    Staging.checkContract(environment);
    var status = environment == null ? null : environment.getStatus();
    if (status == null
        || !claimsAreBound()
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

  private boolean claimsAreBound() {
    return staging
        .admin()
        .persistentVolumeClaims()
        .inNamespace(namespace)
        .list()
        .getItems()
        .stream()
        .allMatch(claim -> "Bound".equals(claim.getStatus().getPhase()));
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
      boolean byTheClock =
          object.getMetadata().getOwnerReferences().stream()
              .anyMatch(owner -> owner.getKind().equals("CronJob"));
      if (!otherVersion && !byTheClock) {
        found.put(name, plain(object));
      }
    }
    return found;
  }

  /** What the conditions say, by their type. */
  Map<String, String> told() {
    var told = new TreeMap<String, String>();
    resource()
        .get()
        .getStatus()
        .conditions()
        .forEach(c -> told.put(c.getType(), c.getStatus() + c.getReason() + c.getMessage()));
    return told;
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

  /** The values of a Secret as they are stored, by key. */
  Map<String, String> values(String secret) {
    return new TreeMap<>(
        staging.admin().secrets().inNamespace(namespace).withName(secret).get().getData());
  }

  private String servingDeployment() {
    var environment = resource().get();
    var service = staging.admin().services().inNamespace(namespace).withName(NAME + "-app").get();
    return environment == null || service == null
        ? ""
        : NAME + "-app-" + service.getSpec().getSelector().get(Labels.VERSION);
  }

  /** Uid of every pod by its name; versions that do not serve any more left out. */
  Map<String, String> pods() {
    var serving = servingDeployment();
    return staging
        .admin()
        .pods()
        .inNamespace(namespace)
        .withLabel(Labels.MANAGED_BY)
        .list()
        .getItems()
        .stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod ->
            pod.getMetadata().getLabels().get(Labels.VERSION) == null
                || pod.getMetadata().getName().startsWith(serving))
        .collect(
            Collectors.toMap(
                pod -> pod.getMetadata().getName(), pod -> pod.getMetadata().getUid()));
  }

  KubernetesClient admin() {
    return staging.admin();
  }

  /** All objects that carry the operator's label, but pods. */
  List<HasMetadata> owned() {
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
      if (annotations.has(Labels.SWITCHED_AT)) {
        // Its hash is of the time of the switch too, and a Service that is made again has another.
        annotations.remove(Labels.PLANNED_HASH);
      }
      annotations.remove(BY_OTHERS);
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
      spec.remove(List.of("clusterIP", "clusterIPs", "healthCheckNodePort", "volumeName"));
      if (spec.get("ports") != null) {
        spec.get("ports").forEach(port -> ((ObjectNode) port).remove("nodePort"));
      }
    }
    return tree;
  }

  @Override
  public void close() {
    stop();
    staging.remove(namespace);
    node.close();
    staging.shipped(1);
  }
}

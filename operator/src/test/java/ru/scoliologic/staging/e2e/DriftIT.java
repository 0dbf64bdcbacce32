package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Labels;

/**
 * What others do to the objects of an environment is undone, whatever kind they are of, and what
 * others add stays; what is switched off goes; another operator's hand does not touch the pods; and
 * nothing is stopped for a Job that the cluster refuses; and what the server or a policy says no to
 * is named.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DriftIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FOREIGN = "example.org/foreign";
  private static final String PLANNED_LABEL = Labels.NAME;

  /** A planned field of each kind, as a JSON pointer, and what somebody sets it to. */
  private static final Map<String, Map.Entry<String, String>> EDITS =
      Map.ofEntries(
          Map.entry("Role", Map.entry("/rules/0/verbs", "[\"deletecollection\"]")),
          Map.entry("RoleBinding", Map.entry("/subjects/0/name", "\"somebody\"")),
          Map.entry("Service", Map.entry("/spec/ports/0/targetPort", "9999")),
          Map.entry(
              "NetworkPolicy",
              Map.entry("/spec/podSelector", "{\"matchLabels\":{\"nothing\":\"here\"}}")),
          Map.entry(
              "Deployment", Map.entry("/spec/template/spec/containers/0/image", "\"edited:1\"")),
          Map.entry(
              "StatefulSet", Map.entry("/spec/template/spec/containers/0/image", "\"edited:1\"")),
          Map.entry("CronJob", Map.entry("/spec/schedule", "\"30 5 29 2 *\"")),
          Map.entry("Ingress", Map.entry("/spec/rules/0/host", "\"edited.stub.test\"")));

  private static StubEnvironment environment;
  private static Map<String, JsonNode> before;

  @BeforeAll
  static void an_environment_with_every_feature() {
    environment = new StubEnvironment("drift");
    environment.operator();
    environment.create();
    environment.converge();
    before = environment.objects();
  }

  @AfterAll
  static void it_is_removed() {
    if (environment != null) {
      environment.close();
    }
  }

  private static boolean isCredentials(HasMetadata object) {
    return object.getMetadata().getName().endsWith("-credentials");
  }

  /** Volumes and credentials by name, with their identity. */
  private static Map<String, String> data() {
    var data = new TreeMap<>(environment.kept());
    data.keySet().removeIf(name -> name.startsWith("StatefulSet/"));
    return data;
  }

  @TestFactory
  @Order(1)
  Stream<DynamicTest> objects_that_somebody_deletes_come_back() {
    var kinds =
        environment.owned().stream()
            .map(HasMetadata::getKind)
            .filter(kind -> !kind.equals("PersistentVolumeClaim"))
            .collect(Collectors.toCollection(TreeSet::new));
    return kinds.stream()
        .map(kind ->
            DynamicTest.dynamicTest(
                kind,
                () -> {
                  var data = data();
                  environment.owned().stream()
                      .filter(object -> object.getKind().equals(kind) && !isCredentials(object))
                      .forEach(object -> environment.admin().resource(object).delete());
                  environment.converge();
                  assertThat(Differences.between(before, environment.objects()))
                      .as(environment::report)
                      .isEmpty();
                  assertThat(data()).isEqualTo(data);
                }));
  }

  @Test
  @Order(2)
  void every_object_that_somebody_edits_is_repaired_and_what_they_added_stays() {
    var kept = environment.kept();
    var edited = environment.owned();
    edited.forEach(DriftIT::edit);

    environment.converge();

    var expected = new TreeMap<String, JsonNode>();
    before.forEach((name, object) -> {
      var tree = object.deepCopy();
      for (var part : List.of("labels", "annotations")) {
        ((ObjectNode) tree.get("metadata")).withObject("/" + part).put(FOREIGN, "kept");
      }
      expected.put(name, tree);
    });
    assertThat(edited).extracting(Applier::key).containsAll(before.keySet());
    assertThat(Differences.between(expected, environment.objects()))
        .as(environment::report)
        .isEmpty();
    assertThat(environment.kept()).isEqualTo(kept);
  }

  private static void edit(HasMetadata object) {
    var patch = JSON.createArrayNode();
    patch
        .addObject()
        .put("op", "add")
        .put("path", "/metadata/labels/" + FOREIGN.replace("/", "~1"))
        .put("value", "kept");
    patch
        .addObject()
        .put("op", "add")
        .put("path", "/metadata/annotations/" + FOREIGN.replace("/", "~1"))
        .put("value", "kept");
    patch
        .addObject()
        .put("op", "replace")
        .put("path", "/metadata/labels/" + PLANNED_LABEL.replace("/", "~1"))
        .put("value", "edited");
    var field = field(object);
    if (field != null) {
      try {
        patch
            .addObject()
            .put("op", "replace")
            .put("path", field.getKey())
            .set("value", JSON.readTree(field.getValue()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    environment.admin().resource(object).patch(PatchContext.of(PatchType.JSON), patch.toString());
  }

  private static Map.Entry<String, String> field(HasMetadata object) {
    return switch (object) {
      // A value that is generated is read back; of the others only the labels can change.
      case Secret secret when isCredentials(secret) -> null;
      case PersistentVolumeClaim claim -> null;
      case ServiceAccount account -> null;
      case Secret secret ->
          Map.entry("/data/" + first(secret.getData()).replace("/", "~1"), "\"ZWRpdGVk\"");
      case ConfigMap map ->
          Map.entry("/data/" + first(map.getData()).replace("/", "~1"), "\"edited\"");
      default -> {
        assertThat(EDITS).as("an edit for each kind").containsKey(object.getKind());
        yield EDITS.get(object.getKind());
      }
    };
  }

  private static String first(Map<String, String> data) {
    return new TreeMap<>(data).firstKey();
  }

  /**
   * Every object is as another version of the operator would have left it: with a field that this
   * one does not plan, and with a hash that is not this one's. It writes them all, and that touches
   * no pod template: which templates there are {@code PodTemplatesTest} holds.
   */
  @Test
  @Order(3)
  void an_upgrade_of_the_operator_restarts_no_pod() {
    var objects = environment.objects();
    var pods = environment.pods();
    environment.stop();
    environment.owned().forEach(object -> asOfAnother(object, objects.get(Applier.key(object))));
    assertThat(Differences.between(objects, environment.objects()))
        .hasSizeGreaterThanOrEqualTo(objects.size());

    var operator = environment.operator();
    environment.converge();

    assertThat(operator.objectWrites()).hasSizeGreaterThanOrEqualTo(objects.size());
    assertThat(Differences.between(objects, environment.objects()))
        .as(environment::report)
        .isEmpty();
    assertThat(environment.pods()).isEqualTo(pods).isNotEmpty();
  }

  private static void asOfAnother(HasMetadata object, JsonNode plain) {
    var resource = JSON.convertValue(plain, GenericKubernetesResource.class);
    var metadata = resource.getMetadata();
    metadata.setOwnerReferences(object.getMetadata().getOwnerReferences());
    metadata.setFinalizers(List.of());
    metadata.getAnnotations().remove(FOREIGN);
    metadata.getLabels().remove(FOREIGN);
    metadata.getAnnotations().put(Labels.PLANNED_HASH, "another");
    metadata.getAnnotations().put("staging.scoliologic.ru/of-another-version", "true");
    environment
        .admin()
        .resource(resource)
        .fieldManager("staging-operator")
        .forceConflicts()
        .serverSideApply();
  }

  @Test
  @Order(4)
  void what_is_switched_off_goes_and_its_volume_stays() {
    var data = data();
    var spec = (ObjectNode) StubEnvironment.manifest().get("spec");
    ((ObjectNode) spec.at("/services/postgres")).remove("backup");
    ((ObjectNode) spec.at("/services/app")).remove(List.of("metrics", "migration", "volumes"));
    ((ObjectNode) spec.at("/services/monitoring/grafana")).put("enabled", false);
    ((ObjectNode) spec.at("/domains")).remove("grafana");
    ((ObjectNode) spec.at("/ingress")).remove("access");

    environment.spec(spec);
    environment.converge();

    var now = environment.objects();
    assertThat(now.keySet())
        .filteredOn(name -> name.contains("grafana") || name.contains("backup"))
        .allMatch(name -> name.startsWith("PersistentVolumeClaim/"));
    assertThat(now).doesNotContainKeys("CronJob/env-postgres-backup", "Service/env-app-metrics");
    assertThat(now.get("ConfigMap/env-prometheus").toString()).doesNotContain("job_name: app");
    assertThat(now.toString()).doesNotContain("/app/uploads");
    assertThat(data()).isEqualTo(data);

    environment.spec(StubEnvironment.manifest().get("spec"));
    environment.converge();
    assertThat(now.keySet()).isSubsetOf(environment.objects().keySet());
    assertThat(environment.objects().keySet()).isEqualTo(before.keySet());
    assertThat(data()).isEqualTo(data);
  }

  @Test
  @Order(5)
  void
      the_application_is_not_stopped_for_a_job_that_a_quota_refuses_and_is_for_one_that_is_taken() {
    // The trial is let through, what it stands for is not.
    int jobs =
        environment.admin().batch().v1().jobs().inNamespace("drift").list().getItems().size();
    var quota =
        environment
            .admin()
            .resource(
                new ResourceQuotaBuilder()
                    .withNewMetadata()
                    .withName("no-jobs")
                    .withNamespace("drift")
                    .endMetadata()
                    .withNewSpec()
                    .addToHard("count/jobs.batch", new Quantity(String.valueOf(jobs + 1)))
                    .endSpec()
                    .build());
    quota.create();
    await("the quota in force")
        .atMost(Staging.SOON)
        .until(() -> quota.get().getStatus().getHard() != null);
    var asked = new ConcurrentLinkedQueue<Integer>();
    try (var _ =
        environment
            .admin()
            .apps()
            .deployments()
            .inNamespace("drift")
            .withLabel(Labels.COMPONENT, "app")
            .watch(replicas(asked))) {
      var spec = (ObjectNode) StubEnvironment.manifest().get("spec");
      ((ObjectNode) spec.at("/services/postgres")).put("reset", "again");
      environment.spec(spec);
      awaitReset("Refused");

      var status = environment.resource().get().getStatus();
      assertThat(status.databaseTasks().getLast().message())
          .contains("nothing is stopped for it", "exceeded quota: no-jobs");
      assertThat(Staging.condition(environment.resource().get(), "Deployed"))
          .satisfies(deployed -> {
            assertThat(deployed.getReason()).isEqualTo("QuotaExceeded");
            assertThat(deployed.getMessage()).contains("Job/env-postgres-task-reset-");
          });
      assertThat(asked).as("replicas of the application so far").isNotEmpty().doesNotContain(0);

      quota.delete();
      awaitReset("Succeeded");
      environment.converge();
      assertThat(asked).as("replicas of the application").contains(0);
      assertThat(asked.stream().reduce((one, next) -> next)).contains(1);
    }
  }

  private static void awaitReset(String state) {
    await("the reset to be " + state)
        .atMost(Staging.LONG)
        .until(() -> {
          var tasks = environment.resource().get().getStatus().databaseTasks();
          return tasks != null
              && tasks.stream().anyMatch(t -> t.task().equals("Reset") && t.state().equals(state));
        });
  }

  @Test
  @Order(6)
  void a_job_that_the_server_finds_invalid_is_told_in_its_words_and_nothing_else_is_held_up() {
    var spec = (ObjectNode) StubEnvironment.manifest().get("spec");
    var postgres = (ObjectNode) spec.at("/services/postgres");
    postgres.put("reset", "once more");
    postgres
        .withObject("/tasks")
        .set(
            "resources",
            StubEnvironment.json(
                "{\"requests\":{\"memory\":\"2Gi\"},\"limits\":{\"memory\":\"1Gi\"}}"));
    ((ObjectNode) spec.at("/services/monitoring/prometheus")).put("retention", "16d");
    environment.spec(spec);
    awaitReset("Refused");

    var told = environment.resource().get();
    assertThat(Staging.condition(told, "Deployed"))
        .satisfies(deployed -> {
          assertThat(deployed.getReason()).isEqualTo("ObjectInvalid");
          assertThat(deployed.getMessage())
              .contains("Job/env-postgres-task-prepare-", "CronJob/env-postgres-backup: ")
              .contains("is invalid: spec.", "must be less than or equal to memory limit of 1Gi")
              .contains("correct the field of the spec that the value comes from");
        });
    assertThat(told.getStatus().databaseTasks().getLast().message())
        .contains("nothing is stopped for it", "memory limit of 1Gi");
    assertThat(Staging.has(told, "ConfigurationReady", "True", "ConfigurationReady")).isTrue();
    assertThat(environment.objects().get("Deployment/env-prometheus").toString()).contains("=16d");

    postgres.set("tasks", StubEnvironment.manifest().at("/spec/services/postgres/tasks"));
    environment.spec(spec);
    awaitReset("Succeeded");
    environment.converge();
  }

  @Test
  @Order(7)
  void what_fails_names_the_policy_that_denies_its_pods_what_they_send() {
    environment
        .admin()
        .resource(
            new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName("default-deny")
                .withNamespace("drift")
                .endMetadata()
                .withNewSpec()
                .withNewPodSelector()
                .endPodSelector()
                .withPolicyTypes("Egress")
                .endSpec()
                .build())
        .create();
    var denies = "NetworkPolicy default-deny of this namespace denies pods of %s all traffic out";
    StubApp.refuse(headers -> true);
    try {
      var spec = (ObjectNode) StubEnvironment.manifest().get("spec");
      ((ObjectNode) spec.at("/services/app")).put("image", "app:2");
      environment.spec(spec);

      var release = Staging.shared().awaitRelease("drift", "app:2", "Failed");
      assertThat(release.getStatus().message())
          .contains("found status 500", denies.formatted("app"));
      assertThat(Staging.condition(environment.resource().get(), "Validated").getMessage())
          .contains(denies.formatted("traefik, app"));
    } finally {
      StubApp.refuse(headers -> false);
    }
  }

  /** Notes every number of replicas that is asked for, of Deployments that are there too. */
  private static Watcher<Deployment> replicas(Queue<Integer> asked) {
    return new Watcher<>() {
      @Override
      public void eventReceived(Action action, Deployment deployment) {
        asked.add(deployment.getSpec().getReplicas());
      }

      @Override
      public void onClose(WatcherException cause) {
        throw new AssertionError("the watch broke off", cause);
      }
    };
  }
}

package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.notification.Outbox;
import ru.scoliologic.staging.postgres.TaskReport;
import ru.scoliologic.staging.reconcile.assess.DeploymentAssessment;
import ru.scoliologic.staging.reconcile.assess.GitopsAssessment;
import ru.scoliologic.staging.reconcile.assess.Readiness;
import ru.scoliologic.staging.reconcile.assess.RolloutOutcome;
import ru.scoliologic.staging.reconcile.check.CandidateChecker;
import ru.scoliologic.staging.reconcile.check.CheckTargets;
import ru.scoliologic.staging.reconcile.observe.ReferencedObjects;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.reconcile.publish.PassOutcome;
import ru.scoliologic.staging.reconcile.validate.SpecValidator;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Every optional part of a spec is taken away from an environment in which a commit serves and all
 * is in use, and put back. The schema says which parts there are.
 */
class TakenAwayTest {
  private static final Path CRD =
      Path.of("../crds/stagingenvironments.staging.scoliologic.ru-v1.yml");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final String COMMIT = "a".repeat(40);
  private static final String SERVING = Names.commitVersion(COMMIT, "c0ffee");
  private static final String DIGEST = "sha256:" + "0".repeat(64);
  private static final String IN_OWN_REGISTRY = "127.0.0.1:30123/app@" + DIGEST;

  /** Parts that the environment of this test does not use, and why. */
  private static final Set<String> UNUSED =
      Set.of(
          "services.app.health.command",
          "services.postgres.restore",
          "services.postgres.seed",
          "services.ollama.gpu",
          "ingress.acme.first",
          "ingress.shared",
          "gitops.build.engine.tls",
          "gitops.registry.external");

  /** Parts without which a spec is refused as a whole: all stays as it is. */
  private static final Set<String> NEEDED =
      Set.of(
          "domains.grafana",
          "domains.traefik",
          "ingress.acme",
          "ingress.acme.directory",
          "ingress.acme.server",
          "ingress.dashboardAuth");

  private static final JsonNode IN_FULL_USE = read();

  private static JsonNode inFullUse() {
    return IN_FULL_USE.deepCopy();
  }

  private static JsonNode read() {
    ObjectNode spec =
        (ObjectNode)
            JSON.valueToTree(YAML.unmarshal(Given.resource("/e2e/stub.yaml"), Map.class))
                .get("spec");
    var more = Given.resource("/e2e/in-full-use.yaml");
    JSON.valueToTree(YAML.unmarshal(more, Map.class))
        .properties()
        .forEach(part -> merge(spec, part.getKey(), part.getValue()));
    return spec;
  }

  private static void merge(ObjectNode into, String field, JsonNode value) {
    if (value instanceof ObjectNode object && into.get(field) instanceof ObjectNode there) {
      object.properties().forEach(part -> merge(there, part.getKey(), part.getValue()));
    } else {
      into.set(field, value);
    }
  }

  private static JSONSchemaProps schema() {
    try {
      return YAML.unmarshal(Files.readString(CRD), CustomResourceDefinition.class)
          .getSpec()
          .getVersions()
          .getFirst()
          .getSchema()
          .getOpenAPIV3Schema()
          .getProperties()
          .get("spec");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Every optional property with what is below it; a list stands for its first item. */
  private static void optional(
      JSONSchemaProps schema, String path, JsonNode present, Map<String, Boolean> found) {
    if (schema.getProperties() == null || "resources".equals(last(path))) {
      return;
    }
    schema
        .getProperties()
        .forEach((name, property) -> {
          var field = path.isEmpty() ? name : path + "." + name;
          var value = present.get(name);
          boolean used = value != null && (!value.isEmpty() || value.isValueNode());
          boolean isPart =
              (property.getProperties() != null && !property.getProperties().isEmpty())
                  || "array".equals(property.getType());
          if (!schema.getRequired().contains(name) && (used || isPart)) {
            found.put(field, used);
          }
          if (used && value.isObject()) {
            optional(property, field, value, found);
          }
        });
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  private static Map<String, Boolean> optional() {
    var found = new TreeMap<String, Boolean>();
    optional(schema(), "", inFullUse(), found);
    return found;
  }

  private static JsonNode without(String field) {
    JsonNode spec = inFullUse();
    JsonNode at = spec;
    var parts = field.split("[.]");
    for (var part : List.of(parts).subList(0, parts.length - 1)) {
      at = at.get(part);
    }
    ((ObjectNode) at).remove(parts[parts.length - 1]);
    return spec;
  }

  private static Given given(JsonNode spec, List<HasMetadata> owned) {
    return Given.aGoodStart()
        .configMap("given", Map.of("ca.pem", authority(), "init.sql", "SELECT 1;"))
        .secret(
            "given",
            Map.of(
                "ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", Given.DASHBOARD_USER, "token", "t"))
        .edited(demo -> {
          ObjectNode manifest = JSON.valueToTree(YAML.unmarshal(demo, Map.class));
          return manifest.set("spec", spec).toString();
        })
        .owning(release())
        .owning(owned.toArray(HasMetadata[]::new));
  }

  private static String authority() {
    var golden = Given.resource("/golden/all-overrides/in.yaml");
    var end = "-----END CERTIFICATE-----\n";
    return golden
        .substring(golden.indexOf("-----BEGIN"), golden.indexOf(end) + end.length())
        .replace("    ", "");
  }

  private static StagingRelease release() {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder()
            .withName("demo-" + SERVING)
            .withNamespace("team")
            .withGeneration(1L)
            .withCreationTimestamp(Given.NOW.minusSeconds(999).toString())
            .build());
    release.setSpec(
        new StagingReleaseSpec(
            "demo",
            null,
            new StagingReleaseSpec.Commit(COMMIT, "main", "A. Author", "a change", null),
            "c0ffee",
            null,
            null,
            null,
            null,
            List.of()));
    release.setStatus(
        new StagingReleaseStatus(
            1L,
            "Serving",
            null,
            List.of(
                new ConditionBuilder().withType(ReleaseLedger.VERIFIED).withStatus("True").build(),
                new ConditionBuilder()
                    .withType(ReleaseLedger.ROLLED_OUT)
                    .withStatus("True")
                    .build()),
            Timings.NONE,
            null,
            null,
            null,
            true,
            null,
            IN_OWN_REGISTRY,
            new BuildStatus(BuildState.Built, null, null, DIGEST, 1, null, null, null, null, null),
            null,
            null));
    return release;
  }

  private record Passed(Snapshot snapshot, Plan plan, StagingReleaseStatus ofRelease) {
    List<HasMetadata> objects() {
      return plan.objects().stream()
          .map(PlannedObject::object)
          .map(TakenAwayTest::asTheClusterShowsIt)
          .toList();
    }

    Map<String, String> hashes() {
      var hashes = new TreeMap<String, String>();
      plan.objects()
          .forEach(planned -> hashes.put(Applier.key(planned.object()), Hash.of(planned.object())));
      return hashes;
    }
  }

  /** All of a pass that is pure. */
  private static Passed pass(JsonNode spec, List<HasMetadata> owned) {
    var snapshot = given(spec, owned).snapshot();
    var environment = snapshot.environment();
    assertThat(SpecValidator.problems(environment)).isEmpty();
    assertThat(ReferencedObjects.secrets(environment)).contains("given");
    assertThat(ReferencedObjects.configMaps(environment)).isNotNull();
    var settings = Configuration.resolve(snapshot);
    var plan = Plan.of(snapshot, settings, Checks.PASSED);
    var components = DeploymentAssessment.components(snapshot, plan);
    var results = new EnumMap<Stage, StageResult>(Stage.class);
    results.put(Stage.INFRASTRUCTURE, Infrastructure.assess(snapshot, plan.all()));
    results.put(Stage.CONFIGURATION, settings.result());
    results.put(Stage.DEPLOYMENT, DeploymentAssessment.deployment(components, snapshot, plan));
    if (environment.followsBranch()) {
      results.put(Stage.GITOPS, GitopsAssessment.assess(snapshot, plan));
    }
    CheckTargets.ingress(snapshot, settings, "192.0.2.1");
    var versions =
        new RolloutOutcome(
            snapshot,
            plan,
            plan.forecast(),
            new RolloutOutcome.States(
                DeploymentAssessment.candidate(snapshot, plan, CandidateChecker.Look.NOTHING),
                DeploymentAssessment.serving(snapshot, plan)),
            Optional.empty(),
            List.of());
    var released = ReleaseLedger.of(snapshot, versions.facts());
    assertThat(ReleaseLedger.surplus(snapshot, versions.facts())).isEmpty();
    released.forEach(release ->
        Outbox.carry(
            environment, release().getStatus(), release, released, Map.of(), snapshot.now()));
    var status =
        new PassOutcome(
                results,
                Readiness.of(results, Optional.empty(), List.of(), "app.stub.test"),
                Optional.of(versions),
                components,
                settings.masking(),
                Optional.of(
                    new PassOutcome.Records(
                        Optional.of(
                            TaskReport.of(
                                snapshot, plan.databaseTasks(), List.of(), settings.masking())),
                        Optional.empty(),
                        Optional.empty(),
                        settings.rotations(),
                        false)))
            .status(environment, null, Clock.fixed(Given.NOW, ZoneOffset.UTC));
    assertThat(status.conditions()).isNotEmpty();
    return new Passed(
        snapshot,
        plan,
        released.stream()
            .filter(release -> release.getMetadata().getName().equals("demo-" + SERVING))
            .findFirst()
            .orElseThrow()
            .getStatus());
  }

  /** As available, with what the API server adds to a registry's Service and to a claim. */
  private static HasMetadata asTheClusterShowsIt(HasMetadata planned) {
    return switch (planned) {
      case Service service when service.getMetadata().getName().equals("demo-registry") ->
          registry(service);
      case PersistentVolumeClaim claim ->
          FakeCluster.available(
              new PersistentVolumeClaimBuilder(claim)
                  .editMetadata()
                  .withManagedFields(applied("storageClassName"))
                  .endMetadata()
                  .build());
      default -> FakeCluster.available(planned);
    };
  }

  private static ManagedFieldsEntry applied(String field) {
    var fields = new FieldsV1();
    fields.setAdditionalProperty("f:spec", Map.of("f:" + field, Map.of()));
    return new ManagedFieldsEntryBuilder()
        .withManager("staging-operator")
        .withOperation("Apply")
        .withFieldsV1(fields)
        .build();
  }

  private static Service registry(Service planned) {
    return new ServiceBuilder(planned)
        .editSpec()
        .editFirstPort()
        .withNodePort(30123)
        .endPort()
        .endSpec()
        .build();
  }

  private static Service serving(String version) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-app")
        .addToAnnotations(Labels.SWITCHED_AT, Given.NOW.minusSeconds(999).toString())
        .addToAnnotations(Labels.SERVING, version)
        .endMetadata()
        .withNewSpec()
        .withSelector(Map.of(Labels.VERSION, version))
        .endSpec()
        .build();
  }

  /** The commit serves, and everything that the spec asks for is there. */
  private static Passed inUse() {
    var spec = inFullUse();
    var registry =
        new ServiceBuilder()
            .withNewMetadata()
            .withName("demo-registry")
            .endMetadata()
            .withNewSpec()
            .addNewPort()
            .withPort(5000)
            .endPort()
            .endSpec()
            .build();
    var begun = pass(spec, List.of(serving(SERVING), registry(registry)));
    var there = pass(spec, begun.objects());
    return pass(spec, there.objects());
  }

  private static Set<String> classes(Plan plan) {
    return plan.objects().stream()
        .map(PlannedObject::object)
        .filter(PersistentVolumeClaim.class::isInstance)
        .map(PersistentVolumeClaim.class::cast)
        .map(
            claim -> claim.getMetadata().getName() + " of " + claim.getSpec().getStorageClassName())
        .collect(Collectors.toSet());
  }

  private static boolean goes(HasMetadata object) {
    return !(object instanceof PersistentVolumeClaim || object instanceof StatefulSet);
  }

  @TestFactory
  Stream<DynamicTest> a_part_that_is_taken_away_and_put_back_costs_nothing() {
    var before = inUse();
    var objects = before.objects();
    return optional().entrySet().stream()
        .filter(field -> field.getValue() && !NEEDED.contains(field.getKey()))
        .map(field ->
            DynamicTest.dynamicTest(
                field.getKey(), () -> staysAsItIs(without(field.getKey()), before, objects)));
  }

  private static Plan plan(JsonNode spec, List<HasMetadata> owned) {
    var snapshot = given(spec, owned).snapshot();
    return Plan.of(snapshot, Configuration.resolve(snapshot));
  }

  private static void staysAsItIs(JsonNode spec, Passed before, List<HasMetadata> objects) {
    var after = pass(spec, objects);

    assertThat(after.plan().rollout().serving().id()).isEqualTo(SERVING);
    assertThat(after.plan().rollout().serving().image()).isEqualTo(IN_OWN_REGISTRY);
    assertThat(after.ofRelease().state()).isEqualTo("Serving");
    assertThat(after.ofRelease().image()).isEqualTo(IN_OWN_REGISTRY);
    assertThat(after.plan().keys())
        .as("what serves, and where its image is pulled from")
        .contains(
            "Deployment/demo-app-" + SERVING,
            "Service/demo-app",
            "Deployment/demo-registry",
            "Service/demo-registry",
            "Secret/demo-registry-pull");
    assertThat(classes(after.plan()))
        .as("no volume changes its class")
        .isSubsetOf(classes(before.plan()));
    var orphans = new HashSet<>(before.plan().keys());
    orphans.removeAll(after.plan().keys());
    objects.stream().filter(TakenAwayTest::goes).map(Applier::key).forEach(orphans::remove);
    orphans.removeIf(key -> key.startsWith("PersistentVolumeClaim/"));
    assertThat(orphans).as("left, though nothing prunes it").isEmpty();

    var left = new ArrayList<>(after.objects());
    objects.stream()
        .filter(object -> !goes(object))
        .filter(object -> !after.plan().keys().contains(Applier.key(object)))
        .forEach(left::add);
    var back = pass(inFullUse(), left);
    var again = pass(inFullUse(), back.objects());
    var differs = new TreeSet<>(again.hashes().entrySet().stream().map(Object::toString).toList());
    before.hashes().entrySet().stream().map(Object::toString).toList().stream()
        .filter(entry -> !differs.remove(entry))
        .map(entry -> entry + " before")
        .toList()
        .forEach(differs::add);
    assertThat(differs).isEmpty();
  }

  @Test
  void every_part_of_the_schema_is_in_use_but_the_listed_ones() {
    var unused = new TreeSet<String>();
    optional()
        .forEach((field, used) -> {
          if (!used) {
            unused.add(field);
          }
        });

    assertThat(unused).isEqualTo(new TreeSet<>(UNUSED));
  }

  @Test
  void without_what_it_needs_a_spec_is_refused_and_says_why() {
    assertThat(NEEDED)
        .allSatisfy(field ->
            assertThat(
                    SpecValidator.problems(
                        given(without(field), List.of()).snapshot().environment()))
                .isNotEmpty());
  }

  /** Behind a controller of the cluster's, and back behind its own. */
  @Test
  void another_ingress_and_back_costs_nothing() {
    var before = inUse();
    JsonNode shared = inFullUse();
    ((ObjectNode) shared)
        .set(
            "ingress",
            JSON.valueToTree(Map.of("mode", "Shared", "shared", Map.of("className", "stub"))));
    ((ObjectNode) shared.get("domains")).remove("traefik");

    staysAsItIs(shared, before, before.objects());
  }

  /** What was pushed into the environment's registry stays there. */
  @Test
  void another_registry_and_back_costs_nothing() {
    var before = inUse();
    JsonNode external = inFullUse();
    ((ObjectNode) external.at("/gitops/registry"))
        .set(
            "external",
            JSON.valueToTree(
                Map.of(
                    "repository", "r.stub.test/team/app", "credentials", Map.of("name", "given"))));

    staysAsItIs(external, before, before.objects());
  }

  @Test
  void once_no_version_of_it_runs_any_more_the_registry_goes_and_its_volume_stays() {
    var objects = new ArrayList<>(inUse().objects());
    objects.removeIf(object ->
        (object.getMetadata().getName().equals("demo-app") && object instanceof Service)
            || object.getMetadata().getName().equals("demo-app-" + SERVING));
    var image = AppVersion.ofImage("app:1");
    objects.add(serving(image.id()));

    var keys = plan(without("gitops"), objects).keys();

    assertThat(keys).noneMatch(key -> key.contains("demo-registry"));
    assertThat(keys).contains("Deployment/demo-app-" + image.id());
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.gitops.GitopsResources;
import ru.scoliologic.staging.stage.Stage;

/** What an agent may do, by an account with the Role that the operator makes for it. */
class AgentRightsIT {
  private static final String NAMESPACE = "agent-rights";
  private static final String AGENT = "demo-gitops-agent";
  private static final String STATE = "demo-gitops-agent-state";
  private static final String OWN = "demo-own";
  private static final String FOREIGN = "other-foreign";
  private static final Set<String> RIGHTS =
      Set.of("ServiceAccount", "Role", "RoleBinding", "ConfigMap");
  private static final PatchContext MERGE =
      new PatchContext.Builder().withPatchType(PatchType.JSON_MERGE).build();

  private static Staging staging;
  private static KubernetesClient agent;
  private static KubernetesClient operator;

  /** The operator itself makes the Role: the API server lets nobody give what he does not have. */
  @BeforeAll
  static void an_agents_account_made_with_the_operators_rights() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    operator = staging.cluster().as(Staging.OPERATOR, Staging.OPERATOR);
    var snapshot =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace("namespace: team", "namespace: " + NAMESPACE)
                    + "  gitops: {repository: 'https://git.example.org/a'}\n")
            .snapshot();
    GitopsResources.plan(snapshot, Stage.DEPLOYMENT, true).stream()
        .map(PlannedObject::object)
        .filter(object -> RIGHTS.contains(object.getKind()))
        .forEach(AgentRightsIT::make);
    agent = staging.cluster().as(NAMESPACE, AGENT);
    for (var name : List.of(OWN, FOREIGN)) {
      staging.admin().resource(release(name, ofCommit(name.split("-", 2)[0]))).create();
    }
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("demo-git")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .build())
        .create();
    // A policy is in force a moment after it was applied.
    Awaitility.await("the admission policy in force")
        .atMost(Staging.SOON)
        .untilAsserted(() -> refused(() -> patch(agent, OWN, "{\"retry\":\"x\"}"), "an agent"));
  }

  private static void make(HasMetadata object) {
    // There is no environment: an owner that nobody finds would have them collected.
    object.getMetadata().setOwnerReferences(List.of());
    operator.resource(object).create();
  }

  @AfterAll
  static void all_is_removed() {
    staging.remove(NAMESPACE);
  }

  private static StagingReleaseSpec ofCommit(String environment) {
    return new StagingReleaseSpec(
        environment, null, commit(), "0a1b2c3d", null, null, null, null, List.of());
  }

  private static StagingReleaseSpec.Commit commit() {
    return new StagingReleaseSpec.Commit(
        "0123456789abcdef0123456789abcdef01234567", "main", "Ada", "A change", null);
  }

  private static StagingRelease release(String name, StagingReleaseSpec spec) {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .withNamespace(NAMESPACE)
            .addToLabels(Labels.ENVIRONMENT, spec.environment())
            .build());
    release.setSpec(spec);
    return release;
  }

  private static void patch(KubernetesClient client, String name, String spec) {
    client
        .resources(StagingRelease.class)
        .inNamespace(NAMESPACE)
        .withName(name)
        .patch(MERGE, "{\"spec\":%s}".formatted(spec));
  }

  private static void patchStatus(KubernetesClient client, String name, String status) {
    client
        .resources(StagingRelease.class)
        .inNamespace(NAMESPACE)
        .withName(name)
        .subresource("status")
        .patch(MERGE, "{\"status\":%s}".formatted(status));
  }

  private static void refused(ThrowingCallable action, String words) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(403))
        .hasMessageContaining(words);
  }

  @Test
  void it_makes_a_release_of_its_environment_says_how_the_build_fares_and_watches_releases() {
    assertThatCode(
            () -> {
              agent.resource(release("demo-new", ofCommit("demo"))).create();
              patchStatus(agent, "demo-new", "{\"build\":{\"state\":\"Building\",\"attempt\":1}}");
              patchStatus(
                  agent, "demo-new", "{\"build\":{\"state\":\"Built\",\"digest\":\"sha256:0\"}}");
              agent.resources(StagingRelease.class).inNamespace(NAMESPACE).list();
            })
        .doesNotThrowAnyException();
  }

  @Test
  void it_makes_no_release_of_another_environment() {
    refused(
        () -> agent.resource(release("other-new", ofCommit("other"))).create(),
        "is the agent of another environment than other");
  }

  @Test
  void it_makes_no_release_that_another_environment_would_take_for_its_own() {
    var mislabelled = release("demo-label", ofCommit("demo"));
    mislabelled.getMetadata().getLabels().put(Labels.ENVIRONMENT, "other");
    var unlabelled = release("demo-none", ofCommit("demo"));
    unlabelled.getMetadata().setLabels(null);
    for (var release : List.of(mislabelled, unlabelled, release("other-name", ofCommit("demo")))) {
      refused(
          () -> agent.resource(release).create(),
          "carries the name of its environment in its own name and in its label");
    }
    refused(
        () ->
            agent
                .resources(StagingRelease.class)
                .inNamespace(NAMESPACE)
                .withName(OWN)
                .patch(
                    MERGE,
                    "{\"metadata\":{\"labels\":{\"%s\":\"other\"}}}".formatted(Labels.ENVIRONMENT)),
        "carries the name of its environment");
  }

  @Test
  void a_release_of_a_commit_says_a_hash_of_what_it_was_built_with() {
    var spec =
        new StagingReleaseSpec("demo", null, commit(), "x", null, null, null, null, List.of());

    assertThatThrownBy(() -> staging.admin().resource(release("demo-x", spec)).create())
        .hasMessageContaining("buildHash is not a hash");
  }

  @Test
  void it_makes_no_release_of_an_image() {
    refused(
        () ->
            agent
                .resource(release("demo-image", StagingReleaseSpec.ofImage("demo", "evil:1")))
                .create(),
        "an agent makes releases of commits only");
  }

  @Test
  void it_makes_no_release_without_saying_what_it_was_built_with() {
    var spec =
        new StagingReleaseSpec("demo", null, commit(), null, null, null, null, null, List.of());
    refused(
        () -> agent.resource(release("demo-bare", spec)).create(),
        "an agent makes releases of commits only");
  }

  @Test
  void it_makes_no_release_that_is_approved() {
    var spec =
        new StagingReleaseSpec(
            "demo", null, commit(), "0a1b2c3d", true, null, null, null, List.of());
    refused(
        () -> agent.resource(release("demo-approved", spec)).create(), "an agent decides nothing");
  }

  @Test
  void it_makes_no_release_that_is_to_serve() {
    var spec =
        new StagingReleaseSpec(
            "demo", null, commit(), "0a1b2c3d", null, null, "now", null, List.of());
    refused(() -> agent.resource(release("demo-serve", spec)).create(), "an agent decides nothing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"approved\":true}",
        "{\"retry\":\"1\"}",
        "{\"serve\":\"1\"}",
        "{\"revalidate\":\"1\"}",
        "{\"verdicts\":[{\"check\":\"a\",\"verdict\":\"Passed\"}]}"
      })
  void it_decides_nothing_about_a_release_that_is_there(String spec) {
    refused(() -> patch(agent, OWN, spec), "an agent does not change the spec of a release");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"state\":\"Serving\"}",
        "{\"message\":\"all well\"}",
        "{\"observedGeneration\":7}",
        "{\"image\":\"evil:1\"}",
        "{\"migrated\":true}",
        "{\"failedWith\":\"x\"}",
        "{\"handled\":{\"retry\":\"1\"}}",
        "{\"timings\":{\"verified\":\"2026-01-01T00:00:00Z\"}}",
        "{\"conditions\":[{\"type\":\"Verified\",\"status\":\"True\",\"reason\":\"R\",\"message\":\"\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]}",
        "{\"build\":{\"state\":\"Built\"},\"state\":\"Verified\"}"
      })
  void of_the_status_it_writes_nothing_but_the_build(String status) {
    refused(() -> patchStatus(agent, OWN, status), "an agent writes build, and nothing else");
  }

  @Test
  void it_leaves_another_environments_releases_alone() {
    refused(
        () -> patchStatus(agent, FOREIGN, "{\"build\":{\"state\":\"Failed\"}}"),
        "is the agent of another environment");
    refused(
        () ->
            agent
                .resources(StagingRelease.class)
                .inNamespace(NAMESPACE)
                .withName(FOREIGN)
                .patch(MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"),
        "is the agent of another environment");
  }

  @Test
  void it_deletes_no_release() {
    refused(
        () -> agent.resources(StagingRelease.class).inNamespace(NAMESPACE).withName(OWN).delete(),
        "cannot delete");
  }

  @Test
  void it_writes_its_own_config_map_and_reads_no_other() {
    assertThatCode(() ->
            agent
                .configMaps()
                .inNamespace(NAMESPACE)
                .withName(STATE)
                .patch(MERGE, "{\"data\":{\"reason\":\"Following\"}}"))
        .doesNotThrowAnyException();
    refused(
        () -> agent.configMaps().inNamespace(NAMESPACE).withName("demo-gitops-agent-config").get(),
        "cannot get");
    refused(() -> agent.configMaps().inNamespace(NAMESPACE).list(), "cannot list");
    refused(
        () ->
            agent
                .resource(
                    new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("more")
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .build())
                .create(),
        "cannot create");
  }

  @Test
  void it_reads_no_secret_not_even_the_one_that_is_mounted() {
    refused(() -> agent.secrets().inNamespace(NAMESPACE).withName("demo-git").get(), "cannot get");
    refused(() -> agent.secrets().inNamespace(NAMESPACE).list(), "cannot list");
  }

  @Test
  void it_touches_no_workload_and_no_environment() {
    refused(() -> agent.pods().inNamespace(NAMESPACE).list(), "cannot list");
    refused(() -> agent.apps().deployments().inNamespace(NAMESPACE).list(), "cannot list");
    refused(() -> agent.services().inNamespace(NAMESPACE).list(), "cannot list");
    refused(
        () -> agent.resources(StagingEnvironment.class).inNamespace(NAMESPACE).list(),
        "cannot list");
    refused(
        () -> agent.resources(StagingRelease.class).inNamespace("default").list(), "cannot list");
  }

  @Test
  void nobody_else_writes_what_is_the_agents() {
    patchStatus(agent, OWN, "{\"build\":{\"state\":\"Built\",\"digest\":\"sha256:1\"}}");
    for (var client : List.of(staging.admin(), operator)) {
      refused(
          () -> patchStatus(client, OWN, "{\"build\":{\"digest\":\"sha256:2\"}}"),
          "status.build of a release is written by the environment's agent, and by nobody else");
      refused(() -> patchStatus(client, OWN, "{\"build\":null}"), "and by nobody else");
    }
    assertThatCode(() -> patchStatus(operator, OWN, "{\"state\":\"Building\"}"))
        .doesNotThrowAnyException();
  }
}

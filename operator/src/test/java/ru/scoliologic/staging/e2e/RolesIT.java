package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;

/** What each role of a staging plan may do, by accounts that have that role and no other. */
class RolesIT {
  private static final String NAMESPACE = "roles";
  private static final String ENVIRONMENT = "env";
  private static final String RELEASE = "env-release";
  private static final PatchContext MERGE =
      new PatchContext.Builder().withPatchType(PatchType.JSON_MERGE).build();
  private static Staging staging;

  @BeforeAll
  static void an_environment_that_rests_and_an_account_of_each_role() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging
        .admin()
        .resource(
            Staging.read(
                "environment.yaml",
                Map.of("spec:\n", "spec:\n  suspend: true\n", ".bad.", ".roles.")))
        .inNamespace(NAMESPACE)
        .create();
    var release = new StagingRelease();
    release.setMetadata(new ObjectMetaBuilder().withName(RELEASE).withNamespace(NAMESPACE).build());
    release.setSpec(StagingReleaseSpec.ofImage(ENVIRONMENT, "sample-app:1"));
    staging.admin().resource(release).create();
    for (var role : List.of("devops", "developer", "qa")) {
      staging
          .admin()
          .resource(
              new ServiceAccountBuilder()
                  .withNewMetadata()
                  .withName(role)
                  .withNamespace(NAMESPACE)
                  .endMetadata()
                  .build())
          .create();
      staging
          .admin()
          .resource(
              new RoleBindingBuilder()
                  .withNewMetadata()
                  .withName(role)
                  .withNamespace(NAMESPACE)
                  .endMetadata()
                  .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "staging-" + role)
                  .addNewSubject()
                  .withKind("ServiceAccount")
                  .withName(role)
                  .withNamespace(NAMESPACE)
                  .endSubject()
                  .build())
          .create();
    }
  }

  @AfterAll
  static void they_are_removed() {
    staging.remove(NAMESPACE);
  }

  private static KubernetesClient as(String role) {
    return staging.cluster().as(NAMESPACE, role);
  }

  private static void patchRelease(String role, String spec) {
    as(role)
        .resources(StagingRelease.class)
        .inNamespace(NAMESPACE)
        .withName(RELEASE)
        .patch(MERGE, "{\"spec\":%s}".formatted(spec));
  }

  private static void patchEnvironment(String role) {
    as(role)
        .resources(StagingEnvironment.class)
        .inNamespace(NAMESPACE)
        .withName(ENVIRONMENT)
        .patch(MERGE, "{\"spec\":{\"services\":{\"app\":{\"image\":\"sample-app:2\"}}}}");
  }

  private static void isForbidden(ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(403));
  }

  @Test
  void devops_changes_the_environment_and_keeps_its_secrets() {
    assertThatCode(() -> patchEnvironment("devops")).doesNotThrowAnyException();
    assertThatCode(() -> as("devops").secrets().inNamespace(NAMESPACE).list())
        .doesNotThrowAnyException();
  }

  @Test
  void a_developer_asks_for_a_retry_and_reads_pods() {
    assertThatCode(() -> patchRelease("developer", "{\"retry\":\"again\"}"))
        .doesNotThrowAnyException();
    assertThatCode(() -> as("developer").pods().inNamespace(NAMESPACE).list())
        .doesNotThrowAnyException();
  }

  @Test
  void qa_records_a_verdict() {
    assertThatCode(() ->
            patchRelease(
                "qa",
                "{\"verdicts\":[{\"check\":\"sign-in\",\"verdict\":\"Passed\",\"by\":\"qa\"}]}"))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"developer", "qa"})
  void only_devops_changes_the_environment_or_reads_secrets(String role) {
    assertThatCode(() ->
            as(role)
                .resources(StagingEnvironment.class)
                .inNamespace(NAMESPACE)
                .withName(ENVIRONMENT)
                .get())
        .doesNotThrowAnyException();
    isForbidden(() -> patchEnvironment(role));
    isForbidden(() -> as(role).secrets().inNamespace(NAMESPACE).list());
    isForbidden(() -> as(role).configMaps().inNamespace(NAMESPACE).list());
    isForbidden(() ->
        as(role).resources(StagingRelease.class).inNamespace(NAMESPACE).withName(RELEASE).delete());
  }

  @Test
  void qa_does_not_read_logs_of_pods() {
    isForbidden(() -> as("qa").pods().inNamespace(NAMESPACE).list());
  }

  @ParameterizedTest
  @ValueSource(strings = {"environment", "image"})
  void nobody_makes_a_release_stand_for_another_version(String field) {
    assertThatThrownBy(() -> patchRelease("devops", "{\"%s\":\"other\"}".formatted(field)))
        .hasMessageContaining("a release stands for one version");
  }
}

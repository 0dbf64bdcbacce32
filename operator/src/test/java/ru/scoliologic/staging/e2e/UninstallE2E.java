package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operator as it ships is removed in any order; nothing is stuck, and it can come back. */
class UninstallE2E {
  private static final String NAMESPACE = "uninstall";

  private static StubEnvironment environment;
  private static Staging staging;

  @BeforeAll
  static void a_place() {
    staging = Staging.shared();
    environment = new StubEnvironment(NAMESPACE);
  }

  @AfterAll
  static void all_is_as_it_was() {
    if (environment != null) {
      staging.install();
      environment.close();
    }
  }

  /** An operator that was removed by another test comes back here: that it works is a test, too. */
  @BeforeEach
  void an_environment_that_runs() {
    staging.install();
    environment.leaveToTheShippedOne();
    environment.furnish();
    environment.create();
    environment.awaitDeployed();
  }

  @Test
  void the_operator_first_leaves_all_running_and_nothing_stuck() {
    var pods = environment.pods();

    staging
        .cluster()
        .kubectl("-n", Staging.OPERATOR, "delete", "deployment/" + Staging.OPERATOR, "--wait=true");
    await("the operator's pods to be gone")
        .atMost(Staging.SOON)
        .until(
            () -> staging.admin().pods().inNamespace(Staging.OPERATOR).list().getItems().isEmpty());

    assertThat(environment.pods()).isEqualTo(pods);
    environment.delete();
    assertThat(environment.retained()).isEmpty();
  }

  @Test
  void the_kinds_first_take_all_environments_along() {
    staging
        .cluster()
        .kubectl(
            "delete",
            "crd",
            "stagingenvironments.staging.scoliologic.ru",
            "stagingreleases.staging.scoliologic.ru",
            "--timeout=180s");

    environment.awaitDeletion();
    assertThat(environment.retained()).isEmpty();
  }

  @Test
  void the_namespace_first_goes_with_all_that_is_in_it() {
    staging.cluster().kubectl("delete", "namespace", NAMESPACE, "--timeout=300s");

    assertThat(staging.admin().namespaces().withName(NAMESPACE).get()).isNull();
    assertThat(environment.retained()).isEmpty();
  }
}

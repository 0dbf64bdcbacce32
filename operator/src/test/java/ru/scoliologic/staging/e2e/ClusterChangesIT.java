package ru.scoliologic.staging.e2e;

import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.StagingEnvironment;

/** What a cluster gets while an environment waits for it. */
class ClusterChangesIT {
  private static final String NAMESPACE = "cluster-changes";
  private static final String LATE = "late";
  private static final String DEVICE = "staging.test/device";

  /** The next retry has to be farther away than mending and noticing take at most. */
  private static final Duration RETRY = Duration.ofSeconds(18);

  private static final Duration AT_ONCE = Duration.ofSeconds(10);

  private Staging staging;

  @BeforeEach
  void an_environment_that_lacks_two_classes_and_room() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    defaultClass(false);
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                "changes.staging.test",
                "postgres: {storage: 1Gi}",
                "postgres: {storage: 1Gi, storageClassName: late}",
                "      image: sample-app:1\n",
                """
                      image: sample-app:1
                      resources: {requests: {staging.test/device: 1}, limits: {staging.test/device: 1}}
                """));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
  }

  @AfterEach
  void the_cluster_is_as_before() {
    defaultClass(true);
    staging.admin().storage().v1().storageClasses().withName(LATE).delete();
    devices(null);
    staging.remove(NAMESPACE);
  }

  private void defaultClass(boolean isDefault) {
    staging
        .cluster()
        .kubectl(
            "annotate",
            "storageclass",
            "local-path",
            "--overwrite",
            "storageclass.kubernetes.io/is-default-class=" + isDefault);
  }

  private void late() {
    staging
        .admin()
        .resource(
            new StorageClassBuilder()
                .withNewMetadata()
                .withName(LATE)
                .endMetadata()
                .withProvisioner("rancher.io/local-path")
                .build())
        .create();
  }

  /** The number of devices of the node, as its driver would tell it; null for no driver. */
  private void devices(Integer number) {
    var amounts = "{\"%s\":%s}".formatted(DEVICE, number == null ? null : "\"" + number + "\"");
    staging
        .cluster()
        .kubectl(
            "patch",
            "node",
            staging.admin().nodes().list().getItems().getFirst().getMetadata().getName(),
            "--subresource=status",
            "--type=merge",
            "-p",
            "{\"status\":{\"capacity\":%1$s,\"allocatable\":%1$s}}".formatted(amounts));
  }

  private static String said(StagingEnvironment environment) {
    var condition = Staging.condition(environment, "InfrastructureReady");
    return condition == null ? "" : condition.getMessage();
  }

  private void isNoticed(String lack, Runnable mending) {
    staging.await(
        NAMESPACE,
        "env",
        "a distant retry because " + lack,
        Staging.SOON,
        e ->
            said(e).contains(lack)
                && e.getStatus().nextRetry() != null
                && Instant.parse(e.getStatus().nextRetry()).isAfter(Instant.now().plus(RETRY)));

    mending.run();

    staging.await(
        NAMESPACE, "env", "not to say any more: " + lack, AT_ONCE, e -> !said(e).contains(lack));
  }

  @Test
  void a_class_that_is_made_one_that_becomes_the_default_and_room_on_a_node_are_noticed() {
    isNoticed("storage class late does not exist", this::late);
    isNoticed("no storage class is marked as the default", () -> defaultClass(true));
    isNoticed(DEVICE + ": found 0 free, needed 1", () -> devices(1));
  }
}

package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.throwaway.GitRepository;
import ru.scoliologic.staging.throwaway.GitServer;

/**
 * An environment that the real Argo CD keeps as Git has it, in its default settings, step after
 * step. Part of {@code make gitops} alone.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WithArgoCd {
  private static final String PROGRESSING = "Progressing";
  private static final String HEALTHY = "Healthy";
  private static final String DEGRADED = "Degraded";
  private static final String ORPHANS = "OrphanedResourceWarning";

  @TempDir private static Path folder;
  private static Staging staging;
  private static GitRepository git;
  private static SyncedEnvironment environment;
  private static ArgoCd argo;
  private static String commit;
  private static Map<String, String> data;

  @BeforeAll
  static void argo_cd_is_installed() {
    staging = Staging.shared();
    var server = staging.cluster().git();
    git = GitRepository.at(folder, server.urlFromHere(), GitServer.USER, server.token());
    environment = new SyncedEnvironment(staging, git);
    argo = ArgoCd.install(staging);
  }

  @AfterAll
  static void all_is_removed() {
    argo.delete();
    staging.remove(SyncedEnvironment.NAMESPACE);
    staging.remove(ArgoCd.NAMESPACE);
  }

  private static void push(String hash) {
    git.push(hash, "main");
    commit = hash;
    if (argo.application().get() != null) {
      argo.refresh();
    }
  }

  private static void awaitSynced(String health) throws Exception {
    environment.await(
        "the Application Synced and %s at %s".formatted(health, commit),
        Staging.LONG,
        () -> argo.is(commit, health),
        argo::account);
  }

  /** At the first look at which Argo CD says Healthy. */
  private static void awaitHealthyWith(String image) throws Exception {
    awaitSynced(HEALTHY);
    environment.isReadyWith(image);
  }

  @Test
  @Order(10)
  void an_environment_that_waits_for_a_secret_is_progressing_and_healthy_when_it_came()
      throws Exception {
    push(environment.addEnvironment());
    argo.apply();

    staging.awaitReason(
        SyncedEnvironment.NAMESPACE, SyncedEnvironment.NAME, "ConfigurationReady", "SecretMissing");
    awaitSynced(PROGRESSING);

    push(environment.addSecret());
    awaitHealthyWith("sample-app:1");
    data = environment.data();
  }

  @Test
  @Order(20)
  void nothing_below_the_application_is_progressing_for_ever_and_pages_have_links() {
    await("every object of the tree without an unfinished health")
        .atMost(Staging.LONG)
        .untilAsserted(() -> {
          assertThat(argo.tree()).extracting(node -> node.path("kind").asText()).contains("Pod");
          assertThat(argo.tree())
              .allSatisfy(node ->
                  assertThat(node.at("/health/status").asText("none"))
                      .as("%s", node)
                      .isIn("none", HEALTHY));
        });
    assertThat(
            argo.tree().stream()
                .filter(node -> node.path("kind").asText().equals("Ingress"))
                .flatMap(node ->
                    StreamSupport.stream(
                        node.at("/networkingInfo/externalURLs").spliterator(), false))
                .map(JsonNode::asText)
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrder(
            "https://app.staging.test", "https://traefik.staging.test/dashboard/");
  }

  @Test
  @Order(30)
  void a_project_that_warns_of_orphans_is_quiet_with_the_exceptions_of_the_docs() throws Exception {
    argo.warnOfOrphans("{\"warn\": true}");
    environment.await(
        "a warning of what is kept without an owner",
        Staging.LONG,
        () -> argo.warnings().contains(ORPHANS),
        argo::account);

    // acme-ca was made by the test.
    argo.warnOfOrphans(
        """
        {"warn": true, "ignore": [{"kind": "PersistentVolumeClaim"},
         {"kind": "Secret", "name": "*-credentials"}, {"kind": "ConfigMap", "name": "acme-ca"}]}\
        """);
    environment.await(
        "no warning of orphans", Staging.LONG, () -> argo.warnings().isEmpty(), argo::account);
    argo.warnOfOrphans(null);
  }

  @Test
  @Order(40)
  void a_change_in_git_is_synced_and_healthy_once_it_serves() throws Exception {
    push(environment.change("image: sample-app:1", "image: sample-app:2"));

    awaitHealthyWith("sample-app:2");
  }

  @Test
  @Order(50)
  void an_image_that_another_manager_sets_is_put_back() throws Exception {
    var generation = environment.now().getMetadata().getGeneration();
    staging
        .cluster()
        .kubectl(
            "-n",
            SyncedEnvironment.NAMESPACE,
            "patch",
            "stenv",
            SyncedEnvironment.NAME,
            "--type=merge",
            "-p",
            "{\"spec\":{\"services\":{\"app\":{\"image\":\"sample-app:1\"}}}}");

    environment.await(
        "the image of Git in the environment again",
        Staging.SOON,
        () -> environment.now().getMetadata().getGeneration() == generation + 2,
        argo::account);
    awaitHealthyWith("sample-app:2");
  }

  @Test
  @Order(60)
  void a_broken_image_is_degraded_and_a_fixing_commit_healthy() throws Exception {
    push(environment.change("image: sample-app:2", "image: sample-app:broken"));
    awaitSynced(DEGRADED);

    push(environment.change("image: sample-app:broken", "image: sample-app:1"));
    awaitHealthyWith("sample-app:1");
  }

  @Test
  @Order(70)
  void what_only_a_change_mends_is_degraded_in_the_environment_and_in_its_secret()
      throws Exception {
    push(environment.spoilVariable());
    awaitSynced(DEGRADED);
    assertThat(Staging.condition(environment.now(), "Stalled").getReason()).isEqualTo("KeyInvalid");
    push(environment.mendVariable());
    awaitHealthyWith("sample-app:1");

    push(environment.spoilSecret());
    awaitSynced(DEGRADED);
    assertThat(Staging.condition(environment.now(), "Stalled").getReason()).isEqualTo("KeyInvalid");
    push(environment.addSecret());
    awaitHealthyWith("sample-app:1");
  }

  @Test
  @Order(80)
  void a_suspended_environment_is_suspended_and_healthy_when_it_goes_on() throws Exception {
    push(environment.change("spec:\n", "spec:\n  suspend: true\n"));
    awaitSynced("Suspended");

    push(environment.change("  suspend: true\n", ""));
    awaitHealthyWith("sample-app:1");
  }

  @Test
  @Order(90)
  void neither_it_nor_the_operator_writes_to_an_environment_that_is_as_git_has_it()
      throws Exception {
    var uid = environment.uid();

    var writes =
        environment.writesWhile(
            "Synced, Healthy and ready",
            () -> argo.is(commit, HEALTHY) && Staging.ready(environment.now()));

    assertThat(environment.uid()).isEqualTo(uid);
    assertThat(writes.keySet())
        .noneMatch(
            write -> write.startsWith(ArgoCd.CONTROLLER) || write.contains(Staging.OPERATOR));
  }

  @Test
  @Order(100)
  void an_environment_that_leaves_git_goes_but_for_its_data_and_comes_back_with_it()
      throws Exception {
    push(environment.removeEnvironment());
    environment.awaitNothingButData();
    assertThat(environment.data()).isEqualTo(data);

    push(environment.addEnvironment());
    awaitHealthyWith("sample-app:1");
    assertThat(environment.data()).isEqualTo(data);
  }

  @Test
  @Order(110)
  void the_application_deleted_with_all_it_brought_leaves_the_data() {
    argo.delete();

    environment.awaitNothingButData();
    assertThat(environment.data()).isEqualTo(data);
  }
}

package ru.scoliologic.staging.gitops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.stage.Stage;

class GitopsResourcesTest {
  private static final String SIDECAR =
      "credentials: {name: git}, build: {engine: {baseImages: base-images:1}}";
  private static final String HOST =
      "build: {engine: {host: 'tcp://b:2376', tls: {name: tls}}}, registry: {external:"
          + " {repository: r.example.org/a}}";

  private static List<PlannedObject> plan(String gitops) {
    return GitopsResources.plan(
        Given.aGoodStart()
            .edited(yaml ->
                yaml + "  gitops: {repository: 'https://git.example.org/a', " + gitops + "}\n")
            .snapshot(),
        Stage.DEPLOYMENT,
        true);
  }

  private static <T extends HasMetadata> T planned(String gitops, Class<T> kind, String name) {
    return plan(gitops).stream()
        .map(PlannedObject::object)
        .filter(o -> kind.isInstance(o) && o.getMetadata().getName().equals(name))
        .map(kind::cast)
        .findFirst()
        .orElseThrow();
  }

  private static Deployment deployment(String gitops) {
    return planned(gitops, Deployment.class, "demo-gitops-agent");
  }

  @Test
  void nothing_is_made_when_no_branch_is_followed() {
    assertThat(GitopsResources.plan(Given.aGoodStart().snapshot(), Stage.DEPLOYMENT, true))
        .isEmpty();
    assertThat(GitopsResources.observe(Given.aGoodStart().snapshot())).isEmpty();
  }

  @Test
  void the_engine_is_beside_the_agent_and_is_handed_neither_token_nor_credentials() {
    var pod = deployment(SIDECAR).getSpec().getTemplate().getSpec();
    var engine = pod.getInitContainers().getLast();

    assertThat(engine.getRestartPolicy()).isEqualTo("Always");
    assertThat(engine.getSecurityContext().getPrivileged()).isTrue();
    assertThat(engine.getArgs())
        .containsExactly(
            "dockerd",
            "--host=tcp://127.0.0.1:2375",
            "--bip=198.18.0.1/24",
            "--insecure-registry=demo-registry:5000");
    assertThat(engine.getVolumeMounts())
        .extracting(VolumeMount::getMountPath)
        .containsExactly("/var/lib/docker");
    assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    assertThat(pod.getSecurityContext().getFsGroup()).isNull();
  }

  @Test
  void the_agent_itself_has_no_privilege_and_its_files_where_it_looks_for_them() {
    var agent = deployment(SIDECAR).getSpec().getTemplate().getSpec().getContainers().getFirst();

    assertThat(agent.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(agent.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(agent.getVolumeMounts())
        .extracting(VolumeMount::getMountPath)
        .contains(AgentContract.GIT_CREDENTIALS, AgentContract.WORK, AgentContract.BASE_IMAGES);
    assertThat(AgentContract.CONFIG_FILE).startsWith("/etc/staging-agent/config/");
    assertThat(AgentContract.REGISTRY_CREDENTIALS).startsWith("/etc/staging-agent/registry/");
  }

  @Test
  void of_the_secret_for_git_no_more_is_mounted_than_git_needs() {
    var git =
        deployment(SIDECAR).getSpec().getTemplate().getSpec().getVolumes().stream()
            .filter(volume -> volume.getName().equals("git"))
            .findFirst()
            .orElseThrow();

    assertThat(git.getSecret().getItems())
        .extracting(KeyToPath::getKey)
        .containsExactly("token", "username");
  }

  @Test
  void a_given_engine_replaces_the_one_beside_the_agent_and_its_volume() {
    assertThat(deployment(HOST).getSpec().getTemplate().getSpec().getInitContainers())
        .extracting(Container::getName)
        .isEmpty();
    assertThat(plan(HOST))
        .extracting(PlannedObject::object)
        .noneMatch(PersistentVolumeClaim.class::isInstance);
  }

  @Test
  void the_agent_is_told_what_to_do_and_a_change_of_that_restarts_nothing() throws IOException {
    var map = planned(SIDECAR, ConfigMap.class, "demo-gitops-agent-config");
    var config =
        new ObjectMapper()
            .readValue(map.getData().get(AgentContract.CONFIG_KEY), AgentContract.Config.class);

    assertThat(config.environment()).isEqualTo("demo");
    assertThat(config.namespace()).isEqualTo("team");
    assertThat(config.push()).isEqualTo("demo-registry:5000/app");
    assertThat(config.engine()).isEqualTo("tcp://127.0.0.1:2375");
    assertThat(config.gitops().repository()).isEqualTo("https://git.example.org/a");
    assertThat(
            deployment(
                    SIDECAR
                        + ", branch: other, intervalSeconds: 5, pin: "
                        + "a".repeat(40)
                        + ", autoDeploy: false")
                .getSpec()
                .getTemplate())
        .as("a build goes on")
        .isEqualTo(deployment(SIDECAR).getSpec().getTemplate());
    assertThat(deployment(HOST).getSpec().getTemplate())
        .as("another engine")
        .isNotEqualTo(deployment(HOST.replace("tcp://b", "tcp://c")).getSpec().getTemplate());
  }

  @Test
  void the_engine_builds_on_a_node_of_the_applications_architecture() {
    var pods =
        GitopsResources.plan(
                Given.aGoodStart()
                    .edited(yaml ->
                        yaml.replace(
                                "      image: sample-app:1\n",
                                "      nodeSelector: {kubernetes.io/arch: arm64, disk: ssd}\n")
                            + "  gitops: {repository: 'https://git.example.org/a'}\n")
                    .snapshot(),
                Stage.DEPLOYMENT,
                true)
            .stream()
            .map(PlannedObject::object)
            .filter(Deployment.class::isInstance)
            .map(Deployment.class::cast)
            .toList();

    assertThat(pods)
        .singleElement()
        .extracting(agent -> agent.getSpec().getTemplate().getSpec().getNodeSelector())
        .isEqualTo(Map.of("kubernetes.io/arch", "arm64"));
  }

  @Test
  void the_agent_with_its_engine_runs_on_the_nodes_that_the_spec_chooses() {
    var pod =
        deployment(
                SIDECAR
                    + ", nodeSelector: {kubernetes.io/arch: amd64}, tolerations: [{key: builds,"
                    + " operator: Exists}]")
            .getSpec()
            .getTemplate()
            .getSpec();

    assertThat(pod.getNodeSelector()).containsExactly(Map.entry("kubernetes.io/arch", "amd64"));
    assertThat(pod.getTolerations())
        .singleElement()
        .matches(toleration -> toleration.getKey().equals("builds"));
  }

  @Test
  void what_the_agent_says_of_itself_is_not_planned() {
    assertThat(planned(SIDECAR, ConfigMap.class, "demo-gitops-agent-state").getData())
        .isNullOrEmpty();
  }
}

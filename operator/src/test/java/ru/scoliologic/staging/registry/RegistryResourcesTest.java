package ru.scoliologic.staging.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ImageReferences;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

class RegistryResourcesTest {
  private static final String DIGEST = "sha256:" + "0".repeat(64);
  private static final AppVersion COMMIT =
      new AppVersion("0123456789-abcdef", "127.0.0.1:30123/app@" + DIGEST, "", true);
  private static final AppVersion COMMIT_ELSEWHERE =
      new AppVersion("0123456789-abcdef", "r.example.org/team/app@" + DIGEST, "", true);
  private static final RegistryResources.Login LOGIN =
      new RegistryResources.Login("staging", "word", "staging:$2y$04$hash");

  private static Given following(String registry) {
    return Given.aGoodStart()
        .edited(yaml ->
            yaml
                + "  gitops: {repository: 'https://git.example.org/a', registry: "
                + registry
                + "}\n");
  }

  private static HasMetadata service(Integer nodePort) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-registry")
        .withNamespace("team")
        .endMetadata()
        .withNewSpec()
        .addNewPort()
        .withPort(5000)
        .withNodePort(nodePort)
        .endPort()
        .endSpec()
        .build();
  }

  private static PlannedObject planned(
      Snapshot snapshot, RegistryResources.Login login, String name) {
    return RegistryResources.plan(snapshot, Stage.DEPLOYMENT, login).stream()
        .filter(p -> (p.object().getKind() + "/" + p.object().getMetadata().getName()).equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static String decoded(PlannedObject planned, String key) {
    return new String(
        Base64.getDecoder().decode(((Secret) planned.object()).getData().get(key)),
        StandardCharsets.UTF_8);
  }

  @Test
  void a_node_pulls_from_its_loopback_at_the_port_that_the_cluster_chose() {
    var snapshot = following("{}").owning(service(30123)).snapshot();

    assertThat(ImageReferences.reference(snapshot, DIGEST, Optional.empty()))
        .contains("127.0.0.1:30123/app@" + DIGEST);
    assertThat(ImageReferences.pullSecrets(snapshot.environment(), COMMIT))
        .extracting(LocalObjectReference::getName)
        .containsExactly("demo-registry-pull");
    var pull = planned(snapshot, LOGIN, "Secret/demo-registry-pull");
    assertThat(pull.held()).isFalse();
    assertThat(decoded(pull, ".dockerconfigjson"))
        .isEqualTo("{\"auths\":{\"127.0.0.1:30123\":{\"auth\":\"c3RhZ2luZzp3b3Jk\"}}}");
  }

  @Test
  void before_there_is_a_port_nothing_can_be_pulled_and_nothing_is_made_that_names_it() {
    var snapshot = following("{}").owning(service(null)).snapshot();

    assertThat(ImageReferences.reference(snapshot, DIGEST, Optional.empty())).isEmpty();
    assertThat(planned(snapshot, LOGIN, "Secret/demo-registry-pull").held()).isTrue();
  }

  @Test
  void the_agent_pushes_by_the_name_of_the_service() {
    var users = planned(following("{}").snapshot(), LOGIN, "Secret/demo-registry-users");

    assertThat(decoded(users, ".dockerconfigjson"))
        .startsWith("{\"auths\":{\"demo-registry:5000\"");
    assertThat(decoded(users, "htpasswd")).isEqualTo("staging:$2y$04$hash\n");
  }

  @Test
  void without_a_password_no_registry_is_started() {
    var snapshot = following("{}").owning(service(30123)).snapshot();
    var unknown = new RegistryResources.Login("staging", "", "");

    assertThat(RegistryResources.plan(snapshot, Stage.DEPLOYMENT, unknown))
        .filteredOn(PlannedObject::held)
        .extracting(p -> p.object().getKind() + "/" + p.object().getMetadata().getName())
        .containsExactlyInAnyOrder(
            "Secret/demo-registry-users", "Secret/demo-registry-pull", "Deployment/demo-registry");
  }

  @Test
  void an_external_registry_is_referred_to_and_not_made() {
    var snapshot =
        following("{external: {repository: r.example.org/team/app, credentials: {name: push}}}")
            .snapshot();

    assertThat(RegistryResources.plan(snapshot, Stage.DEPLOYMENT, LOGIN)).isEmpty();
    assertThat(RegistryResources.observe(snapshot)).isEmpty();
    assertThat(ImageReferences.reference(snapshot, DIGEST, Optional.empty()))
        .contains("r.example.org/team/app@" + DIGEST);
    assertThat(ImageReferences.pullSecrets(snapshot.environment(), COMMIT_ELSEWHERE))
        .extracting(LocalObjectReference::getName)
        .containsExactly("push");
  }

  @Test
  void a_commit_is_pulled_from_where_it_was_pushed_though_the_spec_names_another_registry() {
    var own = Optional.of("127.0.0.1:30001/app@" + DIGEST);
    var elsewhere = Optional.of("r.example.org/team/app@" + DIGEST);
    var other = "{external: {repository: other.example.org/app}}";

    assertThat(
            ImageReferences.reference(
                following(other).owning(service(30123)).snapshot(), DIGEST, elsewhere))
        .isEqualTo(elsewhere);
    assertThat(
            ImageReferences.reference(
                following(other).owning(service(30123)).snapshot(), DIGEST, own))
        .contains("127.0.0.1:30123/app@" + DIGEST);
    assertThat(
            ImageReferences.reference(
                following("{}").owning(service(30123)).snapshot(), DIGEST, elsewhere))
        .isEqualTo(elsewhere);
    assertThat(ImageReferences.reference(Given.aGoodStart().snapshot(), DIGEST, elsewhere))
        .isEqualTo(elsewhere);
    assertThat(ImageReferences.reference(following(other).snapshot(), "sha256:1", elsewhere))
        .contains("other.example.org/app@sha256:1");
  }

  @Test
  void nodes_are_let_in_by_their_addresses_and_those_of_their_bridges() {
    var node =
        new NodeBuilder()
            .withNewSpec()
            .withPodCIDRs("10.42.1.0/24", "fd00::/64")
            .endSpec()
            .withNewStatus()
            .addNewAddress("192.0.2.7", "InternalIP")
            .addNewAddress("node-1", "Hostname")
            .addNewAddress("198.51.100.1", "ExternalIP")
            .endStatus()
            .build();

    assertThat(NodeAddresses.of(List.of(node)))
        .containsExactly(
            "10.42.1.0/32",
            "10.42.1.1/32",
            "192.0.2.7/32",
            "fd00:0:0:0:0:0:0:0/128",
            "fd00:0:0:0:0:0:0:1/128");
  }
}

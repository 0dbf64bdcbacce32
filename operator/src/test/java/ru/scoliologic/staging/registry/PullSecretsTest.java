package ru.scoliologic.staging.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Secret;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.RegistryLogin;

class PullSecretsTest {
  private static Secret secret(String config) {
    return Given.secretOf("pull", Map.of(".dockerconfigjson", config));
  }

  private static final Secret LOGINS =
      secret(
          """
          {"auths": {
            "https://index.docker.io/v1/": {"username": "hub", "password": "p1"},
            "registry.example.org": {"auth": "aG9zdDpwMg=="},
            "registry.example.org/team": {"username": "team", "password": "p3"}}}
          """);

  @ParameterizedTest
  @CsvSource({
    "app:1, registry-1.docker.io, library/app, 1",
    "team/app, registry-1.docker.io, team/app, latest",
    "docker.io/team/app:2, registry-1.docker.io, team/app, 2",
    "localhost:5000/app:1, localhost:5000, app, 1",
    "localhost/app, localhost, app, latest",
    "registry.example.org/team/app:staging, registry.example.org, team/app, staging"
  })
  void an_image_is_read_as_container_runtimes_do(
      String image, String host, String repository, String tag) {
    assertThat(ImageName.of(image)).isEqualTo(new ImageName(host, repository, tag));
  }

  @Test
  void every_registry_is_asked_over_https() {
    assertThat(ImageName.of("10.0.0.1:5000/app:1").manifest())
        .hasToString("https://10.0.0.1:5000/v2/app/manifests/1");
  }

  @ParameterizedTest
  @CsvSource({
    "localhost/app, true",
    "localhost:5000/app, true",
    "127.0.0.1:5000/app:1, true",
    "127.1.2.3/app, true",
    "[::1]:5000/app, true",
    "localhost.example.org/app, false",
    "127.example.org/app, false",
    "10.0.0.1:5000/app, false",
    "app, false"
  })
  void a_registry_at_the_node_is_known_by_its_loopback_address(String image, boolean isAtTheNode) {
    assertThat(ImageName.of(image).isAtTheNode()).isEqualTo(isAtTheNode);
  }

  @ParameterizedTest
  @CsvSource({
    "app:1, hub, p1",
    "registry.example.org/other/app:1, host, p2",
    "registry.example.org/team/app:1, team, p3"
  })
  void credentials_are_those_of_the_nearest_place(String image, String user, String password) {
    assertThat(PullSecrets.login(List.of(LOGINS), ImageName.of(image)))
        .contains(new RegistryLogin(user, password));
  }

  @Test
  void another_registry_gets_none_and_neither_does_a_secret_that_cannot_be_read() {
    assertThat(PullSecrets.login(List.of(LOGINS), ImageName.of("registry.example.com/app:1")))
        .isEmpty();
    assertThat(
            PullSecrets.login(
                List.of(secret("{"), secret("[]"), Given.secretOf("other", Map.of("key", "v"))),
                ImageName.of("app:1")))
        .isEmpty();
  }

  @Test
  void a_password_is_not_in_what_is_printed() {
    assertThat(new RegistryLogin("ci", "s3cret-word")).asString().doesNotContain("s3cret-word");
  }
}

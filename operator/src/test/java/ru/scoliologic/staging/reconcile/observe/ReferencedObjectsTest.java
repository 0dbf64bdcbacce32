package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.StandInApiServer;

/** What is read of what a spec names, against a server that has nothing. */
class ReferencedObjectsTest {
  private static final byte[] NOTHING = "{}".getBytes(StandardCharsets.UTF_8);

  private final EnvironmentMemories memories = new EnvironmentMemories();

  private static StagingEnvironment naming(String secret) {
    return Given.aGoodStart()
        .edited("secretRef: {name: given}", "secretRef: {name: %s}".formatted(secret))
        .snapshot()
        .environment();
  }

  private static void look(ReferencedObjects references, StagingEnvironment environment) {
    references.keepNamed(environment);
    ReferencedObjects.secrets(environment).forEach(name -> references.secret(environment, name));
  }

  private static Set<String> names(ReferencedObjects references) {
    return references.read().stream()
        .map(key -> key.substring(key.indexOf('/') + 1))
        .collect(Collectors.toSet());
  }

  @Test
  void a_secret_that_is_named_no_more_is_not_kept_any_more() throws Exception {
    try (var server =
        StandInApiServer.start("/", exchange -> StandInApiServer.answer(exchange, 404, NOTHING))) {
      var references = new ReferencedObjects(server.client(), memories);
      for (int i = 0; i < 5; i++) {
        look(references, naming("s" + i));
      }

      assertThat(names(references))
          .isEqualTo(ReferencedObjects.secrets(naming("s4")))
          .contains("s4");
      memories.uids().forEach(memories::drop);
      assertThat(names(references)).as("what is read for nobody").isEmpty();
    }
  }

  @Test
  void what_the_application_is_pulled_with_is_read() {
    var environment =
        Given.aGoodStart()
            .edited(
                "image: sample-app:1",
                "image: sample-app:1\n      imagePullSecrets: [{name: pull}]")
            .snapshot()
            .environment();

    assertThat(ReferencedObjects.secrets(environment)).contains("pull");
  }

  @Test
  void another_environment_that_names_it_still_has_it() throws Exception {
    try (var server =
        StandInApiServer.start("/", exchange -> StandInApiServer.answer(exchange, 404, NOTHING))) {
      var references = new ReferencedObjects(server.client(), memories);
      var other = naming("shared");
      other.getMetadata().setName("other");
      other.getMetadata().setUid("other");
      look(references, other);
      look(references, naming("shared"));

      look(references, naming("s1"));

      assertThat(names(references)).contains("shared", "s1");
      memories.drop("other");
      assertThat(names(references)).contains("s1").doesNotContain("shared");
      memories.uids().forEach(memories::drop);
    }
  }
}

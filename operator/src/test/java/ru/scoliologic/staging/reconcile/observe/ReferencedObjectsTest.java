package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.StandInApiServer;

/** What is watched of what a spec names, against a server that has nothing. */
class ReferencedObjectsTest {
  private static final byte[] NOTHING =
      "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}"
          .getBytes(StandardCharsets.UTF_8);

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

  @Test
  void a_secret_that_is_named_no_more_is_not_watched_any_more() throws Exception {
    try (var server =
        StandInApiServer.start("/", exchange -> StandInApiServer.answer(exchange, 200, NOTHING))) {
      var references = new ReferencedObjects(server.client(), memories);
      for (int i = 0; i < 5; i++) {
        look(references, naming("s" + i));
      }

      assertThat(references.watched())
          .isEqualTo(ReferencedObjects.secrets(naming("s4")))
          .contains("s4");
      memories.uids().forEach(memories::drop);
      assertThat(references.watched()).as("what is watched for nobody").isEmpty();
    }
  }

  @Test
  void what_the_application_is_pulled_with_is_watched() {
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
  void another_environment_that_names_it_still_watches_it() throws Exception {
    try (var server =
        StandInApiServer.start("/", exchange -> StandInApiServer.answer(exchange, 200, NOTHING))) {
      var references = new ReferencedObjects(server.client(), memories);
      var other = naming("shared");
      other.getMetadata().setName("other");
      other.getMetadata().setUid("other");
      look(references, other);
      look(references, naming("shared"));

      look(references, naming("s1"));

      assertThat(references.watched()).contains("shared", "s1");
      memories.drop("other");
      assertThat(references.watched()).contains("s1").doesNotContain("shared");
      memories.uids().forEach(memories::drop);
    }
  }
}

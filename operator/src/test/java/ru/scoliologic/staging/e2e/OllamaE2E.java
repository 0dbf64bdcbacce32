package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.throwaway.ModelRegistry;

/** Ollama with models that a registry in the cluster serves. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OllamaE2E {
  private static final String NAMESPACE = "assisted";
  private static final String NAME = "env";
  private static final String ZONE = "assisted.staging.test";
  private static final Pattern RESUMED =
      Pattern.compile("GET /v2/library/slow/blobs/.* bytes=[1-9][0-9]*-");

  private static Staging staging;

  @BeforeAll
  static void an_environment_whose_model_comes_slowly() {
    staging = Staging.shared();
    staging.cluster().models();
    staging.namespace(NAMESPACE);
    staging.given(NAMESPACE);
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                ZONE,
                """
                      env:
                """,
                """
                      env:
                      - {name: OLLAMA_BASE_URL, value: "http://$(OLLAMA_HOST):$(OLLAMA_PORT)"}
                      - {name: OLLAMA_MODEL, value: $(OLLAMA_MODEL)}
                """,
                "postgres: {storage: 1Gi}",
                "ollama: {storage: 1Gi, models: ['%s'], insecureRegistries: ['%s']}"
                    .formatted(ModelRegistry.model("slow"), ModelRegistry.HOST)));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
  }

  @AfterAll
  static void it_is_removed() {
    staging.remove(NAMESPACE);
  }

  private static void models(String... names) {
    var quoted = List.of(names).stream().map(n -> '"' + ModelRegistry.model(n) + '"').toList();
    staging
        .environment(NAMESPACE, NAME)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"spec\":{\"services\":{\"ollama\":{\"models\":[%s]}}}}"
                .formatted(String.join(",", quoted)));
  }

  private static void awaitProgress(String model) {
    var progress =
        Pattern.compile(
            "ollama pulls model .*/library/%s: [1-9][0-9]? %% .* of 0[.]4 MB.*".formatted(model));
    staging.await(
        NAMESPACE,
        NAME,
        "progress of the pull",
        Staging.LONG,
        e -> {
          var condition = Staging.condition(e, "Deployed");
          return condition != null
              && condition.getReason().equals("ModelsPulling")
              && progress.matcher(condition.getMessage()).matches();
        });
  }

  private static String deployed() {
    return Staging.condition(staging.environment(NAMESPACE, NAME).get(), "Deployed").getMessage();
  }

  private static void deleteServer(String... options) {
    var command =
        Stream.concat(
            Stream.of("-n", NAMESPACE, "delete", "pod", "-l", "app.kubernetes.io/component=ollama"),
            Stream.of(options));
    staging.cluster().kubectl(command.toArray(String[]::new));
  }

  private static long pullsOf(String model) {
    return staging
        .cluster()
        .models()
        .requests()
        .lines()
        .filter(line -> line.contains("GET /v2/library/" + model + "/manifests/"))
        .count();
  }

  @Test
  @Order(10)
  void a_pull_shows_how_far_it_is_and_goes_on_after_the_operator_died() {
    awaitProgress("slow");

    staging
        .cluster()
        .kubectl("-n", Staging.OPERATOR, "delete", "pod", "--all", "--grace-period=0", "--force");

    staging.awaitReady(NAMESPACE, NAME);
    assertThat(RESUMED.matcher(staging.cluster().models().requests()).find()).isTrue();
  }

  @Test
  @Order(20)
  void the_application_gets_answers_of_the_model() throws IOException {
    try (var browser = staging.browser()) {
      var answer = browser.post("https://app." + ZONE + "/api/ai/chat", "{\"prompt\":\"hello\"}");

      assertThat(answer.status()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).contains("\"eval_count\":8");
      assertThat(browser.get("https://app." + ZONE + "/api/health").body())
          .contains("\"ollama\":\"up\"");
    }
  }

  @Test
  @Order(30)
  void a_restart_of_the_server_keeps_the_models() {
    long before = pullsOf("slow");
    deleteServer("--wait=true");

    staging.awaitReady(NAMESPACE, NAME);
    assertThat(pullsOf("slow")).isEqualTo(before);
  }

  @Test
  @Order(35)
  void a_server_that_dies_in_the_middle_of_a_pull_is_asked_again_when_it_is_back() {
    models("slow", "steady");
    awaitProgress("steady");

    // As a server leaves it that is killed between emptying a record and writing it.
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "exec",
            "deployment/env-ollama",
            "--",
            "sh",
            "-c",
            "cd /data/models/blobs; for record in *-partial-*; do : > $record; done");
    deleteServer("--grace-period=0", "--force");

    staging.awaitReady(NAMESPACE, NAME);
    assertThat(pullsOf("steady")).isGreaterThanOrEqualTo(2);
  }

  @Test
  @Order(40)
  void a_model_that_the_registry_does_not_have_is_told_in_the_servers_words() {
    models("slow", "unknown");

    staging.awaitReason(NAMESPACE, NAME, "Deployed", "ModelPullFailed");
    assertThat(deployed())
        .isEqualTo(
            "ollama: model %s could not be pulled: pull model manifest: file does not exist"
                .formatted(ModelRegistry.model("unknown")));
  }

  @Test
  @Order(50)
  void a_model_that_the_volume_cannot_hold_is_refused_with_found_and_needed() {
    models("slow", "huge");

    var stalled = staging.awaitReason(NAMESPACE, NAME, "Deployed", "ModelsTooLarge");
    assertThat(deployed())
        .contains("the models need 50.0 GB at least, the volume holds 1.1 GB")
        .contains("raise spec.services.ollama.storage");
    assertThat(Staging.condition(stalled, "Stalled").getStatus()).isEqualTo("True");
  }

  @Test
  @Order(60)
  void a_list_that_is_put_right_is_pulled_at_once() {
    models("slow", "tiny");

    var ready = staging.awaitReady(NAMESPACE, NAME);
    assertThat(ready.getStatus().components())
        .filteredOn(component -> component.name().equals("ollama"))
        .singleElement()
        .satisfies(component ->
            assertThat(component.message())
                .isEqualTo(
                    "available with %s, %s"
                        .formatted(ModelRegistry.model("slow"), ModelRegistry.model("tiny"))));
  }

  @Test
  @Order(70)
  void switched_off_everything_but_its_volume_goes() {
    // The application must not go on asking for what will not be there.
    staging
        .environment(NAMESPACE, NAME)
        .patch(
            PatchContext.of(PatchType.JSON),
            "[{\"op\":\"remove\",\"path\":\"/spec/services/ollama\"},"
                + "{\"op\":\"remove\",\"path\":\"/spec/services/app/env/0\"},"
                + "{\"op\":\"remove\",\"path\":\"/spec/services/app/env/0\"}]");

    await("Ollama to be gone")
        .atMost(Staging.LONG)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () ->
                staging.owned(NAMESPACE).stream().filter(name -> name.contains("ollama")).toList(),
            List.of("persistentvolumeclaim/env-ollama")::equals);
    staging.awaitReady(NAMESPACE, NAME);
  }
}

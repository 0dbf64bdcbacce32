package ru.scoliologic.staging.ollama;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ModelStates;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;

class OllamaResourcesTest {
  private static final String MODEL = "llama3.2:3b";
  private static final String OTHER = "tiny";

  private static Given asked(String fields) {
    return Given.aGoodStart()
        .edited("  services:\n", "  services:\n    ollama: {" + fields + "}\n");
  }

  private static <T> T planned(Given given, Class<T> kind) {
    return OllamaResources.plan(given.snapshot()).stream()
        .map(PlannedObject::object)
        .filter(kind::isInstance)
        .map(kind::cast)
        .findFirst()
        .orElseThrow();
  }

  private static ComponentHealth observed(Optional<ModelStates> models) {
    var given = asked("models: ['%s', %s]".formatted(MODEL, OTHER));
    var seen = ClusterFacts.assumedGood(List.of());
    return OllamaResources.observe(
            given
                .owning(available(given))
                .amid(
                    seen.with(
                        new ClusterFacts.Reports(models, seen.reports().warnings(), Map.of())))
                .snapshot())
        .orElseThrow();
  }

  private static ComponentHealth observed(ModelStates.State first, ModelStates.State second) {
    var states = new LinkedHashMap<String, ModelStates.State>();
    states.put(MODEL, first);
    states.put(OTHER, second);
    return observed(Optional.of(new ModelStates(states)));
  }

  private static Deployment available(Given given) {
    return new DeploymentBuilder(planned(given, Deployment.class))
        .editMetadata()
        .withGeneration(1L)
        .endMetadata()
        .withNewStatus()
        .withObservedGeneration(1L)
        .withReplicas(1)
        .withUpdatedReplicas(1)
        .withAvailableReplicas(1)
        .endStatus()
        .build();
  }

  @Test
  void without_the_field_nothing_is_planned() {
    Snapshot snapshot = Given.aGoodStart().snapshot();

    assertThat(OllamaResources.plan(snapshot)).isEmpty();
    assertThat(OllamaResources.observe(snapshot)).isEmpty();
  }

  @Test
  void nobody_but_the_application_and_the_operator_reaches_it() {
    var peers = planned(asked(""), NetworkPolicy.class).getSpec().getIngress().getFirst().getFrom();

    assertThat(peers)
        .extracting(peer -> peer.getPodSelector().getMatchLabels())
        .containsExactly(
            Map.of(Labels.ENVIRONMENT, "demo", Labels.COMPONENT, "app"),
            Map.of(Labels.NAME, Labels.OPERATOR));
    assertThat(peers.getLast().getNamespaceSelector().getMatchLabels())
        .as("where the operator's label counts")
        .isEqualTo(Map.of("kubernetes.io/metadata.name", "staging-operator"));
  }

  @Test
  void a_graphics_processor_is_a_limit_beside_the_others_and_a_runtime_class() {
    var pod =
        planned(asked("gpu: {count: 2, runtimeClassName: nvidia}"), Deployment.class)
            .getSpec()
            .getTemplate()
            .getSpec();

    assertThat(pod.getRuntimeClassName()).isEqualTo("nvidia");
    assertThat(pod.getContainers().getFirst().getResources().getLimits())
        .extractingByKey("nvidia.com/gpu")
        .hasToString("2");
    assertThat(pod.getContainers().getFirst().getResources().getLimits()).containsKey("memory");
  }

  @Test
  void without_models_the_server_alone_counts() {
    var given = asked("");

    assertThat(OllamaResources.observe(given.owning(available(given)).snapshot()).orElseThrow())
        .satisfies(component -> assertThat(component.ready()).isTrue());
  }

  @Test
  void it_is_ready_when_every_model_is_there() {
    var component = observed(new ModelStates.Present(), new ModelStates.Present());

    assertThat(component.ready()).isTrue();
    assertThat(component.message()).isEqualTo("available with llama3.2:3b, tiny");
  }

  @Test
  void a_server_that_nobody_could_ask_is_still_starting() {
    assertThat(observed(Optional.empty()).reason()).isEqualTo(Reason.COMPONENTS_STARTING);
  }

  @Test
  void a_pull_tells_model_percent_and_bytes() {
    var component =
        observed(new ModelStates.Pulling(860_000_000, 2_019_000_000), new ModelStates.Missing());

    assertThat(component.reason()).isEqualTo(Reason.MODELS_PULLING);
    assertThat(component.message()).isEqualTo("pulls model llama3.2:3b: 42 % (860.0 MB of 2.0 GB)");
  }

  @Test
  void before_the_first_byte_no_percent_is_told() {
    assertThat(observed(new ModelStates.Present(), new ModelStates.Pulling(0, 0)).message())
        .isEqualTo("queries the registry for model tiny");
  }

  @Test
  void a_failed_pull_says_what_the_server_said() {
    var component =
        observed(
            new ModelStates.Present(), new ModelStates.Failed("pull model manifest: not found"));

    assertThat(component.reason()).isEqualTo(Reason.MODEL_PULL_FAILED);
    assertThat(component.message())
        .isEqualTo("model tiny could not be pulled: pull model manifest: not found");
  }

  @Test
  void a_volume_that_is_too_small_is_told_with_found_and_needed() {
    var component =
        observed(
            new ModelStates.TooLarge(5_000_000_000L, 1_073_741_824L), new ModelStates.Missing());

    assertThat(component.reason()).isEqualTo(Reason.MODELS_TOO_LARGE);
    assertThat(component.message())
        .isEqualTo(
            "with model llama3.2:3b the models need 5.0 GB at least, the volume holds 1.1 GB:"
                + " raise spec.services.ollama.storage");
  }

  @ParameterizedTest
  @CsvSource({
    "llama3.2, llama3.2:latest",
    "library/llama3.2:latest, llama3.2",
    "registry.ollama.ai/library/llama3.2:3b, llama3.2:3B",
    "team/model, registry.ollama.ai/team/model:latest",
    "models.svc:5000/library/tiny, models.svc:5000/library/tiny:latest",
  })
  void two_ways_to_write_a_name_are_equal(String one, String other) {
    assertThat(ModelName.of(one)).isEqualTo(ModelName.of(other));
  }

  @ParameterizedTest
  @CsvSource({
    "llama3.2:1b, llama3.2:3b",
    "team/tiny, tiny",
    "models.svc:5000/library/tiny, tiny",
  })
  void different_models_have_different_names(String one, String other) {
    assertThat(ModelName.of(one)).isNotEqualTo(ModelName.of(other));
  }

  @Test
  void a_download_with_an_empty_record_is_forgotten_when_the_server_starts(@TempDir Path volume)
      throws Exception {
    var blobs = Files.createDirectories(volume.resolve("models/blobs"));
    for (var whole : List.of("sha256-a", "sha256-b-partial", "sha256-b-partial-0")) {
      Files.writeString(blobs.resolve(whole), "{}");
    }
    for (var record : List.of("sha256-c-partial", "sha256-c-partial-0")) {
      Files.writeString(blobs.resolve(record), "{}");
    }
    Files.createFile(blobs.resolve("sha256-c-partial-1"));

    var server = Files.writeString(volume.resolve("ollama"), "#!/bin/sh\necho \"$@\"\n");
    assertThat(server.toFile().setExecutable(true)).isTrue();
    var started = new ProcessBuilder("sh", "-c", OllamaResources.SERVE).redirectErrorStream(true);
    started.environment().put("OLLAMA_MODELS", volume.resolve("models").toString());
    started.environment().merge("PATH", volume.toString(), (path, own) -> own + ":" + path);
    var process = started.start();

    assertThat(process.inputReader().lines()).containsExactly("serve");
    assertThat(process.waitFor()).isZero();
    try (var left = Files.list(blobs)) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "sha256-a", "sha256-b-partial", "sha256-b-partial-0", "sha256-c-partial");
    }
  }
}

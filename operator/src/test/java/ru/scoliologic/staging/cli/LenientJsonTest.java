package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentSpec;
import ru.scoliologic.staging.reconcile.plan.Rendering;

class LenientJsonTest {
  @Test
  void what_another_version_stored_is_read_and_what_is_missing_then_is_named() {
    var yaml =
        Given.resource("/environments/demo.yaml")
            .replace("image: sample-app:1", "image: {from: the future}\n      port: many")
            .replace(
                "  secrets:\n",
                "  unknownField: {a: [1, 2]}\n  deletionPolicy: Archive\n  secrets:\n");

    var environment = LenientJson.serialization().unmarshal(yaml, StagingEnvironment.class);

    assertThat(environment.getSpec().services().app().port()).isEqualTo(3000);
    assertThat(Rendering.problems(environment))
        .containsExactly("spec: " + StagingEnvironmentSpec.IMAGE_MESSAGE);
  }
}

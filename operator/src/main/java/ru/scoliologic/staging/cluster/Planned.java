package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import ru.scoliologic.staging.stage.Stage;

/**
 * One object of the plan.
 *
 * @param stage the stage in which it is made; nothing of a stage is made before its gate opens
 * @param object as it is to be
 * @param held it is not made yet, though the stage's gate is open; if it is there, it stays
 */
public record Planned(Stage stage, HasMetadata object, boolean held) {
  public Planned(Stage stage, HasMetadata object) {
    this(stage, object, false);
  }
}

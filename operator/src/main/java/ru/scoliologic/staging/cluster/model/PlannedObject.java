package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.HasMetadata;
import ru.scoliologic.staging.stage.Stage;

/**
 * One object of the plan.
 *
 * @param stage in which it is created, once the stage's gate is open
 * @param object in its desired form
 * @param held whether its creation waits although the gate is open; an existing object stays
 */
public record PlannedObject(Stage stage, HasMetadata object, boolean held) {
  public PlannedObject(Stage stage, HasMetadata object) {
    this(stage, object, false);
  }
}

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.kubernetes.api.model.ResourceRequirements;

/** Limits of a task on the database: a backup, a restore, a seed or a reset. */
public record TaskLimits(
    @Default("" + DEFAULT_TIMEOUT_SECONDS)
        @Min(60)
        @Max(86400)
        @JsonPropertyDescription(
            "Seconds that a task may take, all its attempts together. After that it is"
                + " stopped and has failed, and the database is unchanged.")
        Integer timeoutSeconds,
    @JsonPropertyDescription("Compute resources of the task. Defaults to a memory limit of 512Mi.")
        ResourceRequirements resources) {

  static final int DEFAULT_TIMEOUT_SECONDS = 3600;

  public TaskLimits {
    timeoutSeconds = timeoutSeconds == null ? DEFAULT_TIMEOUT_SECONDS : timeoutSeconds;
  }
}

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** One key of a Secret or ConfigMap in the environment's namespace. */
public record KeyRef(
    @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Name of the Secret or ConfigMap.")
        String name,
    @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Key in its data.") String key) {}

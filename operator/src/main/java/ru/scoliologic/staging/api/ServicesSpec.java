package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;

/** The workloads of an environment. */
@ValidationRule(
    value =
        "!has(self.app.migration) || !has(self.app.migration.backup) || !self.app.migration.backup"
            + " || (has(self.postgres) &&"
            + " has(self.postgres.backup))",
    message = ServicesSpec.COPY_MESSAGE)
public record ServicesSpec(
    @Required @JsonPropertyDescription("Application under test.") AppSpec app,
    @JsonPropertyDescription("PostgreSQL database. It always runs.") PostgresSpec postgres,
    @JsonPropertyDescription("Redis cache. It always runs.") RedisSpec redis,
    @JsonPropertyDescription(
            "Prometheus and Grafana. They run when this or spec.domains.grafana is set.")
        MonitoringSpec monitoring,
    @JsonPropertyDescription("Ollama with its language models. It runs when this is set.")
        OllamaSpec ollama) {

  public static final String COPY_MESSAGE =
      "app.migration.backup copies the database to the backup volume, and postgres.backup is not"
          + " set: set postgres.backup as well";

  public ServicesSpec {
    postgres = postgres == null ? PostgresSpec.DEFAULTS : postgres;
    redis = redis == null ? RedisSpec.DEFAULTS : redis;
  }
}

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** The workloads of an environment. */
public record ServicesSpec(
    @Required @JsonPropertyDescription("The application that is staged.") AppSpec app,
    @JsonPropertyDescription("The PostgreSQL database.") PostgresSpec postgres,
    @JsonPropertyDescription("The Redis cache.") RedisSpec redis,
    @JsonPropertyDescription(
            "Prometheus and Grafana. They run when this or spec.domains.grafana is set.")
        MonitoringSpec monitoring,
    @JsonPropertyDescription("Ollama and its language models; it runs when this is set.")
        OllamaSpec ollama) {

  public ServicesSpec {
    postgres = postgres == null ? PostgresSpec.DEFAULTS : postgres;
    redis = redis == null ? RedisSpec.DEFAULTS : redis;
  }
}

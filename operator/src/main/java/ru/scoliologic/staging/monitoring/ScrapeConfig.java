package ru.scoliologic.staging.monitoring;

import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.AgentContract;

/**
 * Prometheus' configuration. Targets are found by the names of Services, so that Prometheus needs
 * no permission on the Kubernetes API. PostgreSQL and Redis have no metrics in Prometheus' format
 * without an exporter beside them, so they are not scraped.
 */
final class ScrapeConfig {
  /** The port of Traefik's metrics; it is not reachable from outside. */
  static final int TRAEFIK_PORT = 8080;

  private ScrapeConfig() {}

  /** The file {@code prometheus.yml}. */
  static String of(StagingEnvironment environment) {
    var names = Names.of(environment);
    var common =
        """
        global:
          scrape_interval: 15s
          scrape_timeout: 10s
          external_labels:
            namespace: "%s"
            environment: "%s"
        scrape_configs:
        - job_name: prometheus
          static_configs:
          - targets: ["localhost:%d"]
        """
                .formatted(
                    environment.getMetadata().getNamespace(),
                    environment.getMetadata().getName(),
                    PrometheusResources.PORT)
            + traefik(environment)
            + agent(environment);
    var metrics = environment.getSpec().services().app().metrics();
    return metrics == null
        ? common
        : common
            + """
            - job_name: app
              metrics_path: "%s"
              dns_sd_configs:
              - names: ["%s"]
                type: A
                port: %d
                refresh_interval: 15s
            """
                .formatted(metrics.path(), names.appMetrics(), appPort(environment));
  }

  /** Only the environment's own Traefik; another ingress controller is not monitored. */
  private static String traefik(StagingEnvironment environment) {
    return environment.getSpec().ingress().sharesController()
        ? ""
        : """
        - job_name: traefik
          static_configs:
          - targets: ["%s:%d"]
        """
            .formatted(Names.of(environment).traefikMetrics(), TRAEFIK_PORT);
  }

  private static String agent(StagingEnvironment environment) {
    return environment.getSpec().gitops() == null
        ? ""
        : """
        - job_name: gitops-agent
          static_configs:
          - targets: ["%s:%d"]
        """
            .formatted(Names.of(environment).agent(), AgentContract.PORT);
  }

  /** The port of the application's metrics. */
  static int appPort(StagingEnvironment environment) {
    var app = environment.getSpec().services().app();
    return app.metrics().port() == null ? app.port() : app.metrics().port();
  }
}

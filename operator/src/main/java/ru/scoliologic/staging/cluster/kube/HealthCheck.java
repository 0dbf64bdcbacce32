package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.HTTPHeaderBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * The health check of the application, as the kubelet and the operator run it.
 *
 * @param domain of the application
 * @param served port of the application
 * @param spec of the check
 */
public record HealthCheck(String domain, int served, AppSpec.Health spec) {
  private static final List<Integer> WELL = List.of(200);

  public static HealthCheck of(StagingEnvironment environment) {
    var app = environment.getSpec().services().app();
    return new HealthCheck(environment.getSpec().domains().app(), app.port(), app.health());
  }

  public boolean byHttp() {
    return spec.byHttp();
  }

  /** Whether the same request can be made through the ingress. */
  public boolean throughIngress() {
    return byHttp() && port() == served;
  }

  public String path() {
    return spec.path() == null ? AppSpec.Health.DEFAULT_PATH : spec.path();
  }

  public int port() {
    return Objects.requireNonNullElse(spec.port(), served);
  }

  /** Whether a response with that status is healthy. */
  public boolean accepts(int status) {
    return statuses().contains(status);
  }

  /** Healthy statuses; 200 by default. */
  public List<Integer> statuses() {
    return spec.status() == null || spec.status().isEmpty() ? WELL : spec.status();
  }

  /**
   * The headers of a request that bypasses the ingress: those that it would set, and the spec's.
   */
  public Map<String, String> headers() {
    var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    headers.put("Host", domain);
    headers.put("X-Forwarded-Host", domain);
    headers.put("X-Forwarded-Proto", "https");
    headers.putAll(given());
    return headers;
  }

  public Map<String, String> given() {
    var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    if (spec.headers() != null) {
      spec.headers().forEach(header -> headers.put(header.name(), header.value()));
    }
    return headers;
  }

  /** The probe without its period and thresholds. */
  public ProbeBuilder probe() {
    if (!byHttp()) {
      return spec.command() == null
          ? new ProbeBuilder().withNewTcpSocket().withPort(target()).endTcpSocket()
          : new ProbeBuilder().withNewExec().withCommand(spec.command()).endExec();
    }
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(path())
        .withPort(target())
        .withHttpHeaders(
            headers().entrySet().stream()
                .map(header ->
                    new HTTPHeaderBuilder()
                        .withName(header.getKey())
                        .withValue(header.getValue())
                        .build())
                .toList())
        .endHttpGet();
  }

  private IntOrString target() {
    return port() == served ? new IntOrString(SinglePodWorkload.PORT) : new IntOrString(port());
  }
}

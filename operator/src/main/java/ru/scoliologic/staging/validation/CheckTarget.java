package ru.scoliologic.staging.validation;

import java.util.Map;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

/**
 * The target of the checks, and how it is reached.
 *
 * @param address of the ingress, or of a pod
 * @param port of the application's pods
 * @param app host name of the application
 * @param dashboard host name of the dashboard, or null when there is none
 * @param health the application's health check
 * @param server the ACME server whose certificates are expected
 * @param caBundle PEM certificates of a custom server's roots, or empty
 * @param user of the dashboard
 * @param password of that user
 * @param grafana host name of Grafana, or null when it does not run
 * @param spec the checks that the spec declares
 * @param secrets the values to which headers of checks refer
 * @param access protection of the application's domain; null when it is open
 * @param checkToken authenticates the operator's own requests to a protected domain, or empty
 * @param masking removes secret values from results of checks
 */
public record CheckTarget(
    String address,
    int port,
    String app,
    String dashboard,
    HealthCheck health,
    IngressSpec.Server server,
    String caBundle,
    String user,
    String password,
    String grafana,
    ValidationSpec spec,
    Map<KeyRef, String> secrets,
    AccessSpec access,
    String checkToken,
    SecretMasker masking) {

  /** Traefik lets requests with this header through to the application, and removes it. */
  static final String CHECK_HEADER = "X-Staging-Check";

  /** Headers that authenticate the operator's own requests to the application. */
  Map<String, String> pass() {
    return access == null || checkToken.isEmpty() ? Map.of() : Map.of(CHECK_HEADER, checkToken);
  }

  @Override
  public String toString() {
    return "CheckTarget[" + address + ", " + app + ", " + dashboard + "]";
  }
}

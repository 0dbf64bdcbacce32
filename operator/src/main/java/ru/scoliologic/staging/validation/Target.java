package ru.scoliologic.staging.validation;

import java.util.Map;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.Masking;

/**
 * What is checked, and how it is reached.
 *
 * @param address of the ingress, or of a pod
 * @param port of the application's pods
 * @param app host name of the application
 * @param dashboard host name of the dashboard, or null when there is none
 * @param healthPath of the application
 * @param server whose certificates are expected
 * @param caBundle PEM certificates that a custom server's chains lead to, or empty
 * @param user who may open the dashboard
 * @param password of that user
 * @param grafana host name of Grafana, or null when it does not run
 * @param spec what is checked beside that
 * @param secrets the values that headers of checks refer to
 * @param access who may open the application's domain; null when it is open
 * @param checkToken what marks the operator's own requests to a protected domain, or empty
 * @param masking takes secret values out of what checks say
 */
public record Target(
    String address,
    int port,
    String app,
    String dashboard,
    String healthPath,
    IngressSpec.Server server,
    String caBundle,
    String user,
    String password,
    String grafana,
    ValidationSpec spec,
    Map<KeyRef, String> secrets,
    AccessSpec access,
    String checkToken,
    Masking masking) {

  /** Traefik lets requests with this header through to the application, and takes it off. */
  static final String CHECK_HEADER = "X-Staging-Check";

  /** Headers that take the operator's own requests to the application through its protection. */
  Map<String, String> pass() {
    return access == null || checkToken.isEmpty() ? Map.of() : Map.of(CHECK_HEADER, checkToken);
  }

  @Override
  public String toString() {
    return "Target[" + address + ", " + app + ", " + dashboard + "]";
  }
}

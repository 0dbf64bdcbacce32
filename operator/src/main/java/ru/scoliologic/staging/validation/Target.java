package ru.scoliologic.staging.validation;

import java.util.Map;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.ValidationSpec;

/**
 * What is checked, and how it is reached.
 *
 * @param address of the ingress
 * @param app host name of the application
 * @param dashboard host name of the dashboard
 * @param healthPath of the application
 * @param server whose certificates are expected
 * @param caBundle PEM certificates that a custom server's chains lead to, or empty
 * @param user who may open the dashboard
 * @param password of that user
 * @param grafana host name of Grafana, or null when it does not run
 * @param spec what is checked beside that
 * @param secrets the values that headers of checks refer to
 */
public record Target(
    String address,
    String app,
    String dashboard,
    String healthPath,
    IngressSpec.Server server,
    String caBundle,
    String user,
    String password,
    String grafana,
    ValidationSpec spec,
    Map<KeyRef, String> secrets) {

  @Override
  public String toString() {
    return "Target[" + address + ", " + app + ", " + dashboard + "]";
  }
}

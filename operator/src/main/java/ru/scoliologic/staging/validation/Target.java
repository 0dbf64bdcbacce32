package ru.scoliologic.staging.validation;

import ru.scoliologic.staging.api.IngressSpec;

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
    String grafana) {

  @Override
  public String toString() {
    return "Target[" + address + ", " + app + ", " + dashboard + "]";
  }
}

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
 * @param health the application's health check
 */
public record CheckTarget(
    Endpoint endpoint,
    Hosts hosts,
    Trust trust,
    Access access,
    HealthCheck health,
    Declared declared) {

  /** Traefik lets requests with this header through to the application, and removes it. */
  static final String CHECK_HEADER = "X-Staging-Check";

  /**
   * Where the requests go.
   *
   * @param address of the ingress, or of a pod
   * @param port of the application's pods
   */
  public record Endpoint(String address, int port) {}

  /**
   * The host names to which requests are sent.
   *
   * @param dashboard or null when there is none
   * @param grafana or null when it does not run
   */
  public record Hosts(String app, String dashboard, String grafana) {}

  /**
   * The expected certificates.
   *
   * @param server the ACME server that issues them
   * @param caBundle PEM certificates of a custom server's roots, or empty
   */
  public record Trust(IngressSpec.Server server, String caBundle) {}

  /**
   * How the operator's own requests get in.
   *
   * @param user of the dashboard
   * @param password of that user
   * @param protection of the application's domain; null when it is open
   * @param checkToken authenticates requests to a protected domain, or empty
   */
  public record Access(String user, String password, AccessSpec protection, String checkToken) {
    /** No protection is in the way, as at a pod. */
    public static final Access OPEN = new Access("", "", null, "");

    /** Headers that authenticate the requests to the application. */
    Map<String, String> headers() {
      return protection == null || checkToken.isEmpty()
          ? Map.of()
          : Map.of(CHECK_HEADER, checkToken);
    }

    @Override
    public String toString() {
      return "Access[" + user + "]";
    }
  }

  /**
   * The checks that the spec declares.
   *
   * @param secrets the values to which their headers refer
   * @param masking removes secret values from their results
   */
  public record Declared(ValidationSpec spec, Map<KeyRef, String> secrets, SecretMasker masking) {
    @Override
    public String toString() {
      return "Declared[" + spec + "]";
    }
  }

  @Override
  public String toString() {
    return "CheckTarget[" + endpoint.address() + ", " + hosts + "]";
  }
}

package ru.scoliologic.staging.validation;

import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

/** Targets of checks that run against a server of the test. */
public final class GivenTarget {
  private GivenTarget() {}

  /** A pod at this port. */
  public static CheckTarget pod(int port, HealthCheck health, ValidationSpec spec) {
    return new CheckTarget(
        new CheckTarget.Endpoint("127.0.0.1", port),
        new CheckTarget.Hosts("app.staging.test", null, null),
        new CheckTarget.Trust(IngressSpec.Server.Custom, ""),
        CheckTarget.Access.OPEN,
        health,
        new CheckTarget.Declared(spec, Map.of(), new SecretMasker(List.of())));
  }

  /**
   * An ingress with a dashboard.
   *
   * @param authority PEM certificates of its authority
   * @param protection of the application's domain; null when it is open
   */
  public static CheckTarget ingress(
      HealthCheck health, String authority, AccessSpec protection, ValidationSpec spec) {
    return new CheckTarget(
        new CheckTarget.Endpoint("127.0.0.1", 3000),
        new CheckTarget.Hosts("app.staging.test", "traefik.staging.test", null),
        new CheckTarget.Trust(IngressSpec.Server.Custom, authority),
        new CheckTarget.Access("operator", "dashboard-password", protection, "the-token"),
        health,
        new CheckTarget.Declared(spec, Map.of(), new SecretMasker(List.of())));
  }
}

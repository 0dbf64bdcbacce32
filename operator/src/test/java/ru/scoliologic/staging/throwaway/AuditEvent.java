package ru.scoliologic.staging.throwaway;

import java.time.Instant;

/**
 * One answered request of the API server's audit log. Absent parts are empty strings.
 *
 * @param user who asked, such as {@code system:serviceaccount:ns:name}; the impersonated user if
 *     there is one
 * @param resource plural, with the subresource after a slash
 * @param dryRun whether it was only tried
 * @param time when the request arrived
 * @param answered when it was answered
 */
public record AuditEvent(
    String verb,
    String user,
    String apiGroup,
    String resource,
    String namespace,
    String name,
    int code,
    boolean dryRun,
    Instant time,
    Instant answered) {

  /**
   * True for every request that may change something; a review of one's own rights is created, yet
   * changes nothing.
   */
  public boolean isWrite() {
    return !dryRun
        && !apiGroup.equals("authorization.k8s.io")
        && switch (verb) {
          case "create", "update", "patch", "delete", "deletecollection" -> true;
          default -> false;
        };
  }

  /** True when the ServiceAccount asked. */
  public boolean isBy(String namespace, String serviceAccount) {
    return user.equals("system:serviceaccount:" + namespace + ":" + serviceAccount);
  }
}

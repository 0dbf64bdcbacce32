package ru.scoliologic.staging.validation;

import java.util.Optional;
import ru.scoliologic.staging.api.ValidationSpec.Priority;

/** Whether a protection protects (pure): judged by a request with neither token nor password. */
final class AccessCheck {
  private AccessCheck() {}

  /** The operator's own address may be among those that are let in, so a list alone is a remark. */
  static Priority priority(Target target) {
    return target.access().basicAuth() == null ? Priority.Important : Priority.Critical;
  }

  /** What is wrong with the answer's status, if anything. */
  static Optional<String> judge(Target target, int status) {
    if (status == 401 || status == 403) {
      return Optional.empty();
    }
    var found =
        "https://%s/ without a password: found status %d, needed 401 or 403"
            .formatted(target.app(), status);
    return Optional.of(
        target.access().basicAuth() == null
            ? found
                + "; allowFrom has the address that the operator's request came from: the cluster's"
                + " own, or one that a load balancer puts in the place of everybody's"
            : found);
  }
}

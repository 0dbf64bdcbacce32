package ru.scoliologic.staging.validation;

import java.util.Optional;
import ru.scoliologic.staging.api.ValidationSpec.Priority;

/** Checks that access protection works: a request without token or password must be rejected. */
final class AccessCheck {
  private AccessCheck() {}

  /** An allow list may include the operator's own address, so a list alone gives only a remark. */
  static Priority priority(CheckTarget target) {
    return target.access().protection().basicAuth() == null
        ? Priority.Important
        : Priority.Critical;
  }

  /** The problem with the answer's status, if any. */
  static Optional<String> judge(CheckTarget target, int status) {
    if (status == 401 || status == 403) {
      return Optional.empty();
    }
    var found =
        "https://%s/ without a password: found status %d, needed 401 or 403"
            .formatted(target.hosts().app(), status);
    return Optional.of(
        target.access().protection().basicAuth() == null
            ? found
                + "; allowFrom has the address that the operator's request came from: the"
                + " cluster's own, or one of a load balancer that replaces the clients' addresses"
            : found);
  }
}

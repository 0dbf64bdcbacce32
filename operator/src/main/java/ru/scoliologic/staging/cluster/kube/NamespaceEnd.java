package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Optional;

/** Recognizes API errors about a namespace that is being deleted or is gone. */
public final class NamespaceEnd {
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final String TERMINATING = "NamespaceTerminating";

  private NamespaceEnd() {}

  /** Whether a write failed for that reason; a retry cannot succeed. */
  public static boolean isCauseOf(RuntimeException error) {
    return error instanceof KubernetesClientException refused
        && Optional.ofNullable(refused.getStatus())
            .filter(status ->
                refused.getCode() == FORBIDDEN ? isEnding(status) : isGone(refused, status))
            .isPresent();
  }

  private static boolean isEnding(Status status) {
    return status.getDetails() != null
        && status.getDetails().getCauses() != null
        && status.getDetails().getCauses().stream()
            .anyMatch(cause -> TERMINATING.equals(cause.getReason()));
  }

  private static boolean isGone(KubernetesClientException refused, Status status) {
    return refused.getCode() == NOT_FOUND
        && status.getDetails() != null
        && "namespaces".equals(status.getDetails().getKind());
  }
}

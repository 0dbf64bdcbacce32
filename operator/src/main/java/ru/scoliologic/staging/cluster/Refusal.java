package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Optional;
import ru.scoliologic.staging.stage.Reason;

/**
 * The cluster's no to an object or to a pod, by its cause (pure).
 *
 * @param reason the named cause
 * @param message what was refused, and the cluster's words
 */
public record Refusal(Reason reason, String message) {
  private static final int FORBIDDEN = 403;
  private static final int INVALID = 422;

  /** Words by which a controller or the API server says that admission refused. */
  private static final List<String> ADMISSION =
      List.of("admission webhook", "ValidatingAdmissionPolicy", "violates PodSecurity", "denied");

  /** From the answer to a write; empty for a fault that another try may mend. */
  static Optional<Refusal> of(HasMetadata object, KubernetesClientException e) {
    if (e.getCode() != FORBIDDEN && e.getCode() != INVALID) {
      return Optional.empty();
    }
    var said = e.getStatus() == null ? "" : e.getStatus().getMessage();
    var cause =
        e.getCode() == FORBIDDEN && said.contains("User \"")
            ? Optional.of(Reason.RIGHTS_MISSING)
            : cause(said);
    return cause.map(reason -> new Refusal(reason, Applier.key(object) + ": " + said));
  }

  /** From the words of a controller that could not make a pod; empty when they tell nothing. */
  public static Optional<Refusal> ofPods(String said) {
    return cause(said).map(reason -> new Refusal(reason, "its pod is refused: " + said));
  }

  private static Optional<Reason> cause(String said) {
    if (said.contains("exceeded quota") || said.contains("failed quota")) {
      return Optional.of(Reason.QUOTA_EXCEEDED);
    }
    return ADMISSION.stream().anyMatch(said::contains) || said.contains("is forbidden")
        ? Optional.of(Reason.ADMISSION_REFUSED)
        : Optional.empty();
  }
}

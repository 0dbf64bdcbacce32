package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/**
 * A rejection of an object or a pod by the cluster, with its cause.
 *
 * @param reason the named cause
 * @param message what was rejected, and the cluster's message
 * @param object kind and name; empty for a pod of a controller
 */
public record Refusal(Reason reason, String message, String object) {
  private static final int FORBIDDEN = 403;
  private static final int INVALID = 422;

  /** Messages of controllers and the API server about a rejection by admission. */
  private static final List<String> ADMISSION =
      List.of("admission webhook", "ValidatingAdmissionPolicy", "violates PodSecurity", "denied");

  /** Messages about a pod that is invalid after admission, or a webhook that does not respond. */
  private static final List<String> NO_POD = List.of("is invalid: ", "failed calling webhook");

  private static final String OVER_LIMIT = "must be less than or equal to";

  /** Messages about a webhook that denies, with any status code, or does not respond. */
  private static final List<String> WEBHOOK =
      List.of("admission webhook \"", "failed calling webhook");

  /**
   * The result of a stage with refusals: all of them, with the reason of the first.
   *
   * @param refusals at least one
   */
  public static StageResult failing(List<Refusal> refusals) {
    return new StageResult.Failing(
        refusals.getFirst().reason(),
        refusals.stream().map(Refusal::message).collect(Collectors.joining("; ")));
  }

  /** From the response to a write; empty for an error that a retry may fix. */
  static Optional<Refusal> of(HasMetadata object, KubernetesClientException e) {
    if (NamespaceEnd.isCauseOf(e)) {
      return Optional.empty();
    }
    var said =
        e.getStatus() == null ? "" : Objects.requireNonNullElse(e.getStatus().getMessage(), "");
    var key = Applier.key(object);
    return reason(e.getCode(), said)
        .map(reason -> new Refusal(reason, key + ": " + said + helps(reason), key));
  }

  private static Optional<Reason> reason(int code, String said) {
    if (WEBHOOK.stream().anyMatch(said::contains)) {
      return Optional.of(Reason.ADMISSION_REFUSED);
    }
    if (code == FORBIDDEN && said.contains("User \"")) {
      return Optional.of(Reason.RIGHTS_MISSING);
    }
    return code == FORBIDDEN || code == INVALID
        ? cause(said).or(() -> Optional.of(Reason.OBJECT_INVALID).filter(r -> code == INVALID))
        : Optional.empty();
  }

  private static String helps(Reason reason) {
    return reason == Reason.OBJECT_INVALID
        ? "; the API server rejects such an object: correct the field of the spec that"
            + " the value comes from, or, where the spec does not give it, the policy or"
            + " webhook that sets it"
        : "";
  }

  /** From a controller's message about a pod that it could not create; empty if not recognized. */
  public static Optional<Refusal> ofPods(String said) {
    return cause(said)
        .or(() ->
            Optional.of(Reason.ADMISSION_REFUSED)
                .filter(reason -> NO_POD.stream().anyMatch(said::contains)))
        .map(reason -> new Refusal(reason, "its pod is refused: " + said + limited(said), ""));
  }

  private static String limited(String said) {
    return said.contains(OVER_LIMIT)
        ? "; the spec gives no such limit, so a LimitRange of the namespace does: raise its default,"
            + " or give the component resources.limits"
        : "";
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

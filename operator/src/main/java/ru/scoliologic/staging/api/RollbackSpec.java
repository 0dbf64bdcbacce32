package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;

/** The handling of a failed deployment. */
public record RollbackSpec(
    @Default(DEFAULT_FIRST_DEPLOYMENT)
        @JsonPropertyDescription(
            "What happens when the first deployment fails for good. Keep: it stays as it is, to be"
                + " looked at. Wipe: all that was deployed is removed with its volumes, and deployed"
                + " anew when the spec or its configuration changes or spec.retry of the release"
                + " does. Nothing is wiped once every component has been available, nor with volumes"
                + " of an earlier environment. Wipe needs ClusterRole staging-operator-wipe bound to"
                + " the operator in the namespace.")
        FirstDeployment firstDeployment,
    @Default(DEFAULT_ON_FAILURE)
        @JsonPropertyDescription(
            "What happens when a version fails its checks after it got the traffic. Previous: the"
                + " verified version before it serves again at once. Hold: it goes on serving, to be"
                + " looked at, until another version is asked for.")
        OnFailure onFailure) {

  static final String DEFAULT_FIRST_DEPLOYMENT = "Keep";
  static final String DEFAULT_ON_FAILURE = "Previous";
  static final RollbackSpec DEFAULTS = new RollbackSpec(null, null);

  public RollbackSpec {
    firstDeployment =
        firstDeployment == null
            ? FirstDeployment.valueOf(DEFAULT_FIRST_DEPLOYMENT)
            : firstDeployment;
    onFailure = onFailure == null ? OnFailure.valueOf(DEFAULT_ON_FAILURE) : onFailure;
  }

  /** What happens to a version that fails its checks while it serves. */
  public enum OnFailure {
    Previous,
    Hold
  }

  /** What happens to a failed first deployment. */
  public enum FirstDeployment {
    Keep,
    Wipe
  }
}

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;

/** The handling of a failed deployment. */
public record RollbackSpec(
    @Default(DEFAULT_FIRST_DEPLOYMENT)
        @JsonPropertyDescription(
            "Effect when the first deployment fails permanently. Keep: it stays as it is,"
                + " for inspection. Wipe: everything deployed is removed with its volumes, and"
                + " is deployed again when the spec, its configuration or spec.retry of the"
                + " release changes. Nothing is wiped if every component has once been"
                + " available, or if volumes of an earlier environment exist. Wipe needs"
                + " ClusterRole staging-operator-wipe bound to the operator in the namespace.")
        FirstDeployment firstDeployment,
    @Default(DEFAULT_ON_FAILURE)
        @JsonPropertyDescription(
            "Effect when a version fails its checks after it got the traffic. Previous:"
                + " the traffic returns to the previous verified version immediately. Hold: the"
                + " version keeps serving, for inspection, until another version is requested.")
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

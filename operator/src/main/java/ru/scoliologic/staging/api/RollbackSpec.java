package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;

/** What becomes of a deployment that fails. */
public record RollbackSpec(
    @Default(DEFAULT_FIRST_DEPLOYMENT)
        @JsonPropertyDescription(
            "What happens when the first deployment fails for good. Keep: it stays as it is, to be"
                + " looked at. Wipe: all that was deployed is removed with its volumes, and deployed"
                + " anew when the spec or its configuration changes or spec.retry of the release"
                + " does. Nothing is wiped once every component has been available, nor with volumes"
                + " of an earlier environment. Wipe needs ClusterRole staging-operator-wipe bound to"
                + " the operator in the namespace.")
        FirstDeployment firstDeployment) {

  static final String DEFAULT_FIRST_DEPLOYMENT = "Keep";
  static final RollbackSpec DEFAULTS = new RollbackSpec(null);

  public RollbackSpec {
    firstDeployment =
        firstDeployment == null
            ? FirstDeployment.valueOf(DEFAULT_FIRST_DEPLOYMENT)
            : firstDeployment;
  }

  /** What becomes of a first deployment that fails. */
  public enum FirstDeployment {
    Keep,
    Wipe
  }
}

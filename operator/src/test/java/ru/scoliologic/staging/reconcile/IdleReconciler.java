package ru.scoliologic.staging.reconcile;

import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import ru.scoliologic.staging.api.StagingEnvironment;

/** Does nothing, under the name of the real one, which the SDK's metrics bear. */
@ControllerConfiguration(name = "stagingenvironment")
public final class IdleReconciler implements Reconciler<StagingEnvironment> {
  @Override
  public UpdateControl<StagingEnvironment> reconcile(
      StagingEnvironment environment, Context<StagingEnvironment> context) {
    return UpdateControl.noUpdate();
  }
}

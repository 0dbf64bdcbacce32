package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.reconcile.assess.RolloutOutcome;
import ru.scoliologic.staging.reconcile.publish.EventRecorder;
import ru.scoliologic.staging.reconcile.publish.PassOutcome;
import ru.scoliologic.staging.reconcile.publish.ReleasePublisher;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** The only writer of an environment's status; events and releases follow what it wrote. */
final class StatusPublisher {
  private final Clock clock;
  private final EventRecorder events;
  private final ReleasePublisher releases;
  private final OperatorMetrics metrics;

  StatusPublisher(
      Clock clock, EventRecorder events, ReleasePublisher releases, OperatorMetrics metrics) {
    this.clock = clock;
    this.events = events;
    this.releases = releases;
    this.metrics = metrics;
  }

  /** Publishes the outcome and returns the new status. */
  StagingEnvironmentStatus publish(
      StagingEnvironment environment, PassOutcome outcome, Context<StagingEnvironment> context) {
    var status = publishStatus(environment, outcome, context);
    // After the status: a release's request counts as handled only once its effect is stored.
    outcome.versions().ifPresent(versions -> publishReleases(environment, outcome, versions));
    return status;
  }

  /** Ready keeps its last value; the reason explains why the environment is not reconciled. */
  void suspended(StagingEnvironment environment, Context<StagingEnvironment> context) {
    var message = "suspended: nothing is changed or checked until spec.suspend is false";
    var result =
        Conditions.isTrue(conditions(environment), Conditions.READY)
            ? new StageResult.Ready(Reason.SUSPENDED, message)
            : new StageResult.Failing(Reason.SUSPENDED, message);
    publishStatus(environment, PassOutcome.refused(Map.of(), result), context);
  }

  /** Reports an unexpected error that lasts. */
  void failed(StagingEnvironment environment, String cause, Context<StagingEnvironment> context) {
    var result = new StageResult.Failing(Reason.UNEXPECTED_ERROR, cause);
    publishStatus(environment, PassOutcome.refused(Map.of(), result), context);
  }

  private void publishReleases(
      StagingEnvironment environment, PassOutcome outcome, RolloutOutcome versions) {
    var snapshot = versions.snapshot();
    var facts = outcome.facts(versions);
    if (Conditions.gateOpened(conditions(environment), Stage.DEPLOYMENT)) {
      releases.publish(snapshot, facts, outcome.masking());
    } else {
      outcome
          .awaited()
          .ifPresent(
              awaited -> releases.publishAwaiting(snapshot, facts, outcome.masking(), awaited));
    }
  }

  private static List<Condition> conditions(StagingEnvironment environment) {
    return environment.getStatus() == null ? null : environment.getStatus().conditions();
  }

  private StagingEnvironmentStatus publishStatus(
      StagingEnvironment environment, PassOutcome outcome, Context<StagingEnvironment> context) {
    var last = environment.getStatus();
    var status = outcome.status(environment, last, clock);
    if (!status.equals(last)) {
      var fresh = new StagingEnvironment();
      fresh.setMetadata(
          new ObjectMetaBuilder()
              .withName(environment.getMetadata().getName())
              .withNamespace(environment.getMetadata().getNamespace())
              .build());
      fresh.setStatus(status);
      PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(environment, fresh, context);
      List<Condition> before = last == null ? List.of() : last.conditions();
      metrics.wrote("patch", environment.getKind() + "/status");
      metrics.published(environment, before, status.conditions(), clock);
      events.transitions(
          environment, before, status.conditions(), outcome.outcomes(), clock.instant());
      events.database(environment, last, status, clock.instant());
      events.rotations(environment, last, status, clock.instant());
    }
    return status;
  }
}

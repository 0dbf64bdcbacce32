package ru.scoliologic.staging.reconcile.check;

import io.fabric8.kubernetes.api.model.Container;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.BuiltInCheck;
import ru.scoliologic.staging.validation.Verdicts;

/** The result of the checks through the ingress for the serving version. */
public final class ServingVerdict {
  /** Until then the ingress may still route to the previous version. */
  public static final Duration SETTLED = Duration.ofSeconds(3);

  /** Grace period of a version that has just received the traffic, or its database back. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private ServingVerdict() {}

  /** Whether the checks now reach only the serving version, with its current image. */
  public static boolean settled(Snapshot snapshot, Rollout rollout) {
    return !snapshot.now().isBefore(rollout.switchedAt().plus(SETTLED))
        && images(snapshot, rollout.serving()).distinct().count() <= 1;
  }

  /** Images of the pods that may answer, as a stopping pod does until its deadline. */
  private static Stream<String> images(Snapshot snapshot, AppVersion version) {
    return snapshot.pods().stream()
        .filter(pod -> version.id().equals(pod.getMetadata().getLabels().get(Labels.VERSION)))
        .filter(pod ->
            !pod.isMarkedForDeletion()
                || snapshot.now().isBefore(Instant.parse(pod.getMetadata().getDeletionTimestamp())))
        .filter(pod -> !PodStatuses.isOver(pod))
        .flatMap(pod -> pod.getSpec().getContainers().stream())
        .filter(container -> container.getName().equals(ComponentName.APP.label()))
        .map(Container::getImage);
  }

  /**
   * Decides whether the serving version passes.
   *
   * @param results of the assessed stages
   * @param checked the outcome of every check, if they ran
   * @param known names of the critical checks that the previous version failed too
   * @param blames whether a failure counts against the version: its dependencies are available
   */
  public static Checks judge(
      Snapshot snapshot,
      Plan plan,
      Map<Stage, StageResult> results,
      List<Result> checked,
      Set<String> known,
      boolean blames) {
    var rollout = plan.rollout();
    boolean patient =
        Stream.of(rollout.switchedAt(), Dependencies.since(snapshot))
            .anyMatch(since -> snapshot.now().isBefore(since.plus(PATIENCE)));
    if (blames && AppResources.failedForGood(snapshot, rollout.serving())) {
      return Checks.FAILED;
    }
    var result = results.get(Stage.VALIDATION);
    if (result == null || result instanceof StageResult.Waiting || !settled(snapshot, rollout)) {
      return Checks.UNKNOWN;
    }
    if (result.isReady()) {
      return Checks.PASSED;
    }
    var failures =
        Verdicts.criticalFailures(
            checked.stream().filter(check -> !BuiltInCheck.isOfTheIngress(check)).toList());
    if (failures.isEmpty() || known.containsAll(failures) || !blames) {
      return Checks.INCONCLUSIVE;
    }
    return patient ? Checks.UNKNOWN : Checks.FAILED;
  }
}

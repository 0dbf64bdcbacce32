package ru.scoliologic.staging.reconcile.assess;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.gitops.GitopsResources;
import ru.scoliologic.staging.gitops.GitopsStage;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.registry.RegistryResources;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision.Wait;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Stage 5: whether the branch is followed, and the status of its newest commit. */
public final class GitopsAssessment {
  private GitopsAssessment() {}

  /** The agent, and the environment's registry if it has one; empty without a branch. */
  public static List<ComponentHealth> components(Snapshot snapshot) {
    return Stream.of(GitopsResources.observe(snapshot), RegistryResources.observe(snapshot))
        .flatMap(Optional::stream)
        .toList();
  }

  public static StageResult assess(Snapshot snapshot, Plan plan) {
    var followed = GitopsStage.assess(components(snapshot), GitopsStage.state(snapshot));
    if (!followed.isReady()) {
      return followed;
    }
    return plan.target()
        .head()
        .filter(AppVersion::ofCommit)
        .flatMap(version -> ReleaseCatalog.find(snapshot, version.id()))
        .map(release -> newest(snapshot, plan, release))
        .<StageResult>map(said ->
            new StageResult.Ready(said.reason(), sentence(followed) + "; " + said.message()))
        .orElse(followed);
  }

  private static String sentence(StageResult followed) {
    var message = followed.message();
    return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
  }

  private static StageResult.Ready newest(Snapshot snapshot, Plan plan, StagingRelease release) {
    var version = ReleaseCatalog.version(snapshot, release);
    var serving = plan.rollout().serving();
    var seeRelease = "see StagingRelease " + release.getMetadata().getName();
    if (version.equals(serving)) {
      return new StageResult.Ready(Reason.FOLLOWING, version.title() + " serves");
    }
    var status = release.getStatus();
    boolean marked = ReleaseLedger.gaveUp(snapshot, version, plan.configuration());
    if (marked && status.timings() != null && status.timings().switched() != null) {
      return new StageResult.Ready(
          Reason.ROLLED_BACK,
          "%s failed its checks and %s serves again: %s"
              .formatted(version.title(), serving.title(), seeRelease));
    }
    // As the agent reports it: the release's conditions follow only in the next pass.
    boolean unbuilt =
        status != null && status.build() != null && status.build().state() == BuildState.Failed;
    if (marked || unbuilt) {
      return new StageResult.Ready(
          Reason.COMMIT_FAILED,
          "%s failed and got no traffic: %s".formatted(version.title(), seeRelease));
    }
    boolean heldBack =
        plan.target().desired().filter(desired -> !desired.equals(version)).isPresent();
    var wait = heldBack ? Wait.HELD_BACK : plan.forecast().waits().get(version.id());
    return new StageResult.Ready(Reason.FOLLOWING, version.title() + " " + awaited(wait));
  }

  private static String awaited(Wait wait) {
    return switch (wait) {
      case null -> "is to serve next";
      case NOT_BUILT -> "is not built yet";
      case NOT_APPROVED -> "is built and awaits approval";
      case HELD_BACK -> "is held back by a pin or a requested release";
      case STARTING -> "starts";
      case CHECKING, INCONCLUSIVE, FAILING -> "is checked";
      case NOT_COMING_UP -> "does not become healthy";
    };
  }

  /** The result of stage 3 while no version exists that could serve. */
  static StageResult awaitsFirstBuild(Snapshot snapshot, Plan plan) {
    var followed = GitopsStage.assess(components(snapshot), GitopsStage.state(snapshot));
    if (!followed.isReady()) {
      return followed;
    }
    var head =
        plan.target().desired().flatMap(version -> ReleaseCatalog.find(snapshot, version.id()));
    var build = head.flatMap(r -> Optional.ofNullable(r.getStatus())).map(s -> s.build());
    var message =
        head.map(release ->
                "release %s becomes the first version: %s"
                    .formatted(
                        release.getMetadata().getName(),
                        build
                            .map(b -> b.message() == null ? b.state().name() : b.message())
                            .orElse("its build has not begun")))
            .orElse("the first build is not done yet: " + followed.message());
    return new StageResult.Waiting(Reason.AWAITING_FIRST_BUILD, message);
  }
}

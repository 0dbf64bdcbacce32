package ru.scoliologic.staging.reconcile;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.gitops.GitopsResources;
import ru.scoliologic.staging.gitops.GitopsStage;
import ru.scoliologic.staging.registry.RegistryResources;
import ru.scoliologic.staging.release.Catalog;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.release.NextStep.Wait;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Stage 5: whether the branch is followed, and how its newest commit fares (pure). */
final class Following {
  private Following() {}

  /** The agent, and the registry where the environment has its own; none without a branch. */
  static List<Component> components(Snapshot snapshot) {
    return Stream.of(GitopsResources.observe(snapshot), RegistryResources.observe(snapshot))
        .flatMap(Optional::stream)
        .toList();
  }

  /** The stage's result. */
  static StageResult assess(Snapshot snapshot, Plan plan) {
    var followed = GitopsStage.assess(components(snapshot), GitopsStage.state(snapshot));
    if (!followed.isReady()) {
      return followed;
    }
    return plan.target()
        .head()
        .filter(Version::ofCommit)
        .flatMap(version -> Catalog.find(snapshot, version.id()))
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
    var version = Catalog.version(snapshot, release);
    var serving = plan.rollout().serving();
    var seeRelease = "see StagingRelease " + release.getMetadata().getName();
    if (version.equals(serving)) {
      return new StageResult.Ready(Reason.FOLLOWING, version.title() + " serves");
    }
    var status = release.getStatus();
    boolean marked = Ledger.gaveUp(snapshot, version, plan.configuration());
    if (marked && status.timings() != null && status.timings().switched() != null) {
      return new StageResult.Ready(
          Reason.ROLLED_BACK,
          "%s failed its checks and %s serves again: %s"
              .formatted(version.title(), serving.title(), seeRelease));
    }
    boolean unbuilt =
        status != null
            && Conditions.find(status.conditions(), Ledger.BUILT)
                .filter(c -> c.getReason().equals(Reason.BUILD_FAILED.camelCase()))
                .isPresent();
    if (marked || unbuilt) {
      return new StageResult.Ready(
          Reason.COMMIT_FAILED,
          "%s failed and got no traffic: %s".formatted(version.title(), seeRelease));
    }
    return new StageResult.Ready(
        Reason.FOLLOWING, version.title() + " " + awaited(plan.step().waits().get(version.id())));
  }

  private static String awaited(Wait wait) {
    return switch (wait) {
      case null -> "is to serve next";
      case NOT_BUILT -> "is not built yet";
      case NOT_APPROVED -> "is built and awaits approval";
      case HELD_BACK -> "is held back by a pin or a request";
      case STARTING -> "starts";
      case CHECKING, INCONCLUSIVE, FAILING -> "is checked";
      case NOT_COMING_UP -> "does not come up";
    };
  }

  /** What stage 3 says while no version is there that could serve. */
  static StageResult awaitsFirstBuild(Snapshot snapshot, Plan plan) {
    var followed = GitopsStage.assess(components(snapshot), GitopsStage.state(snapshot));
    if (!followed.isReady()) {
      return followed;
    }
    var head = plan.target().desired().flatMap(version -> Catalog.find(snapshot, version.id()));
    var build = head.flatMap(r -> Optional.ofNullable(r.getStatus())).map(s -> s.build());
    var message =
        head.map(release ->
                "release %s is to be the first version: %s"
                    .formatted(
                        release.getMetadata().getName(),
                        build
                            .map(b -> b.message() == null ? b.state().name() : b.message())
                            .orElse("its build has not begun")))
            .orElse("the first build is awaited: " + followed.message());
    return new StageResult.Waiting(Reason.AWAITING_FIRST_BUILD, message);
  }
}

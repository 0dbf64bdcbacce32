package ru.scoliologic.staging.reconcile.assess;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.cluster.model.VolumeGrowth;
import ru.scoliologic.staging.reconcile.check.CandidateChecker;
import ru.scoliologic.staging.reconcile.plan.ComponentModules;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** Assesses stage 3, the application's versions, and the current stage. */
public final class DeploymentAssessment {
  /** Reasons of a component that is starting. */
  private static final Set<Reason> WAITING =
      EnumSet.of(Reason.COMPONENTS_STARTING, Reason.MODELS_PULLING, Reason.AWAITING_FIRST_BUILD);

  /** Reasons that only a change of the spec removes. */
  private static final Set<Reason> SPEC_ONLY =
      EnumSet.of(Reason.MODELS_TOO_LARGE, Reason.DATA_OF_OTHER_VERSION);

  private static final Duration PULL_LOOK = Duration.ofSeconds(2);

  private DeploymentAssessment() {}

  /** Every component, with the serving version of the application. */
  public static List<ComponentHealth> components(Snapshot snapshot, Plan plan) {
    return ComponentModules.health(snapshot, plan.rollout())
        .map(health -> health.name() == ComponentName.APP ? app(snapshot, plan, health) : health)
        .toList();
  }

  private static ComponentHealth app(Snapshot snapshot, Plan plan, ComponentHealth app) {
    if (!plan.rollout().serving().exists()) {
      return new ComponentHealth(
          app.name(), false, "", Reason.AWAITING_FIRST_BUILD, "awaits the first build");
    }
    if (plan.databaseTasks().holdTheApp() && !app.ready()) {
      return new ComponentHealth(
          app.name(), false, app.image(), app.reason(), "stopped for a task on the database");
    }
    // Pods with the old value keep serving until pods with the new one do.
    return plan.rotating() && Rollout.available(snapshot, plan.rollout().serving())
        ? new ComponentHealth(app.name(), true, app.image(), null, "available")
        : app;
  }

  /** The result of stage 3, from its components, the database tasks and the volumes. */
  public static StageResult deployment(
      List<ComponentHealth> components, Snapshot snapshot, Plan plan) {
    var running = plan.databaseTasks().running(snapshot, plan.masking());
    if (running.isPresent() && !troubled(components, ComponentName.POSTGRES)) {
      return running.get();
    }
    var migration = plan.migration().result();
    boolean onlyTheApp =
        components.stream().allMatch(c -> c.ready() != (c.name() == ComponentName.APP));
    if (!plan.rollout().serving().exists() && onlyTheApp) {
      return GitopsAssessment.awaitsFirstBuild(snapshot, plan);
    }
    if (migration.isPresent() && onlyTheApp) {
      return migration.get();
    }
    var result = deployment(components);
    if (!result.isReady()) {
      return result;
    }
    return plan.databaseTasks()
        .failure(snapshot, plan.masking())
        .orElseGet(() ->
            plan.refusedGrowth().isEmpty()
                ? result
                : new StageResult.Ready(
                    plan.refusedGrowth().getFirst().reason(),
                    plan.refusedGrowth().stream()
                        .map(VolumeGrowth.Refused::sentence)
                        .collect(Collectors.joining("; ", result.message() + "; ", ""))));
  }

  /** Whether a component is down for a cause of its own: its dependents are not reported then. */
  private static boolean troubled(List<ComponentHealth> components, ComponentName name) {
    return components.stream()
        .anyMatch(c -> c.name() == name && !c.ready() && !WAITING.contains(c.reason()));
  }

  /** The combined result of the components. */
  public static StageResult deployment(List<ComponentHealth> components) {
    var notReady = components.stream().filter(c -> !c.ready()).toList();
    if (notReady.isEmpty()) {
      var names = components.stream().map(ComponentHealth::name).toList();
      return new StageResult.Ready(
          Reason.DEPLOYED,
          "%s and %s are available"
              .formatted(
                  ComponentName.joined(names.subList(0, names.size() - 1)), names.getLast()));
    }
    return notReady.stream()
        .filter(c -> !WAITING.contains(c.reason()))
        .findFirst()
        .map(first -> trouble(first, notReady))
        .orElseGet(() -> waiting(notReady));
  }

  /** All faults; dependencies are listed before the application. */
  private static StageResult trouble(ComponentHealth first, List<ComponentHealth> notReady) {
    boolean appFails =
        notReady.stream()
            .anyMatch(c -> c.name() == ComponentName.APP && !WAITING.contains(c.reason()));
    var told =
        notReady.stream()
            .filter(c ->
                !WAITING.contains(c.reason())
                    || (appFails && Dependencies.isOfTheProcess(c.name())))
            .toList();
    // The last lines of the first one suffice; status.components has those of the others.
    var message =
        ProgramLog.with(
            told.getFirst().name() + ": " + told.getFirst().message(),
            told.stream()
                .skip(1)
                .map(c -> "; %s: %s".formatted(c.name(), ProgramLog.sentence(c.message())))
                .collect(Collectors.joining()));
    return SPEC_ONLY.contains(first.reason())
        ? new StageResult.Stalled(first.reason(), message)
        : new StageResult.Failing(first.reason(), message);
  }

  private static StageResult waiting(List<ComponentHealth> components) {
    var starting =
        components.stream().filter(c -> c.reason() == Reason.COMPONENTS_STARTING).toList();
    if (!starting.isEmpty()) {
      return new StageResult.Waiting(
          Reason.COMPONENTS_STARTING, ComponentHealth.starting(starting), StageResult.Waiting.SOON);
    }
    var pulling = components.getFirst();
    // No watch reports the progress of a pull.
    return new StageResult.Waiting(
        pulling.reason(), pulling.name() + " " + pulling.message(), PULL_LOOK);
  }

  /**
   * The state of a wanted version that does not serve yet; empty when there is none.
   *
   * @param look result of its checks
   */
  public static Optional<StageResult> candidate(
      Snapshot snapshot, Plan plan, CandidateChecker.Look look) {
    return givenUp(snapshot, plan)
        .or(() -> plan.rollout().candidate().map(version -> starts(snapshot, plan, version, look)));
  }

  /** A desired version that failed and is not tried again; stage 5 reports a commit. */
  private static Optional<StageResult> givenUp(Snapshot snapshot, Plan plan) {
    return plan.target()
        .desired()
        .filter(version -> !version.ofCommit())
        .filter(version -> !version.equals(plan.rollout().serving()))
        .filter(version -> ReleaseLedger.gaveUp(snapshot, version, plan.configuration()))
        .flatMap(version -> ReleaseCatalog.find(snapshot, version.id()))
        .map(release ->
            new StageResult.Stalled(
                Reason.CANDIDATE_FAILED,
                ProgramLog.with(
                    release.getStatus().message(),
                    "; it is not tried again: see StagingRelease "
                        + release.getMetadata().getName())));
  }

  private static StageResult starts(
      Snapshot snapshot, Plan plan, AppVersion version, CandidateChecker.Look look) {
    var state = AppResources.observe(snapshot, version);
    var serving = plan.rollout().serving().title();
    var migration = plan.migration().result();
    if (migration.isPresent()) {
      return migration.get().reason() == Reason.MIGRATION_RUNNING
          ? migration.get()
          : new StageResult.Failing(
              Reason.CANDIDATE_FAILED,
              ProgramLog.with(migration.get().message(), "; %s keeps serving".formatted(serving)));
    }
    if (look.state().isPresent()) {
      return look.state().get();
    }
    return state.reason() == null || state.reason() == Reason.COMPONENTS_STARTING
        ? new StageResult.Waiting(
            Reason.CANDIDATE_STARTING,
            "version %s starts beside %s, which serves%s"
                .formatted(
                    version.title(), serving, state.found().map(said -> "; " + said).orElse("")),
            StageResult.Waiting.SOON)
        : new StageResult.Failing(
            Reason.CANDIDATE_FAILED,
            ProgramLog.with(
                state.message(),
                "; version %s does not become healthy, %s keeps serving"
                    .formatted(version.title(), serving)));
  }

  /** The state of the wanted version that serves but is not up; empty when there is none. */
  public static Optional<StageResult> serving(Snapshot snapshot, Plan plan) {
    var version = plan.rollout().serving();
    if (!version.exists()) {
      return Optional.empty();
    }
    var state = AppResources.observe(snapshot, version);
    if (state.ready() || !version.equals(plan.wanted())) {
      return Optional.empty();
    }
    return plan.migration()
        .result()
        .or(() ->
            Optional.of(
                state.reason() == Reason.COMPONENTS_STARTING
                    ? new StageResult.Waiting(
                        Reason.COMPONENTS_STARTING,
                        "the first version starts: "
                            + state.found().orElse("see the environment's condition Deployed"))
                    : new StageResult.Failing(state.reason(), state.message())));
  }

  /** The stage in progress: the first that is not done, or the last one. */
  public static Stage current(List<Stage> stages, Map<Stage, StageResult> results) {
    Stage last = Stage.INFRASTRUCTURE;
    for (var stage : stages) {
      last = stage;
      var result = results.get(stage);
      if (result == null || !result.isReady()) {
        return stage;
      }
    }
    return last;
  }
}

package ru.scoliologic.staging.reconcile;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.ingress.TraefikResources;
import ru.scoliologic.staging.monitoring.GrafanaResources;
import ru.scoliologic.staging.monitoring.PrometheusResources;
import ru.scoliologic.staging.ollama.OllamaResources;
import ru.scoliologic.staging.postgres.PostgresResources;
import ru.scoliologic.staging.redis.RedisResources;
import ru.scoliologic.staging.release.Catalog;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** What the stages' results mean together (pure). */
final class Assessment {
  /** Reasons of a component that is on its way. */
  private static final Set<Reason> WAITING =
      EnumSet.of(Reason.COMPONENTS_STARTING, Reason.MODELS_PULLING, Reason.AWAITING_FIRST_BUILD);

  /** Reasons that only a change of the spec removes. */
  private static final Set<Reason> SPEC_ONLY =
      EnumSet.of(Reason.MODELS_TOO_LARGE, Reason.DATA_OF_OTHER_VERSION);

  private static final Duration PULL_LOOK = Duration.ofSeconds(2);

  private Assessment() {}

  /** Every component, the serving version of the application among them. */
  static List<Component> components(Snapshot snapshot, Plan plan) {
    var app = AppResources.observe(snapshot, plan.rollout());
    var components =
        new ArrayList<>(
            List.of(
                PostgresResources.observe(snapshot),
                RedisResources.observe(snapshot),
                app(plan, app)));
    if (!snapshot.environment().getSpec().ingress().sharesController()) {
      components.addFirst(TraefikResources.observe(snapshot));
    }
    OllamaResources.observe(snapshot).ifPresent(components::add);
    PrometheusResources.observe(snapshot).ifPresent(components::add);
    GrafanaResources.observe(snapshot).ifPresent(components::add);
    return List.copyOf(components);
  }

  private static Component app(Plan plan, Component app) {
    if (!plan.rollout().serving().exists()) {
      return new Component(
          app.name(), false, "", Reason.AWAITING_FIRST_BUILD, "awaits the first build");
    }
    return plan.databaseTasks().holdTheApp() && !app.ready()
        ? new Component(
            app.name(), false, app.image(), app.reason(), "stopped for a task on the database")
        : app;
  }

  /** Stage 3, from its components and from what is asked of the database and of the volumes. */
  static StageResult deployment(List<Component> components, Snapshot snapshot, Plan plan) {
    var running = plan.databaseTasks().running(snapshot, plan.masking());
    if (running.isPresent() && !troubled(components, PostgresResources.COMPONENT)) {
      return running.get();
    }
    var migration = plan.migration().result();
    boolean onlyTheApp =
        components.stream().allMatch(c -> c.ready() != c.name().equals(AppResources.COMPONENT));
    if (!plan.rollout().serving().exists() && onlyTheApp) {
      return Following.awaitsFirstBuild(snapshot, plan);
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
                    Reason.STORAGE_CANNOT_GROW,
                    result.message() + "; " + String.join("; ", plan.refusedGrowth())));
  }

  /**
   * Whether a component is not there for a cause of its own: what waits for it says nothing then.
   */
  private static boolean troubled(List<Component> components, String name) {
    return components.stream()
        .anyMatch(c -> c.name().equals(name) && !c.ready() && !WAITING.contains(c.reason()));
  }

  /** What the components say together. */
  static StageResult deployment(List<Component> components) {
    var notReady = components.stream().filter(c -> !c.ready()).toList();
    if (notReady.isEmpty()) {
      var names = components.stream().map(Component::name).toList();
      return new StageResult.Ready(
          Reason.DEPLOYED,
          "%s and %s are available"
              .formatted(String.join(", ", names.subList(0, names.size() - 1)), names.getLast()));
    }
    return notReady.stream()
        .filter(c -> !WAITING.contains(c.reason()))
        .findFirst()
        .map(Assessment::trouble)
        .orElseGet(() -> waiting(notReady));
  }

  private static StageResult trouble(Component component) {
    var message = component.name() + ": " + component.message();
    return SPEC_ONLY.contains(component.reason())
        ? new StageResult.Stalled(component.reason(), message)
        : new StageResult.Failing(component.reason(), message);
  }

  private static StageResult waiting(List<Component> components) {
    var starting =
        components.stream().filter(c -> c.reason() == Reason.COMPONENTS_STARTING).toList();
    if (!starting.isEmpty()) {
      return new StageResult.Waiting(
          Reason.COMPONENTS_STARTING,
          "starting: " + String.join(", ", starting.stream().map(Component::name).toList()),
          StageResult.Waiting.SOON);
    }
    var pulling = components.getFirst();
    // No watch tells how far a pull is.
    return new StageResult.Waiting(
        pulling.reason(), pulling.name() + " " + pulling.message(), PULL_LOOK);
  }

  /**
   * The state of a version that is wanted and does not serve yet; none when there is none.
   *
   * @param look what was found of it when it came up
   */
  static Optional<StageResult> candidate(
      Snapshot snapshot, Plan plan, CandidateVerification.Look look) {
    return givenUp(snapshot, plan)
        .or(() -> plan.rollout().candidate().map(version -> starts(snapshot, plan, version, look)));
  }

  /** What was asked for, failed and is not tried again; of a commit, stage 5 tells. */
  private static Optional<StageResult> givenUp(Snapshot snapshot, Plan plan) {
    return plan.target()
        .desired()
        .filter(version -> !version.ofCommit())
        .filter(version -> !version.equals(plan.rollout().serving()))
        .filter(version -> Ledger.gaveUp(snapshot, version, plan.configuration()))
        .flatMap(version -> Catalog.find(snapshot, version.id()))
        .map(release ->
            new StageResult.Stalled(
                Reason.CANDIDATE_FAILED,
                "%s; it is not tried again: see StagingRelease %s"
                    .formatted(release.getStatus().message(), release.getMetadata().getName())));
  }

  private static StageResult starts(
      Snapshot snapshot, Plan plan, Version version, CandidateVerification.Look look) {
    var state = AppResources.observe(snapshot, version);
    var serving = plan.rollout().serving().title();
    var migration = plan.migration().result();
    if (migration.isPresent()) {
      return migration.get().reason() == Reason.MIGRATION_RUNNING
          ? migration.get()
          : new StageResult.Failing(
              Reason.CANDIDATE_FAILED,
              "%s; %s goes on serving".formatted(migration.get().message(), serving));
    }
    if (look.state().isPresent()) {
      return look.state().get();
    }
    return state.reason() == null || state.reason() == Reason.COMPONENTS_STARTING
        ? new StageResult.Waiting(
            Reason.CANDIDATE_STARTING,
            "version %s starts beside %s, which serves".formatted(version.title(), serving))
        : new StageResult.Failing(
            Reason.CANDIDATE_FAILED,
            "version %s does not come up, %s goes on serving: %s"
                .formatted(version.title(), serving, state.message()));
  }

  /** How the wanted version is doing that serves but is not up; none when there is none. */
  static Optional<StageResult> serving(Snapshot snapshot, Plan plan) {
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
                        "the first version starts: see the environment's condition Deployed")
                    : new StageResult.Failing(state.reason(), state.message())));
  }

  /**
   * What Ready says: the first stage that is not done, else the candidate, else that all is well.
   */
  static StageResult overall(
      Map<Stage, StageResult> results, Optional<StageResult> candidate, String appDomain) {
    var ordered = new ArrayList<>(new EnumMap<>(results).values());
    return ordered.stream()
        .filter(result -> !result.isReady())
        .findFirst()
        .or(() -> candidate)
        .orElseGet(() ->
            new StageResult.Ready(
                Reason.READY, "https://%s serves and is verified".formatted(appDomain)));
  }

  /** The stage that is being worked on: the first that is not done, or the last one. */
  static Stage current(List<Stage> stages, Map<Stage, StageResult> results) {
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

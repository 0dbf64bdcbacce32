package ru.scoliologic.staging.reconcile.plan;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.ReleaseState;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Migration;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.cluster.model.VolumeGrowth;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.postgres.DatabaseCopies;
import ru.scoliologic.staging.postgres.DatabaseTasks;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.release.RolloutTarget;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.validation.ContainerChecks;

/**
 * All objects of an environment, from its spec and a snapshot.
 *
 * @param refusedGrowth sizes of volumes that the spec requests and the storage class does not allow
 * @param rotating whether a generated value is being replaced
 */
public record Plan(
    List<PlannedObject> objects,
    Versions versions,
    Jobs jobs,
    List<VolumeGrowth.Refused> refusedGrowth,
    boolean rotating,
    SecretMasker masking) {

  /**
   * The application's versions.
   *
   * @param forecast the likely decision once this pass has applied and checked the plan
   * @param wanted the version that must serve once it can
   */
  public record Versions(
      Rollout rollout,
      RolloutTarget target,
      RolloutDecision forecast,
      AppVersion wanted,
      ConfigurationHash configuration) {}

  /** What runs to its end. */
  public record Jobs(
      DatabaseTasks databaseTasks, Migration migration, ContainerChecks containers) {}

  public Rollout rollout() {
    return versions.rollout();
  }

  public RolloutTarget target() {
    return versions.target();
  }

  public RolloutDecision forecast() {
    return versions.forecast();
  }

  public AppVersion wanted() {
    return versions.wanted();
  }

  public ConfigurationHash configuration() {
    return versions.configuration();
  }

  public DatabaseTasks databaseTasks() {
    return jobs.databaseTasks();
  }

  public Migration migration() {
    return jobs.migration();
  }

  public ContainerChecks containers() {
    return jobs.containers();
  }

  /** The plan while no candidate has been checked. */
  public static Plan of(Snapshot snapshot, Settings settings) {
    return of(snapshot, settings, Checks.UNKNOWN);
  }

  /**
   * Computes the plan.
   *
   * @param candidate results of the checks of the version beside the serving one
   */
  public static Plan of(Snapshot snapshot, Settings settings, Checks candidate) {
    var app = new AppResources(snapshot, settings.appEnvironment());
    var seen = Rollout.see(snapshot, id -> ReleaseCatalog.known(snapshot, id));
    var target = RolloutTarget.of(snapshot, seen.serving().isPresent());
    var forecast =
        RolloutDecision.of(
            RolloutObservation.of(
                snapshot,
                seen,
                target,
                app.configuration(),
                RolloutObservation.Evidence.beforehand(candidate)));
    var versions = new Finder(snapshot, seen, target);
    var rollout =
        seen.laidOut(
            forecast.placement().serving().flatMap(versions::find),
            forecast.placement().candidate().flatMap(versions::find),
            forecast.placement().previous().flatMap(versions::find),
            snapshot.now());
    var wanted = forecast.wanted().flatMap(versions::find).orElse(AppVersion.NONE);
    boolean gaveUp = ReleaseLedger.gaveUp(snapshot, wanted, app.configuration());
    var tasks = DatabaseTasks.decide(snapshot);
    var migration =
        Migration.decide(
            snapshot,
            rollout,
            app,
            new Migration.Attempt(
                wanted,
                retry(snapshot, wanted),
                gaveUp ? ReleaseCatalog.find(snapshot, wanted.id()) : Optional.empty(),
                ComponentModules.dependenciesReady(snapshot, rollout)
                    && !tasks.holdMigrations()
                    && !AppResources.awaitsTag(snapshot, wanted)),
            id -> ReleaseLedger.settled(snapshot, id),
            new DatabaseCopies(snapshot, settings.masking()),
            settings.masking());
    var objects = new ArrayList<PlannedObject>();
    objects.addAll(settings.plan(snapshot));
    ComponentModules.plan(new PlanInput(snapshot, settings, app, rollout, migration, tasks))
        .forEach(objects::add);
    var containers = ContainerChecks.decide(snapshot, surface(snapshot, settings, rollout, app));
    objects.addAll(containers.plan());
    FirstDeployment.mark(snapshot, objects);
    var fitted = VolumeGrowth.fit(snapshot, objects);
    return new Plan(
        fitted.objects(),
        new Versions(rollout, target, forecast, wanted, app.configuration()),
        new Jobs(tasks, migration, containers),
        fitted.refused(),
        settings.rotations().active(),
        settings.masking());
  }

  private static ContainerChecks.Surface surface(
      Snapshot snapshot, Settings settings, Rollout rollout, AppResources app) {
    var serving = rollout.serving();
    return new ContainerChecks.Surface(
        serving.image(),
        ReleaseCatalog.find(snapshot, serving.id())
            .map(release -> release.getSpec().revalidate())
            .orElse(""),
        app.configuration(),
        new ContainerChecks.Entrance(
            Infrastructure.address(snapshot).orElse(""),
            settings.caBundle(),
            snapshot.environment().getSpec().grafana().isPresent(),
            Settings.CHECK_TOKEN),
        settings.checkSecrets());
  }

  /** Finds the versions of a step: by their releases, or among those that run or are desired. */
  private record Finder(Snapshot snapshot, Rollout.Seen seen, RolloutTarget target) {
    Optional<AppVersion> find(String id) {
      return ReleaseCatalog.known(snapshot, id)
          .or(() ->
              Stream.of(seen.serving().stream(), seen.others().stream(), target.head().stream())
                  .flatMap(versions -> versions)
                  .filter(version -> version.id().equals(id))
                  .findFirst());
    }
  }

  /** The release's retry request, or empty. */
  static String retry(Snapshot snapshot, AppVersion version) {
    return ReleaseCatalog.find(snapshot, version.id())
        .map(release -> release.getSpec().retry())
        .orElse("");
  }

  /** The versions as the status reports them; empty while nothing serves. */
  public StagingEnvironmentStatus.AppVersions published(Snapshot snapshot) {
    var serving = rollout().serving();
    if (!serving.exists()) {
      return null;
    }
    var names = snapshot.names();
    var request = target().request();
    return new StagingEnvironmentStatus.AppVersions(
        serving.title(),
        rollout().candidate().map(AppVersion::title).orElse(null),
        rollout().previous().map(AppVersion::title).orElse(null),
        request.map(version -> names.release(version.id())).orElse(null),
        request
            .flatMap(version -> target().head())
            .map(version -> names.release(version.id()))
            .orElse(null),
        names.release(serving.id()),
        serving.ofCommit() ? serving.id().substring(0, ReleaseCatalog.SHORT) : null,
        target()
            .head()
            .filter(version -> version.ofCommit() && !version.equals(serving))
            .flatMap(version -> ReleaseCatalog.find(snapshot, version.id()))
            .map(release -> attempt(snapshot, release))
            .orElse(null));
  }

  private static String attempt(Snapshot snapshot, StagingRelease release) {
    var status = release.getStatus();
    return "%s: %s"
        .formatted(
            ReleaseCatalog.version(snapshot, release).title(),
            status == null || status.state() == null
                ? ReleaseState.Waiting.name()
                : status.state());
  }

  /** Kind and name of Jobs to delete although they have not ended. */
  public Set<String> abandoned(Snapshot snapshot) {
    return Stream.of(migration().abandoned(), databaseTasks().abandoned(snapshot))
        .flatMap(List::stream)
        .map(Applier::key)
        .collect(Collectors.toSet());
  }

  public List<PlannedObject> of(Stage stage) {
    return objects.stream().filter(planned -> planned.stage() == stage).toList();
  }

  /** The plan without the third stage. */
  public Plan withoutDeployment() {
    return new Plan(
        objects.stream().filter(planned -> planned.stage() != Stage.DEPLOYMENT).toList(),
        versions,
        jobs,
        refusedGrowth,
        rotating,
        masking);
  }

  public List<HasMetadata> all() {
    return objects.stream().map(PlannedObject::object).toList();
  }

  /** Objects to keep: kind and name of every planned object, created already or not. */
  public Set<String> keys() {
    return objects.stream()
        .map(planned -> Applier.key(planned.object()))
        .collect(Collectors.toSet());
  }
}

package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Migration;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.Applier;
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.StorageGrowth;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.gitops.GitopsResources;
import ru.scoliologic.staging.infrastructure.DnsRecords;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.ingress.SharedIngressResources;
import ru.scoliologic.staging.ingress.TraefikResources;
import ru.scoliologic.staging.monitoring.GrafanaResources;
import ru.scoliologic.staging.monitoring.PrometheusResources;
import ru.scoliologic.staging.ollama.OllamaResources;
import ru.scoliologic.staging.postgres.DatabaseCopies;
import ru.scoliologic.staging.postgres.DatabaseTasks;
import ru.scoliologic.staging.postgres.PostgresResources;
import ru.scoliologic.staging.redis.RedisResources;
import ru.scoliologic.staging.registry.RegistryResources;
import ru.scoliologic.staging.release.Catalog;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.release.NextStep;
import ru.scoliologic.staging.release.NextStep.Checks;
import ru.scoliologic.staging.release.Target;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.validation.ContainerChecks;

/** All that an environment is to consist of (pure): spec and snapshot in, objects out. */
public record Plan(
    List<Planned> objects,
    Rollout rollout,
    Rollout.Seen seen,
    Target target,
    NextStep step,
    Version wanted,
    String configuration,
    DatabaseTasks databaseTasks,
    List<String> refusedGrowth,
    Migration migration,
    ContainerChecks containers,
    Masking masking) {

  /** The plan as long as nobody has looked at a candidate. */
  public static Plan of(Snapshot snapshot, Settings settings) {
    return of(snapshot, settings, Checks.UNKNOWN);
  }

  /**
   * The plan.
   *
   * @param candidate what the checks of what runs beside the serving version say
   */
  static Plan of(Snapshot snapshot, Settings settings, Checks candidate) {
    var environment = snapshot.environment();
    var app = new AppResources(environment, settings.appEnvironment());
    var seen = Rollout.see(snapshot, id -> Catalog.known(snapshot, id));
    var target = Target.of(snapshot, seen.serving().isPresent());
    var step =
        NextStep.of(
            Situations.of(
                snapshot,
                seen,
                target,
                app.configuration(),
                Situations.Evidence.beforehand(candidate)));
    var versions = new Finder(snapshot, seen, target);
    var rollout =
        seen.laidOut(
            step.serving().flatMap(versions::find),
            step.candidate().flatMap(versions::find),
            step.previous().flatMap(versions::find),
            snapshot.now());
    var wanted = step.wanted().flatMap(versions::find).orElse(Version.NONE);
    boolean gaveUp = Ledger.gaveUp(snapshot, wanted, app.configuration());
    boolean dependenciesReady =
        PostgresResources.observe(snapshot).ready() && RedisResources.observe(snapshot).ready();
    var tasks = DatabaseTasks.decide(snapshot);
    var migration =
        Migration.decide(
            snapshot,
            rollout,
            app,
            new Migration.Attempt(
                wanted,
                retry(snapshot, wanted),
                gaveUp ? Catalog.find(snapshot, wanted.id()) : Optional.empty()),
            id -> Ledger.settled(snapshot, id),
            dependenciesReady && !tasks.holdMigrations(),
            new DatabaseCopies(snapshot, settings.masking()),
            settings.masking());
    boolean started = rollout.kept().stream().anyMatch(v -> AppResources.exists(snapshot, v));
    var objects = new ArrayList<Planned>();
    objects.addAll(settings.plan(snapshot));
    objects.addAll(ingress(snapshot, settings));
    objects.addAll(
        new PostgresResources(environment).plan(tasks, settings.rotations().tasks(), snapshot));
    objects.addAll(
        new RedisResources(environment, settings.redisPasswords(), settings.redisOperatorPassword())
            .plan(settings.rotations().tasks(), snapshot));
    objects.addAll(
        app.plan(
            rollout,
            migration,
            version -> retry(snapshot, version),
            (dependenciesReady && !tasks.holdTheApp()) || started,
            tasks.holdTheApp()));
    // Where no image is named, the first one is built while its database comes up.
    var delivery =
        environment.getSpec().services().app().image() == null ? Stage.CONFIGURATION : Stage.GITOPS;
    objects.addAll(delivery(snapshot, delivery, settings));
    objects.addAll(OllamaResources.plan(environment));
    objects.addAll(PrometheusResources.plan(environment));
    objects.addAll(GrafanaResources.plan(environment, settings.grafanaPasswordKnown()));
    var containers = ContainerChecks.decide(snapshot, surface(snapshot, settings, rollout, app));
    objects.addAll(containers.plan());
    FirstDeployment.mark(snapshot, objects);
    var fitted = StorageGrowth.fit(snapshot, objects);
    return new Plan(
        fitted.objects(),
        rollout,
        seen,
        target,
        step,
        wanted,
        app.configuration(),
        tasks,
        fitted.refused(),
        migration,
        containers,
        settings.masking());
  }

  private static ContainerChecks.Surface surface(
      Snapshot snapshot, Settings settings, Rollout rollout, AppResources app) {
    var serving = rollout.serving();
    return new ContainerChecks.Surface(
        serving.image(),
        Infrastructure.address(snapshot).orElse(""),
        Catalog.find(snapshot, serving.id())
            .map(release -> release.getSpec().revalidate())
            .orElse(""),
        app.configuration(),
        settings.caBundle(),
        snapshot.environment().getSpec().grafana().isPresent(),
        Settings.CHECK_TOKEN,
        settings.checkSecrets());
  }

  /** Finds the versions that a step names: by their releases, or as what is there or asked for. */
  private record Finder(Snapshot snapshot, Rollout.Seen seen, Target target) {
    Optional<Version> find(String id) {
      return Catalog.known(snapshot, id)
          .or(() ->
              Stream.of(seen.serving().stream(), seen.others().stream(), target.head().stream())
                  .flatMap(versions -> versions)
                  .filter(version -> version.id().equals(id))
                  .findFirst());
    }
  }

  /** What the release of a version asks for, or empty. */
  private static String retry(Snapshot snapshot, Version version) {
    return Catalog.find(snapshot, version.id())
        .map(release -> release.getSpec().retry())
        .orElse("");
  }

  private static List<Planned> ingress(Snapshot snapshot, Settings settings) {
    var untrusted = DnsRecords.untrusted(snapshot);
    return snapshot.environment().getSpec().ingress().sharesController()
        ? new SharedIngressResources(snapshot, untrusted).plan()
        : new TraefikResources(
                snapshot,
                settings.dashboardUsers(),
                settings.caBundle(),
                untrusted,
                settings.appUsers(),
                settings.checkToken())
            .plan();
  }

  /** What turns commits into images. */
  private static List<Planned> delivery(Snapshot snapshot, Stage stage, Settings settings) {
    var login =
        new RegistryResources.Login(
            settings.registryUser(), settings.registryPassword(), settings.registryUsers());
    boolean canPush = !ImageRegistry.isOwn(snapshot.environment()) || !login.password().isEmpty();
    return Stream.concat(
            RegistryResources.plan(snapshot, stage, login).stream(),
            GitopsResources.plan(snapshot, stage, canPush).stream())
        .toList();
  }

  /** The versions as the status tells them; none while nothing serves. */
  StagingEnvironmentStatus.AppVersions published(Snapshot snapshot) {
    var serving = rollout.serving();
    if (!serving.exists()) {
      return null;
    }
    var names = snapshot.names();
    var request = target.request();
    return new StagingEnvironmentStatus.AppVersions(
        serving.title(),
        rollout.candidate().map(Version::title).orElse(null),
        rollout.previous().map(Version::title).orElse(null),
        request.map(version -> names.release(version.id())).orElse(null),
        request
            .flatMap(version -> target.head())
            .map(version -> names.release(version.id()))
            .orElse(null),
        names.release(serving.id()),
        serving.ofCommit() ? serving.id().substring(0, Catalog.SHORT) : null,
        target
            .head()
            .filter(version -> version.ofCommit() && !version.equals(serving))
            .flatMap(version -> Catalog.find(snapshot, version.id()))
            .map(release -> attempt(snapshot, release))
            .orElse(null));
  }

  private static String attempt(Snapshot snapshot, StagingRelease release) {
    var status = release.getStatus();
    return "%s: %s"
        .formatted(
            Catalog.version(snapshot, release).title(),
            status == null || status.state() == null ? "Waiting" : status.state());
  }

  /** Kind and name of Jobs that are to go although they have not ended. */
  Set<String> abandoned() {
    return migration.abandoned().stream().map(Applier::key).collect(Collectors.toSet());
  }

  List<Planned> of(Stage stage) {
    return objects.stream().filter(planned -> planned.stage() == stage).toList();
  }

  /** The same without anything of the third stage. */
  Plan withoutDeployment() {
    return new Plan(
        objects.stream().filter(planned -> planned.stage() != Stage.DEPLOYMENT).toList(),
        rollout,
        seen,
        target,
        step,
        wanted,
        configuration,
        databaseTasks,
        refusedGrowth,
        migration,
        containers,
        masking);
  }

  /** Every object, whatever its stage. */
  List<HasMetadata> all() {
    return objects.stream().map(Planned::object).toList();
  }

  /** What is to stay: kind and name of every planned object, made already or not. */
  Set<String> keys() {
    return objects.stream()
        .map(planned -> Applier.key(planned.object()))
        .collect(Collectors.toSet());
  }
}

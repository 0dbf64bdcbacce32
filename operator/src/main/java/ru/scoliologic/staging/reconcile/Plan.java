package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Migration;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.Applier;
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.StorageGrowth;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.gitops.GitopsResources;
import ru.scoliologic.staging.infrastructure.DnsRecords;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.ingress.SharedIngressResources;
import ru.scoliologic.staging.ingress.TraefikResources;
import ru.scoliologic.staging.monitoring.GrafanaResources;
import ru.scoliologic.staging.monitoring.PrometheusResources;
import ru.scoliologic.staging.ollama.OllamaResources;
import ru.scoliologic.staging.postgres.DatabaseTasks;
import ru.scoliologic.staging.postgres.PostgresResources;
import ru.scoliologic.staging.redis.RedisResources;
import ru.scoliologic.staging.registry.RegistryResources;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.release.Target;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.validation.ContainerChecks;

/** All that an environment is to consist of (pure): spec and snapshot in, objects out. */
public record Plan(
    List<Planned> objects,
    Rollout rollout,
    Target target,
    String configuration,
    boolean gaveUp,
    DatabaseTasks databaseTasks,
    List<String> refusedGrowth,
    Migration migration,
    ContainerChecks containers,
    Masking masking) {

  public static Plan of(Snapshot snapshot, Settings settings) {
    var environment = snapshot.environment();
    var app = new AppResources(environment, settings.appEnvironment());
    var target = Target.of(snapshot);
    boolean gaveUp = Ledger.gaveUp(snapshot, target.image(), app.configuration());
    var rollout = Rollout.decide(snapshot, target.image(), gaveUp);
    boolean dependenciesReady =
        PostgresResources.observe(snapshot).ready() && RedisResources.observe(snapshot).ready();
    var tasks = DatabaseTasks.decide(snapshot);
    var migration =
        Migration.decide(
            snapshot,
            rollout,
            app,
            new Migration.Attempt(
                Rollout.Version.of(target.image()),
                retry(snapshot, target.image()),
                gaveUp ? Ledger.find(snapshot, target.image()) : Optional.empty()),
            image -> Ledger.settled(snapshot, image),
            dependenciesReady && !tasks.holdTheApp(),
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
            image -> retry(snapshot, image),
            (dependenciesReady && !tasks.holdTheApp()) || started,
            tasks.holdTheApp()));
    objects.addAll(delivery(snapshot, Stage.DEPLOYMENT, settings));
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
        target,
        app.configuration(),
        gaveUp,
        tasks,
        fitted.refused(),
        migration,
        containers,
        settings.masking());
  }

  private static ContainerChecks.Surface surface(
      Snapshot snapshot, Settings settings, Rollout rollout, AppResources app) {
    var serving = rollout.serving().image();
    return new ContainerChecks.Surface(
        serving,
        Infrastructure.address(snapshot).orElse(""),
        Ledger.find(snapshot, serving).map(release -> release.getSpec().revalidate()).orElse(""),
        app.configuration(),
        settings.caBundle(),
        snapshot.environment().getSpec().grafana().isPresent(),
        Settings.CHECK_TOKEN,
        settings.checkSecrets());
  }

  /** What the release of an image asks for, or empty. */
  private static String retry(Snapshot snapshot, String image) {
    return Ledger.find(snapshot, image).map(release -> release.getSpec().retry()).orElse("");
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
        target,
        configuration,
        gaveUp,
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

package ru.scoliologic.staging.reconcile.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.api.RedisSpec;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.Traffic;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.ImageReferences;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.gitops.AgentTraffic;
import ru.scoliologic.staging.gitops.GitopsResources;
import ru.scoliologic.staging.infrastructure.DnsRecords;
import ru.scoliologic.staging.ingress.SharedIngressResources;
import ru.scoliologic.staging.ingress.TraefikResources;
import ru.scoliologic.staging.monitoring.GrafanaResources;
import ru.scoliologic.staging.monitoring.PrometheusResources;
import ru.scoliologic.staging.ollama.OllamaResources;
import ru.scoliologic.staging.postgres.PostgresResources;
import ru.scoliologic.staging.redis.RedisResources;
import ru.scoliologic.staging.registry.RegistryResources;
import ru.scoliologic.staging.stage.Stage;

/** The list of all components. */
public final class ComponentModules {
  /** In the order in which objects are planned, and states are listed. */
  public static final List<ComponentModule> ALL =
      List.of(
          ComponentModule.of(ComponentName.TRAEFIK, ComponentModules::ingress)
              .withHealth(ComponentModules::ownIngress)
              .withTraffic(ComponentModules::ingressTraffic),
          ComponentModule.of(ComponentName.POSTGRES, ComponentModules::postgres)
              .withHealth(snapshot -> Optional.of(PostgresResources.observe(snapshot))),
          ComponentModule.of(ComponentName.REDIS, ComponentModules::redis)
              .withHealth(snapshot -> Optional.of(RedisResources.observe(snapshot))),
          ComponentModule.of(ComponentName.APP, ComponentModules::app)
              .withHealth(
                  (snapshot, rollout) -> Optional.of(AppResources.observe(snapshot, rollout)))
              .withTraffic(
                  snapshot -> List.of(Traffic.dns(), toPostgres(snapshot), toRedis(snapshot))),
          // Its Jobs are planned with the application, which waits for them.
          ComponentModule.of(ComponentName.MIGRATION, in -> List.of())
              .withTraffic(snapshot -> List.of(Traffic.dns(), toPostgres(snapshot))),
          // Stage 5 assesses the registry and the agent.
          ComponentModule.of(ComponentName.REGISTRY, ComponentModules::registry),
          ComponentModule.of(ComponentName.AGENT, ComponentModules::agent)
              .withTraffic(AgentTraffic::of),
          ComponentModule.of(ComponentName.OLLAMA, in -> OllamaResources.plan(in.snapshot()))
              .withHealth(OllamaResources::observe)
              .withTraffic(snapshot -> OllamaResources.traffic()),
          ComponentModule.of(
                  ComponentName.PROMETHEUS,
                  in -> PrometheusResources.plan(in.snapshot().environment()))
              .withHealth(PrometheusResources::observe),
          ComponentModule.of(ComponentName.GRAFANA, ComponentModules::grafana)
              .withHealth(GrafanaResources::observe));

  private ComponentModules() {}

  /** The objects of all requested components. */
  static Stream<PlannedObject> plan(PlanInput in) {
    return ALL.stream().flatMap(module -> module.plan().apply(in).stream());
  }

  /** The states of all requested components that Deployed is about. */
  public static Stream<ComponentHealth> health(Snapshot snapshot, Rollout rollout) {
    return ALL.stream().flatMap(module -> module.health().apply(snapshot, rollout).stream());
  }

  /** Whether all that the application's process depends on is ready. */
  static boolean dependenciesReady(Snapshot snapshot, Rollout rollout) {
    return health(snapshot, rollout)
        .filter(health -> Dependencies.isOfTheProcess(health.name()))
        .allMatch(ComponentHealth::ready);
  }

  /** What the pods of a component must be able to reach, as far as that is known. */
  public static List<Traffic> traffic(ComponentName name, Snapshot snapshot) {
    return ALL.stream()
        .filter(module -> module.name() == name)
        .flatMap(module -> module.traffic().apply(snapshot).stream())
        .toList();
  }

  private static List<PlannedObject> ingress(PlanInput in) {
    var snapshot = in.snapshot();
    var settings = in.settings();
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

  private static Optional<ComponentHealth> ownIngress(Snapshot snapshot) {
    return snapshot.environment().getSpec().ingress().sharesController()
        ? Optional.empty()
        : Optional.of(TraefikResources.observe(snapshot));
  }

  private static List<Traffic> ingressTraffic(Snapshot snapshot) {
    var spec = snapshot.environment().getSpec();
    return spec.ingress().sharesController()
        ? List.of()
        : List.of(
            Traffic.dns(),
            Traffic.to(snapshot, ComponentName.APP, spec.services().app().port()),
            Traffic.apiServer(),
            Traffic.beyond("certificate authorities (port 443)", Traffic.HTTPS));
  }

  private static List<PlannedObject> postgres(PlanInput in) {
    var settings = in.settings();
    return new PostgresResources(in.snapshot().environment(), settings.postgresPassword())
        .plan(in.tasks(), settings.rotations().tasks(), in.snapshot());
  }

  private static Traffic toPostgres(Snapshot snapshot) {
    return Traffic.to(snapshot, ComponentName.POSTGRES, PostgresSpec.PORT);
  }

  private static List<PlannedObject> redis(PlanInput in) {
    var settings = in.settings();
    return new RedisResources(
            in.snapshot().environment(),
            settings.redisPasswords(),
            settings.redisOperatorPassword())
        .plan(settings.rotations().tasks(), in.snapshot());
  }

  private static Traffic toRedis(Snapshot snapshot) {
    return Traffic.to(snapshot, ComponentName.REDIS, RedisSpec.PORT);
  }

  private static List<PlannedObject> app(PlanInput in) {
    var snapshot = in.snapshot();
    boolean started =
        in.rollout().kept().stream().anyMatch(version -> AppResources.exists(snapshot, version));
    boolean mayStart = dependenciesReady(snapshot, in.rollout()) && !in.tasks().holdTheApp();
    return in.app()
        .plan(
            in.rollout(),
            in.migration(),
            version -> Plan.retry(snapshot, version),
            mayStart || started,
            in.tasks().holdTheApp());
  }

  private static List<PlannedObject> registry(PlanInput in) {
    var login = login(in);
    boolean leftBehind =
        !ImageReferences.isOwn(in.snapshot().environment())
            && in.rollout().kept().stream()
                .map(AppVersion::image)
                .anyMatch(ImageReferences::isInOwn);
    return leftBehind
        ? RegistryResources.planLeftBehind(in.snapshot(), Stage.DEPLOYMENT, login)
        : RegistryResources.plan(in.snapshot(), deliveryStage(in.snapshot()), login);
  }

  private static List<PlannedObject> agent(PlanInput in) {
    boolean canPush =
        !ImageReferences.isOwn(in.snapshot().environment()) || !login(in).password().isEmpty();
    return GitopsResources.plan(in.snapshot(), deliveryStage(in.snapshot()), canPush);
  }

  private static RegistryResources.Login login(PlanInput in) {
    var settings = in.settings();
    return new RegistryResources.Login(
        settings.registryUser(), settings.registryPassword(), settings.registryUsers());
  }

  /** Where no image is named, the first one is built while its database starts. */
  private static Stage deliveryStage(Snapshot snapshot) {
    return snapshot.environment().getSpec().services().app().image() == null
        ? Stage.CONFIGURATION
        : Stage.GITOPS;
  }

  private static List<PlannedObject> grafana(PlanInput in) {
    return GrafanaResources.plan(in.snapshot().environment(), in.settings().grafanaPasswordKnown());
  }
}

package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.NamespaceEnd;
import ru.scoliologic.staging.notification.Sender;
import ru.scoliologic.staging.reconcile.check.CandidateChecker;
import ru.scoliologic.staging.reconcile.check.CheckReports;
import ru.scoliologic.staging.reconcile.check.CheckScheduler;
import ru.scoliologic.staging.reconcile.check.DeniedTrafficExplainer;
import ru.scoliologic.staging.reconcile.check.ServingChecker;
import ru.scoliologic.staging.reconcile.observe.BackgroundPool;
import ru.scoliologic.staging.reconcile.observe.ClusterWatch;
import ru.scoliologic.staging.reconcile.observe.DeletedEnvironments;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.observe.KnownSecrets;
import ru.scoliologic.staging.reconcile.observe.OwnedObjectCache;
import ru.scoliologic.staging.reconcile.observe.ProbeMonitor;
import ru.scoliologic.staging.reconcile.observe.ReducedItemStore;
import ru.scoliologic.staging.reconcile.observe.ReferencedObjects;
import ru.scoliologic.staging.reconcile.observe.SnapshotGatherer;
import ru.scoliologic.staging.reconcile.observe.TagMonitor;
import ru.scoliologic.staging.reconcile.publish.ErrorLog;
import ru.scoliologic.staging.reconcile.publish.EventRecorder;
import ru.scoliologic.staging.reconcile.publish.NotificationDispatcher;
import ru.scoliologic.staging.reconcile.publish.ReleasePublisher;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.registry.Registries;
import ru.scoliologic.staging.validation.CheckRunner;

/**
 * Adapts {@link EnvironmentPass} to the Java Operator SDK: event sources in, publishing and the
 * time of the next pass out.
 */
@ControllerConfiguration(
    name = "stagingenvironment",
    fieldManager = "staging-operator-status",
    informer =
        @Informer(
            itemStore = ReducedItemStore.class,
            informerListLimit = OwnedObjectCache.LIST_PAGE))
public final class StagingEnvironmentReconciler implements Reconciler<StagingEnvironment> {
  private static final Logger LOG = LoggerFactory.getLogger(StagingEnvironmentReconciler.class);
  private static final Duration STALE_VIEW_RETRY = Duration.ofSeconds(1);

  /** From the publication of a record to the pass that acts upon it. */
  private static final Duration NEXT_STEP_DELAY = Duration.ofMillis(100);

  /** The end of a round of checks triggers a pass; this is the fallback. */
  private static final Duration CHECKS_RETRY = Duration.ofMinutes(1);

  /** Failed attempts before a condition reports them: most server faults are short. */
  private static final int REPORTED_ATTEMPTS = 2;

  private final Clock clock;
  private final Leadership leadership;
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final OwnedObjectCache owned = new OwnedObjectCache(memories);
  private final ReferencedObjects references;
  private final ClusterWatch cluster;
  private final EnvironmentPass pass;
  private final StatusPublisher publisher;
  private final NotificationDispatcher notifier;
  private final OperatorMetrics metrics;
  private final KnownSecrets secrets = new KnownSecrets(memories);
  private final ErrorLog errors = new ErrorLog(memories);

  /** Triggers a pass when background work has ended. */
  private final SimpleInboundEventSource<StagingEnvironment> background =
      new SimpleInboundEventSource<>("background");

  /** True of an environment whose namespace is being deleted: nothing can be created there. */
  private final EnvironmentMemories.Slot<Boolean> terminating = memories.slot();

  /** For the only instance of the operator. */
  public StagingEnvironmentReconciler(
      KubernetesClient client,
      Clock clock,
      String instance,
      OperatorMetrics metrics,
      Registries registries) {
    this(client, clock, instance, metrics, registries, Leadership.held());
  }

  /**
   * For one of several instances.
   *
   * @param instance its name, for events
   * @param registries resolve the tags of images
   * @param leadership whether it may act
   */
  public StagingEnvironmentReconciler(
      KubernetesClient client,
      Clock clock,
      String instance,
      OperatorMetrics metrics,
      Registries registries,
      Leadership leadership) {
    this.clock = clock;
    this.leadership = leadership;
    this.metrics = metrics;
    this.references = new ReferencedObjects(client, memories);
    this.cluster = new ClusterWatch(client);
    Consumer<ResourceID> wake = background::propagateEvent;
    var tags = new TagMonitor(registries, new BackgroundPool()::submit, wake, clock, memories);
    var gatherer =
        new SnapshotGatherer(client, owned, references, cluster, clock, tags, wake, memories);
    var reports = new CheckReports(client, memories);
    var pool = new BackgroundPool();
    var checks =
        new CheckScheduler(
            new CheckRunner(clock)::run, pool::submit, wake, clock, metrics, memories);
    var candidates = new CandidateChecker(pool::submit, wake, clock, metrics, memories);
    var kubernetes =
        new KubernetesCluster(
            client, owned, gatherer, reports, new ProbeMonitor(client, memories), metrics);
    this.pass =
        new EnvironmentPass(
            kubernetes,
            candidates,
            new StageRunner(kubernetes, new ServingChecker(checks, kubernetes)),
            new DeniedTrafficExplainer(kubernetes::networkPolicies, clock),
            secrets);
    var events = new EventRecorder(client, instance, metrics);
    this.notifier =
        new NotificationDispatcher(
            Sender.withSystemTrust(),
            references::secret,
            (environment, sentence) -> events.notification(environment, sentence, clock.instant()),
            memories);
    this.publisher =
        new StatusPublisher(
            clock, events, new ReleasePublisher(client, owned, metrics, notifier), metrics);
  }

  @Override
  public List<EventSource<?, StagingEnvironment>> prepareEventSources(
      EventSourceContext<StagingEnvironment> context) {
    var sources = new ArrayList<>(owned.eventSources(context));
    references.watch(context.getControllerConfiguration().getEffectiveNamespaces());
    sources.add(references);
    cluster.tells(() -> context.getPrimaryCache().list());
    leadership.whenGained(cluster::tellAll);
    sources.add(cluster);
    sources.add(notifier.eventSource());
    sources.add(background);
    sources.add(new DeletedEnvironments(memories));
    metrics.watch(() -> context.getPrimaryCache().list());
    return sources;
  }

  @Override
  public UpdateControl<StagingEnvironment> reconcile(
      StagingEnvironment environment, Context<StagingEnvironment> context) {
    var uid = environment.getMetadata().getUid();
    // An environment being deleted needs nothing: the garbage collector deletes owned objects.
    if (!leadership.isHeld()
        || environment.isMarkedForDeletion()
        || terminating.find(uid).isPresent()) {
      return UpdateControl.noUpdate();
    }
    memories.hold(uid);
    try {
      return reconciled(environment, context);
    } catch (Applier.StaleView e) {
      LOG.atDebug()
          .addKeyValue("environment", environment.getMetadata().getName())
          .log(e.getMessage());
      return UpdateControl.<StagingEnvironment>noUpdate().rescheduleAfter(STALE_VIEW_RETRY);
    } catch (RuntimeException e) {
      if (NamespaceEnd.isCauseOf(e)) {
        terminating.put(uid, true);
        LOG.atInfo()
            .addKeyValue("namespace", environment.getMetadata().getNamespace())
            .addKeyValue("environment", environment.getMetadata().getName())
            .log("its namespace is being deleted: nothing more is done");
        return UpdateControl.noUpdate();
      }
      var masking = secrets.masking(uid);
      errors.tell(environment, e, masking);
      if (context.getRetryInfo().map(RetryInfo::getAttemptCount).orElse(0) >= REPORTED_ATTEMPTS) {
        publisher.failed(environment, masking.mask(cause(e)), context);
      }
      throw e;
    } finally {
      memories.release(uid);
      // Its deletion may have been reported during the pass.
      if (!exists(environment, context)) {
        memories.drop(uid);
      }
    }
  }

  private static boolean exists(
      StagingEnvironment environment, Context<StagingEnvironment> context) {
    return context
        .getPrimaryCache()
        .list(any -> Objects.equals(any.getMetadata().getUid(), environment.getMetadata().getUid()))
        .findAny()
        .isPresent();
  }

  private UpdateControl<StagingEnvironment> reconciled(
      StagingEnvironment environment, Context<StagingEnvironment> context) {
    if (environment.getSpec() != null && environment.getSpec().suspend()) {
      publisher.suspended(environment, context);
      errors.forget(environment);
      return UpdateControl.noUpdate();
    }
    var finished = pass.run(environment, others(environment, context));
    if (finished.isEmpty()) {
      return UpdateControl.<StagingEnvironment>noUpdate().rescheduleAfter(CHECKS_RETRY);
    }
    errors.forget(environment);
    var outcome = finished.get();
    boolean goesOn = outcome.goesOn(environment.getStatus());
    var published = publisher.publish(environment, outcome, context);
    return UpdateControl.<StagingEnvironment>noUpdate()
        .rescheduleAfter(
            goesOn
                ? NEXT_STEP_DELAY
                : outcome.next(period(environment), published, clock.instant()));
  }

  /** The API server's message, or else only the error's class: its text might quote a value. */
  private static String cause(RuntimeException e) {
    return e instanceof KubernetesClientException refused && refused.getStatus() != null
        ? "the API server responds with %d: %s"
            .formatted(refused.getCode(), refused.getStatus().getMessage())
        : e.getClass().getSimpleName() + "; see the operator's log";
  }

  /** Time between two rounds of checks while they pass. */
  private static Duration period(StagingEnvironment environment) {
    return environment.getSpec() == null
        ? CheckScheduler.PERIOD
        : Duration.ofSeconds(environment.getSpec().validation().periodSeconds());
  }

  private static List<StagingEnvironment> others(
      StagingEnvironment environment, Context<StagingEnvironment> context) {
    return context
        .getPrimaryCache()
        .list(other ->
            !Objects.equals(other.getMetadata().getUid(), environment.getMetadata().getUid()))
        .toList();
  }
}

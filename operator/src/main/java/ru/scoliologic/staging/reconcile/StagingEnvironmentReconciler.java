package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.Applier;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Refusal;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.infrastructure.DnsRecords;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.ingress.AcmeBudget;
import ru.scoliologic.staging.ingress.SharedIngressResources;
import ru.scoliologic.staging.notification.Sender;
import ru.scoliologic.staging.postgres.TaskReport;
import ru.scoliologic.staging.release.Catalog;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.release.NextStep;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Checks;
import ru.scoliologic.staging.validation.Verdicts;

/** Drives one environment towards its spec: gather, validate, plan, apply, assess, publish. */
@ControllerConfiguration(name = "stagingenvironment", fieldManager = "staging-operator-status")
public final class StagingEnvironmentReconciler implements Reconciler<StagingEnvironment> {
  private static final Logger LOG = LoggerFactory.getLogger(StagingEnvironmentReconciler.class);
  private static final Duration STALE_VIEW_RETRY = Duration.ofSeconds(1);

  /** From a record that was published to the pass that acts upon it. */
  private static final Duration AT_ONCE = Duration.ofMillis(100);

  /** Tries that failed before a condition says so. */
  private static final int TELL_AFTER = 2;

  private final Clock clock;
  private final OwnedObjects owned = new OwnedObjects();
  private final References references;
  private final ClusterWatch cluster;
  private final Gatherer gatherer;
  private final Applier applier;
  private final Verification verification;
  private final CandidateVerification candidates;
  private final CheckReports reports;
  private final Events events;
  private final Notifier notifier;
  private final Releases releases;
  private final Telemetry telemetry;
  private final KnownSecrets secrets = new KnownSecrets();

  public StagingEnvironmentReconciler(
      KubernetesClient client, Clock clock, String instance, Telemetry telemetry) {
    this.clock = clock;
    this.references = new References(client);
    this.cluster = new ClusterWatch(client);
    this.gatherer = new Gatherer(client, owned, references, cluster, clock);
    this.telemetry = telemetry;
    this.applier = new Applier(client, owned, telemetry::wrote);
    this.verification = new Verification(new Checks(clock)::run, clock, telemetry);
    this.candidates = new CandidateVerification(clock, telemetry);
    this.reports = new CheckReports(client);
    this.events = new Events(client, instance, telemetry);
    this.notifier =
        new Notifier(
            Sender.withSystemTrust(),
            references::secret,
            (environment, sentence) -> events.notification(environment, sentence, clock.instant()));
    this.releases = new Releases(client, owned, telemetry, notifier);
  }

  @Override
  public List<EventSource<?, StagingEnvironment>> prepareEventSources(
      EventSourceContext<StagingEnvironment> context) {
    var sources = new ArrayList<>(owned.eventSources(context));
    sources.add(references);
    cluster.tells(() -> context.getPrimaryCache().list());
    sources.add(cluster);
    sources.add(notifier.eventSource());
    telemetry.watch(() -> context.getPrimaryCache().list());
    return sources;
  }

  @Override
  public UpdateControl<StagingEnvironment> reconcile(
      StagingEnvironment environment, Context<StagingEnvironment> context) {
    if (environment.isMarkedForDeletion()) {
      // Without a finalizer there is nothing to do: the garbage collector takes what has an owner.
      return UpdateControl.noUpdate();
    }
    forgetTheGone(environment, context);
    if (environment.getSpec() != null && environment.getSpec().suspend()) {
      publish(environment, Pass.refused(Map.of(), suspended(environment)), context);
      return UpdateControl.noUpdate();
    }
    Pass pass;
    try {
      pass = pass(environment, context);
    } catch (Applier.StaleView e) {
      LOG.atDebug()
          .addKeyValue("environment", environment.getMetadata().getName())
          .log(e.getMessage());
      return UpdateControl.<StagingEnvironment>noUpdate().rescheduleAfter(STALE_VIEW_RETRY);
    } catch (RuntimeException e) {
      // A hiccup of the server is over at the next try: only what lasts is worth telling.
      if (context.getRetryInfo().map(retry -> retry.getAttemptCount()).orElse(0) >= TELL_AFTER) {
        var masking = secrets.masking(environment.getMetadata().getUid());
        var failing = new StageResult.Failing(Reason.UNEXPECTED_ERROR, masking.mask(said(e)));
        publish(environment, Pass.refused(Map.of(), failing), context);
      }
      throw e;
    }
    boolean goesOn = pass.goesOn(environment.getStatus());
    var published = publish(environment, pass, context);
    // After the status: a request of a release counts as handled only when what it led to is kept.
    pass.versions()
        .filter(versions -> Conditions.gateOpened(conditions(environment), Stage.DEPLOYMENT))
        .ifPresent(versions ->
            releases.publish(versions.snapshot(), pass.facts(versions), pass.masking()));
    return UpdateControl.<StagingEnvironment>noUpdate()
        .rescheduleAfter(
            goesOn ? AT_ONCE : pass.next(period(environment), published, clock.instant()));
  }

  /** Ready stays as it last was; the reason says why nothing moves. */
  private static StageResult suspended(StagingEnvironment environment) {
    var message = "suspended: nothing is changed or checked until spec.suspend is false";
    var last = environment.getStatus() == null ? null : environment.getStatus().conditions();
    return Conditions.isTrue(last, Conditions.READY)
        ? new StageResult.Ready(Reason.SUSPENDED, message)
        : new StageResult.Failing(Reason.SUSPENDED, message);
  }

  /** What the API server said, or else only the kind of error: its text might quote a value. */
  private static String said(RuntimeException e) {
    return e instanceof KubernetesClientException refused && refused.getStatus() != null
        ? "the API server answers %d: %s"
            .formatted(refused.getCode(), refused.getStatus().getMessage())
        : e.getClass().getSimpleName() + "; see the operator's log";
  }

  /** Without a finalizer nobody says that an environment is gone, so each pass of another looks. */
  private void forgetTheGone(StagingEnvironment environment, Context<StagingEnvironment> context) {
    var present = new ArrayList<>(others(environment, context));
    present.add(environment);
    references.keepOnly(present.stream().map(ResourceID::fromResource).collect(Collectors.toSet()));
    var uids = present.stream().map(e -> e.getMetadata().getUid()).collect(Collectors.toSet());
    verification.keepOnly(uids);
    candidates.keepOnly(uids);
    reports.keepOnly(uids);
    notifier.keepOnly(uids);
    gatherer.keepOnly(uids);
    secrets.keepOnly(uids);
  }

  private Pass pass(StagingEnvironment environment, Context<StagingEnvironment> context) {
    var problems = SpecRules.problems(environment);
    if (!problems.isEmpty()) {
      return Pass.refused(
          Map.of(), new StageResult.Stalled(Reason.INVALID_SPEC, String.join("; ", problems)));
    }
    var snapshot = gatherer.gather(environment, others(environment, context));
    var lost = Claims.lost(environment, snapshot.others());
    if (lost.isPresent()) {
      var waiting = new StageResult.Waiting(Reason.DOMAIN_CLAIMED, lost.get());
      return Pass.refused(Map.of(Stage.INFRASTRUCTURE, waiting), waiting);
    }
    var settings =
        secrets.remember(environment.getMetadata().getUid(), Configuration.resolve(snapshot));
    var plan = Plan.of(snapshot, settings);
    var look = candidates.look(snapshot, settings, plan.configuration());
    if (look.checks() == NextStep.Checks.PASSED) {
      plan = Plan.of(snapshot, settings, look.checks());
    }
    var attempt = FirstDeployment.attempt(snapshot, plan.wanted(), plan.configuration());
    var teardown = FirstDeployment.underWay(snapshot, attempt);
    if (teardown.isPresent()) {
      return tornDown(snapshot, settings, plan, teardown.get());
    }
    var components = Assessment.components(snapshot, plan);
    var acme =
        Optional.of(snapshot)
            .filter(seen -> !environment.getSpec().ingress().sharesController())
            .map(seen ->
                AcmeBudget.next(seen, Claims.served(environment), DnsRecords.untrusted(snapshot)));
    var results = new EnumMap<Stage, StageResult>(Stage.class);
    var checked = new ArrayList<Result>();
    for (var stage : Pass.stages(environment)) {
      if (!open(stage, environment, results)) {
        break;
      }
      var refusals = apply(plan, stage);
      if (stage == Stage.CONFIGURATION && !refusals.isEmpty()) {
        settings = settings.asStored(snapshot);
        plan = Plan.of(snapshot, settings, look.checks());
      }
      if (stage == Stage.DEPLOYMENT) {
        // What has just been changed is not yet as asked, though its last state was good.
        components = Assessment.components(snapshot.after(owned.observe(environment)), plan);
      }
      results.put(
          stage,
          refusals.isEmpty()
              ? assess(stage, snapshot, settings, plan, acme, components, results, checked)
              : refused(refusals));
    }
    results.values().removeIf(Objects::isNull);
    var kept = applier.prune(snapshot.owned(), plan.keys(), plan.abandoned());
    if (!kept.isEmpty()) {
      results.computeIfPresent(
          Stage.DEPLOYMENT, (stage, result) -> result.isReady() ? refused(kept) : result);
    }
    // A version is judged by what was made of it now, not by what the last pass asked for.
    var made = snapshot.after(owned.observe(environment));
    boolean blames = Needs.areMet(made, components);
    var judged = look.of(plan.rollout().candidate(), blames);
    var candidate = Assessment.candidate(made, plan, judged);
    var step = step(made, plan, results, checked, judged, blames);
    var first = Removal.decide(made, plan, components, results, attempt);
    var overall =
        Assessment.overall(
            results,
            candidate.or(settings.rotations()::result),
            environment.getSpec().domains().app());
    return new Pass(
        results,
        overall,
        Optional.of(
            new Versions(made, plan, step, candidate, checked, Assessment.serving(made, plan))),
        Stream.concat(components.stream(), Following.components(made).stream()).toList(),
        settings.masking(),
        true,
        Optional.of(TaskReport.of(snapshot, plan.databaseTasks(), settings.masking())),
        acme,
        first.wiped(),
        first.atOnce(),
        Optional.of(settings.rotations()));
  }

  /** What is decided upon from what this pass made and found: above all, what it marks. */
  private static NextStep step(
      Snapshot made,
      Plan plan,
      Map<Stage, StageResult> results,
      List<Result> checked,
      CandidateVerification.Look look,
      boolean blames) {
    var seen = Rollout.see(made, id -> Catalog.known(made, id));
    var serving =
        ServingChecks.judge(
            made,
            plan,
            results,
            checked,
            CandidateVerification.known(made, seen.previous()),
            blames);
    return NextStep.of(
        Situations.of(
            made,
            seen,
            plan.target(),
            plan.configuration(),
            new Situations.Evidence(
                serving,
                look.checks(),
                blames,
                plan.migration().failed(),
                plan.rollout().candidate())));
  }

  /** A pass over a first deployment that is removed: of stage 3 nothing is there any more. */
  private Pass tornDown(
      Snapshot snapshot, Settings settings, Plan plan, FirstDeployment.Teardown teardown) {
    var environment = snapshot.environment();
    var rest = plan.withoutDeployment();
    var results = new EnumMap<Stage, StageResult>(Stage.class);
    for (var stage : List.of(Stage.INFRASTRUCTURE, Stage.CONFIGURATION)) {
      var refusals = apply(rest, stage);
      results.put(
          stage,
          !refusals.isEmpty()
              ? refused(refusals)
              : stage == Stage.INFRASTRUCTURE
                  ? Infrastructure.assess(snapshot, plan.all())
                  : settings.result());
    }
    boolean forgotten = Ledger.isForgotten(snapshot) || !teardown.holds();
    var refusals = forgotten ? applier.wipe(teardown.objects()) : List.<Refusal>of();
    var kept =
        refusals.isEmpty() && forgotten
            ? applier.prune(snapshot.owned(), rest.keys(), Removal.jobs(snapshot))
            : refusals;
    var made = snapshot.after(owned.observe(environment));
    results.put(
        Stage.DEPLOYMENT,
        !refusals.isEmpty()
            ? Removal.refused(refused(refusals), teardown.record())
            : kept.isEmpty() ? teardown.result() : refused(kept));
    var versions =
        new Versions(
            made, rest, rest.step(), Optional.empty(), List.of(), Optional.of(teardown.result()));
    return new Pass(
        results,
        Assessment.overall(results, Optional.empty(), environment.getSpec().domains().app()),
        Optional.of(versions).filter(v -> kept.isEmpty() && teardown.holds()),
        Assessment.components(made, rest),
        settings.masking(),
        true,
        Optional.empty(),
        Optional.empty(),
        Optional.of(teardown.record()),
        !forgotten,
        Optional.of(settings.rotations()));
  }

  private static boolean open(
      Stage stage, StagingEnvironment environment, Map<Stage, StageResult> results) {
    return Conditions.gateOpened(conditions(environment), stage)
        || stage.previous().map(results::get).filter(StageResult::isReady).isPresent();
  }

  private static List<Condition> conditions(StagingEnvironment environment) {
    return environment.getStatus() == null ? null : environment.getStatus().conditions();
  }

  /** All that was refused, under the reason of the first. */
  private static StageResult refused(List<Refusal> refusals) {
    return new StageResult.Failing(
        refusals.getFirst().reason(),
        refusals.stream().map(Refusal::message).collect(Collectors.joining("; ")));
  }

  private List<Refusal> apply(Plan plan, Stage stage) {
    return applier.apply(
        plan.of(stage).stream().filter(p -> !p.held()).map(p -> p.object()).toList());
  }

  /** The result of a stage; none for validation while something it checks is not there. */
  private StageResult assess(
      Stage stage,
      Snapshot snapshot,
      Settings settings,
      Plan plan,
      Optional<StagingEnvironmentStatus.Acme> acme,
      List<Component> components,
      Map<Stage, StageResult> results,
      List<Result> checked) {
    return switch (stage) {
      case INFRASTRUCTURE -> Infrastructure.assess(snapshot, plan.all());
      case CONFIGURATION -> settings.result();
      case DEPLOYMENT -> Assessment.deployment(components, snapshot, plan);
      case VALIDATION ->
          results.get(Stage.DEPLOYMENT).isReady()
              ? validate(snapshot, settings, plan, acme, checked)
              : null;
      case GITOPS -> Following.assess(snapshot, plan);
    };
  }

  /**
   * Stage 4.
   *
   * @param checked gets the outcome of every check, if they ran
   */
  private StageResult validate(
      Snapshot snapshot,
      Settings settings,
      Plan plan,
      Optional<StagingEnvironmentStatus.Acme> acme,
      List<Result> checked) {
    var spec = snapshot.environment().getSpec();
    var awaited = SharedIngressResources.awaited(snapshot);
    if (awaited.isPresent()) {
      return awaited.get();
    }
    var address = Infrastructure.address(snapshot);
    if (address.isEmpty()) {
      return new StageResult.Waiting(Reason.CHECKS_RUNNING, "there is no address to check yet");
    }
    var target = CheckTargets.ingress(snapshot, settings, address.get());
    var serving = Catalog.find(snapshot, plan.rollout().serving().id());
    var subject =
        snapshot.environment().getMetadata().getGeneration()
            + "/"
            + address.get()
            + "/"
            + plan.rollout().serving().id()
            + "/"
            + ServingChecks.settled(snapshot, plan.rollout())
            + "/"
            + serving.map(release -> release.getSpec().revalidate()).orElse("")
            + "/"
            + acme.map(StagingEnvironmentStatus.Acme::authority).orElse("")
            + "/"
            + plan.configuration()
            + "/"
            + CheckTargets.hash(settings);
    var round = verification.answer(snapshot.environment().getMetadata().getUid(), subject, target);
    if (round.waiting().isPresent()) {
      return explained(round.waiting().get(), acme, snapshot);
    }
    var containers = plan.containers();
    var found = new ArrayList<>(round.results());
    found.addAll(
        containers.results(reports.of(snapshot, containers.reporting(), settings.masking())));
    checked.addAll(
        Verdicts.bounded(
            found.stream().map(result -> masked(settings.masking(), result)).toList()));
    checked.addAll(
        Verdicts.manual(
            spec.validation().manual(),
            serving.map(release -> release.getSpec().verdicts()).orElse(List.of())));
    if (Verdicts.of(round.results()) != SmokeReport.Verdict.Failed) {
      var refusals = applier.apply(containers.due());
      if (!refusals.isEmpty()) {
        return refused(refusals);
      }
    }
    if (containers.waiting().isPresent() && Verdicts.of(checked) != SmokeReport.Verdict.Failed) {
      return containers.waiting().get();
    }
    return explained(
        Verdicts.stage(spec.domains().app(), target.dashboard() != null, checked), acme, snapshot);
  }

  private static StageResult explained(
      StageResult found, Optional<StagingEnvironmentStatus.Acme> acme, Snapshot snapshot) {
    return acme.map(record -> AcmeBudget.explain(found, record, snapshot.environment()))
        .orElse(found);
  }

  /** Time between two rounds of checks while all is well. */
  private static Duration period(StagingEnvironment environment) {
    return environment.getSpec() == null
        ? Verification.PERIOD
        : Duration.ofSeconds(environment.getSpec().validation().periodSeconds());
  }

  private static Result masked(Masking masking, Result result) {
    return result.message() == null
        ? result
        : new Result(
            result.name(),
            result.group(),
            result.priority(),
            result.outcome(),
            masking.mask(result.message()));
  }

  private static List<StagingEnvironment> others(
      StagingEnvironment environment, Context<StagingEnvironment> context) {
    return context
        .getPrimaryCache()
        .list(other ->
            !Objects.equals(other.getMetadata().getUid(), environment.getMetadata().getUid()))
        .toList();
  }

  private StagingEnvironmentStatus publish(
      StagingEnvironment environment, Pass pass, Context<StagingEnvironment> context) {
    var last = environment.getStatus();
    var status = pass.status(environment, last, clock);
    if (!status.equals(last)) {
      var fresh = new StagingEnvironment();
      fresh.setMetadata(
          new ObjectMetaBuilder()
              .withName(environment.getMetadata().getName())
              .withNamespace(environment.getMetadata().getNamespace())
              .build());
      fresh.setStatus(status);
      PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(environment, fresh, context);
      List<Condition> before = last == null ? List.of() : last.conditions();
      telemetry.wrote("patch", environment.getKind() + "/status");
      telemetry.published(environment, before, status.conditions(), clock);
      events.transitions(
          environment, before, status.conditions(), pass.outcomes(), clock.instant());
      events.database(environment, last, status, clock.instant());
      events.rotations(environment, last, status, clock.instant());
    }
    return status;
  }
}

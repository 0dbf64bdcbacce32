package ru.scoliologic.staging.reconcile;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.infrastructure.DnsRecords;
import ru.scoliologic.staging.ingress.AcmeBudget;
import ru.scoliologic.staging.postgres.TaskReport;
import ru.scoliologic.staging.reconcile.assess.DeploymentAssessment;
import ru.scoliologic.staging.reconcile.assess.FirstDeploymentRemoval;
import ru.scoliologic.staging.reconcile.assess.GitopsAssessment;
import ru.scoliologic.staging.reconcile.assess.Readiness;
import ru.scoliologic.staging.reconcile.assess.RolloutOutcome;
import ru.scoliologic.staging.reconcile.check.CandidateChecker;
import ru.scoliologic.staging.reconcile.check.DeniedTrafficExplainer;
import ru.scoliologic.staging.reconcile.check.ServingVerdict;
import ru.scoliologic.staging.reconcile.observe.KnownSecrets;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.reconcile.plan.RolloutObservation;
import ru.scoliologic.staging.reconcile.publish.PassOutcome;
import ru.scoliologic.staging.reconcile.validate.FixedFields;
import ru.scoliologic.staging.reconcile.validate.SpecValidator;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.release.FirstDeployment.Teardown;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.RolloutDecision;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * One pass over one environment: observe, validate, plan, then apply, check and assess stage by
 * stage, and decide which version serves. The caller publishes the outcome.
 */
final class EnvironmentPass {
  private final Cluster cluster;
  private final CandidateChecker candidates;
  private final StageRunner stages;
  private final DeniedTrafficExplainer denials;
  private final KnownSecrets secrets;

  EnvironmentPass(
      Cluster cluster,
      CandidateChecker candidates,
      StageRunner stages,
      DeniedTrafficExplainer denials,
      KnownSecrets secrets) {
    this.cluster = cluster;
    this.candidates = candidates;
    this.stages = stages;
    this.denials = denials;
    this.secrets = secrets;
  }

  /**
   * Runs the pass.
   *
   * @return empty while the first round of checks runs: the rest is published with its results
   */
  Optional<PassOutcome> run(StagingEnvironment environment, List<StagingEnvironment> others) {
    var problems = SpecValidator.problems(environment);
    if (!problems.isEmpty()) {
      return Optional.of(stalled(Reason.INVALID_SPEC, problems));
    }
    var observed = cluster.snapshot(environment, others);
    var lost = Claims.lost(environment, observed.others());
    if (lost.isPresent()) {
      var waiting = new StageResult.Waiting(Reason.DOMAIN_CLAIMED, lost.get());
      return Optional.of(PassOutcome.refused(Map.of(Stage.INFRASTRUCTURE, waiting), waiting));
    }
    var changed = FixedFields.problems(observed);
    if (!changed.isEmpty()) {
      return Optional.of(stalled(Reason.FIELD_CANNOT_CHANGE, changed));
    }
    var settings = settings(observed);
    // A log is masked before it is cut, so the secrets must be known first.
    var snapshot = cluster.diagnosed(observed, settings.masking());
    if (!snapshot.logTails().isEmpty()) {
      settings = settings(snapshot);
    }
    var app = new AppResources(snapshot, settings.appEnvironment());
    var candidate = candidates.look(snapshot, settings, app.configuration());
    var plan = Plan.of(snapshot, settings, candidate.checks());
    var attempt = FirstDeployment.attempt(snapshot, plan.wanted(), plan.configuration());
    var teardown = FirstDeployment.underWay(snapshot, attempt);
    return teardown.isPresent()
        ? Optional.of(tearDown(snapshot, settings, plan, teardown.get()))
        : bringUp(input(snapshot, settings, plan, candidate), candidate, attempt);
  }

  private static PassOutcome stalled(Reason reason, List<String> problems) {
    return PassOutcome.refused(
        Map.of(), new StageResult.Stalled(reason, String.join("; ", problems)));
  }

  private Settings settings(Snapshot snapshot) {
    return secrets.remember(
        snapshot.environment().getMetadata().getUid(), Configuration.resolve(snapshot));
  }

  private static StageRunner.Input input(
      Snapshot snapshot, Settings settings, Plan plan, CandidateChecker.Look candidate) {
    var environment = snapshot.environment();
    var acme =
        environment.getSpec().ingress().sharesController()
            ? Optional.<Acme>empty()
            : Optional.of(
                AcmeBudget.next(
                    snapshot, Claims.served(environment), DnsRecords.untrusted(snapshot)));
    return new StageRunner.Input(snapshot, settings, plan, candidate.checks(), acme);
  }

  private Optional<PassOutcome> bringUp(
      StageRunner.Input input, CandidateChecker.Look candidate, FirstDeployment.Attempt attempt) {
    var run = stages.run(input);
    if (run.checking()) {
      return Optional.empty();
    }
    var before = input.snapshot();
    var environment = before.environment();
    var settings = run.input().settings();
    var plan = run.input().plan();
    var results = new EnumMap<Stage, StageResult>(Stage.class);
    results.putAll(denials.explain(run.results(), before, run.components()));
    cluster.endFinishedJobs(before, settings.masking());
    var kept = cluster.prune(before.owned(), plan.keys(), plan.abandoned(before));
    if (!kept.isEmpty()) {
      results.computeIfPresent(
          Stage.DEPLOYMENT, (stage, result) -> result.isReady() ? Refusal.failing(kept) : result);
    }
    // The decision uses the objects as written in this pass, not the state at its start.
    var after = before.after(cluster.owned(environment));
    boolean blames = Dependencies.areMet(after, run.components());
    var look = candidate.of(plan.rollout().candidate(), blames);
    var starting =
        DeploymentAssessment.candidate(after, plan, look)
            .map(state -> denials.explain(state, after, plan));
    var decision = decide(after, run, results, look, blames);
    var removal = FirstDeploymentRemoval.decide(after, plan, run.components(), results, attempt);
    removal.result().ifPresent(result -> results.put(Stage.DEPLOYMENT, result));
    var shown = Readiness.shown(results, environment, plan);
    var asked =
        Readiness.ofTheSpec(starting, plan)
            .or(() -> Readiness.ofFailedRotation(settings.rotations()));
    return Optional.of(
        new PassOutcome(
            shown,
            Readiness.of(shown, asked, run.checked(), environment.getSpec().domains().app()),
            Optional.of(
                new RolloutOutcome(
                    after,
                    plan,
                    decision,
                    new RolloutOutcome.States(starting, DeploymentAssessment.serving(after, plan)),
                    Optional.ofNullable(results.get(Stage.VALIDATION)),
                    run.checked())),
            Stream.concat(run.components().stream(), GitopsAssessment.components(after).stream())
                .toList(),
            settings.masking(),
            Optional.of(
                new PassOutcome.Records(
                    Optional.of(
                        TaskReport.of(
                            before, plan.databaseTasks(), run.refused(), settings.masking())),
                    input.acme(),
                    removal.wiped(),
                    settings.rotations(),
                    removal.atOnce()))));
  }

  /** The final decision, from the results of this pass; the plan had only a forecast of it. */
  private static RolloutDecision decide(
      Snapshot after,
      StageRunner.Outcome run,
      Map<Stage, StageResult> results,
      CandidateChecker.Look look,
      boolean blames) {
    var plan = run.input().plan();
    var seen = Rollout.see(after, id -> ReleaseCatalog.known(after, id));
    var serving =
        ServingVerdict.judge(
            after,
            plan,
            results,
            run.checked(),
            CandidateChecker.known(after, seen.previous()),
            blames);
    return RolloutDecision.of(
        RolloutObservation.of(
            after,
            seen,
            plan.target(),
            plan.configuration(),
            new RolloutObservation.Evidence(
                serving,
                look.checks(),
                blames,
                plan.migration().failed(),
                plan.rollout().candidate())));
  }

  /** A pass over a first deployment that is being removed. */
  private PassOutcome tearDown(Snapshot before, Settings settings, Plan plan, Teardown teardown) {
    var environment = before.environment();
    var removal = stages.remove(before, settings, plan, teardown);
    var after = before.after(cluster.owned(environment));
    var rest = plan.withoutDeployment();
    return new PassOutcome(
        removal.results(),
        Readiness.of(
            removal.results(), Optional.empty(), List.of(), environment.getSpec().domains().app()),
        Optional.of(
                new RolloutOutcome(
                    after,
                    rest,
                    rest.forecast(),
                    new RolloutOutcome.States(Optional.empty(), Optional.of(teardown.result())),
                    Optional.empty(),
                    List.of()))
            .filter(versions -> removal.clean()),
        DeploymentAssessment.components(after, rest),
        settings.masking(),
        Optional.of(
            new PassOutcome.Records(
                Optional.empty(),
                Optional.empty(),
                Optional.of(teardown.record()),
                settings.rotations(),
                !removal.forgotten())));
  }
}

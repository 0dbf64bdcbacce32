package ru.scoliologic.staging.reconcile.check;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.ingress.AcmeBudget;
import ru.scoliologic.staging.ingress.SharedIngressResources;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CheckRunner.Round;
import ru.scoliologic.staging.validation.JUnitReport;
import ru.scoliologic.staging.validation.Verdicts;

/** Stage 4: checks the serving version through the ingress, by requests and by container checks. */
public final class ServingChecker {
  private final CheckScheduler scheduler;
  private final Containers containers;

  /** Cluster access of container checks. */
  public interface Containers {
    /** Creates the due Jobs and returns what the API server refused. */
    List<Refusal> apply(List<HasMetadata> objects);

    /** The reports of ended Jobs, by the Job's name. */
    Map<String, JUnitReport> reports(Snapshot snapshot, List<Job> ended, SecretMasker masking);
  }

  /**
   * The findings.
   *
   * @param result of the stage; empty while the first round of checks runs
   * @param checked the outcome of every check, none if they did not run
   */
  public record Report(Optional<StageResult> result, List<Result> checked) {
    private static Report unchecked(StageResult result) {
      return new Report(Optional.of(result), List.of());
    }
  }

  public ServingChecker(CheckScheduler scheduler, Containers containers) {
    this.scheduler = scheduler;
    this.containers = containers;
  }

  /**
   * Checks the serving version.
   *
   * @param acme the record of certificates; empty where another controller provides them
   */
  public Report check(Snapshot snapshot, Settings settings, Plan plan, Optional<Acme> acme) {
    var awaited = SharedIngressResources.awaited(snapshot);
    if (awaited.isPresent()) {
      return Report.unchecked(awaited.get());
    }
    var address = Infrastructure.address(snapshot);
    if (address.isEmpty()) {
      return Report.unchecked(
          new StageResult.Waiting(Reason.CHECKS_RUNNING, "there is no address to check yet"));
    }
    var target = CheckTargets.ingress(snapshot, settings, address.get());
    var round =
        scheduler.answer(
            snapshot.environment(), subject(snapshot, settings, plan, acme, address.get()), target);
    if (round.isEmpty()) {
      return new Report(Optional.empty(), List.of());
    }
    if (round.get().waiting().isPresent()) {
      return Report.unchecked(explained(round.get().waiting().get(), acme, snapshot));
    }
    var checked = checked(snapshot, settings, plan, round.get());
    var result =
        startContainers(plan, round.get())
            .map(Refusal::failing)
            .or(() ->
                plan.containers()
                    .waiting()
                    .filter(waiting -> Verdicts.of(checked) != Verdict.Failed))
            .orElseGet(() ->
                explained(
                    Verdicts.stage(
                        snapshot.environment().getSpec().domains().app(),
                        target.hosts().dashboard() != null,
                        checked),
                    acme,
                    snapshot));
    return new Report(Optional.of(result), checked);
  }

  private static CheckSubject subject(
      Snapshot snapshot, Settings settings, Plan plan, Optional<Acme> acme, String address) {
    var serving = plan.rollout().serving();
    return CheckSubject.of(
        snapshot.environment().getMetadata().getGeneration(),
        address,
        serving.id(),
        serving.image(),
        ServingVerdict.settled(snapshot, plan.rollout()),
        release(snapshot, plan).map(found -> found.getSpec().revalidate()).orElse(""),
        acme.map(Acme::authority).orElse(""),
        plan.configuration(),
        CheckTargets.hash(settings));
  }

  private static Optional<StagingRelease> release(Snapshot snapshot, Plan plan) {
    return ReleaseCatalog.find(snapshot, plan.rollout().serving().id());
  }

  /** The outcomes of requests, of container checks and of manual checks, in this order. */
  private List<Result> checked(Snapshot snapshot, Settings settings, Plan plan, Round round) {
    var found = new ArrayList<>(round.results());
    found.addAll(
        plan.containers()
            .results(
                containers.reports(snapshot, plan.containers().reporting(), settings.masking())));
    var checked =
        new ArrayList<>(
            Verdicts.bounded(
                found.stream().map(result -> masked(settings.masking(), result)).toList()));
    checked.addAll(
        Verdicts.manual(
            snapshot.environment().getSpec().validation().manual(),
            release(snapshot, plan).map(given -> given.getSpec().verdicts()).orElse(List.of())));
    return List.copyOf(checked);
  }

  /** Container checks run only where the requests passed. */
  private Optional<List<Refusal>> startContainers(Plan plan, Round round) {
    if (Verdicts.of(round.results()) == Verdict.Failed) {
      return Optional.empty();
    }
    return Optional.of(containers.apply(plan.containers().due()))
        .filter(refusals -> !refusals.isEmpty());
  }

  private static StageResult explained(StageResult found, Optional<Acme> acme, Snapshot snapshot) {
    return acme.map(record -> AcmeBudget.explain(found, record, snapshot.environment()))
        .orElseGet(() -> SharedIngressResources.explain(found, snapshot.environment()));
  }

  private static Result masked(SecretMasker masking, Result result) {
    return result.message() == null
        ? result
        : new Result(
            result.name(),
            result.group(),
            result.priority(),
            result.outcome(),
            masking.mask(result.message()));
  }
}

package ru.scoliologic.staging.reconcile.check;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.observe.Background;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CheckRunner.Round;
import ru.scoliologic.staging.validation.CheckTarget;
import ru.scoliologic.staging.validation.Verdicts;

/**
 * Schedules the checks: at once when their subject changed, after a short while when they failed,
 * and periodically when they passed. In between the last result holds. A round runs outside the
 * passes: one pass starts it, and a pass after its end reads it.
 */
public final class CheckScheduler {
  public static final Duration PERIOD = Duration.ofMinutes(5);
  private static final Duration PATIENT_AFTER = Duration.ofMinutes(3);

  private final Runner runner;
  private final Background background;
  private final Consumer<ResourceID> ended;
  private final Clock clock;
  private final OperatorMetrics metrics;
  private final EnvironmentMemories.Slot<Checks> checks;

  /** Runs one round of checks. */
  @FunctionalInterface
  public interface Runner {
    Round run(CheckTarget target) throws IOException, GeneralSecurityException;
  }

  /**
   * Schedules one kind of checks.
   *
   * @param ended receives an environment when one of its rounds has ended
   */
  public CheckScheduler(
      Runner runner,
      Background background,
      Consumer<ResourceID> ended,
      Clock clock,
      OperatorMetrics metrics,
      EnvironmentMemories memories) {
    this.runner = runner;
    this.background = background;
    this.ended = ended;
    this.clock = clock;
    this.metrics = metrics;
    this.checks = memories.slot(this::drop);
  }

  /**
   * The outcomes for an environment; empty while the first round of a subject runs. A round for
   * another subject is ignored.
   */
  public synchronized Optional<Round> answer(
      StagingEnvironment environment, CheckSubject subject, CheckTarget target) {
    var known = checks.get(environment.getMetadata().getUid(), Checks::new);
    var fault = known.fault;
    if (fault != null) {
      known.fault = null;
      throw fault;
    }
    var last = known.last(subject);
    if (last.isEmpty() || !clock.instant().isBefore(last.get().due())) {
      begin(known, environment, subject, target);
    }
    return known.last(subject).map(Last::round);
  }

  private void begin(
      Checks known, StagingEnvironment environment, CheckSubject subject, CheckTarget target) {
    if (known.running != null && known.running.subject.equals(subject)) {
      return;
    }
    drop(known);
    var round = new Running(known, ResourceID.fromResource(environment), subject, clock.instant());
    known.running = round;
    round.work =
        background.submit(environment.getMetadata().getNamespace(), () -> run(round, target));
  }

  private void run(Running running, CheckTarget target) {
    try {
      var round =
          metrics.checked(
              () -> {
                try {
                  return runner.run(target);
                } catch (IOException | GeneralSecurityException e) {
                  throw new IllegalStateException("the checks could not be run", e);
                }
              },
              CheckScheduler::well);
      end(running, () -> keep(running, round, target));
    } catch (RuntimeException e) {
      end(running, () -> running.checks.fault = e);
    } catch (Error e) {
      // Without an end the environment would wait for this round forever.
      end(running, () -> running.checks.fault = new IllegalStateException("the checks ended", e));
      throw e;
    }
  }

  /** Stores the result of a round, unless it was dropped, and triggers a pass. */
  private void end(Running round, Runnable keep) {
    synchronized (this) {
      if (round.checks.running != round) {
        return;
      }
      round.checks.running = null;
      keep.run();
    }
    ended.accept(round.environment);
  }

  private void keep(Running running, Round round, CheckTarget target) {
    var now = clock.instant();
    boolean well = well(round);
    var troubleSince =
        running
            .checks
            .last(running.subject)
            .filter(last -> !well(last.round()))
            .map(Last::troubleSince)
            .orElse(running.begun);
    var period = Duration.ofSeconds(target.declared().spec().periodSeconds());
    running.checks.last =
        new Last(
            running.subject, round, troubleSince, now.plus(wait(well, period, troubleSince, now)));
  }

  private synchronized void drop(Checks known) {
    var dropped = known.running;
    known.running = null;
    if (dropped != null && dropped.work != null) {
      dropped.work.cancel(true);
    }
  }

  private static boolean well(Round round) {
    return round.waiting().isEmpty() && Verdicts.of(round.results()) != Verdict.Failed;
  }

  private static Duration wait(boolean well, Duration period, Instant troubleSince, Instant now) {
    if (well) {
      return period;
    }
    return now.isBefore(troubleSince.plus(PATIENT_AFTER))
        ? Duration.ofSeconds(3)
        : StageResult.Waiting.LATER;
  }

  /** How long the checks of this subject have failed; zero when they passed. */
  synchronized Duration trouble(String uid, CheckSubject subject) {
    return checks
        .find(uid)
        .flatMap(known -> known.last(subject))
        .filter(last -> !well(last.round()))
        .map(last -> Duration.between(last.troubleSince(), clock.instant()))
        .orElse(Duration.ZERO);
  }

  /** The checks of one environment, guarded by the scheduler. */
  private static final class Checks {
    private Last last;
    private Running running;
    private RuntimeException fault;

    private Optional<Last> last(CheckSubject subject) {
      return Optional.ofNullable(last).filter(known -> known.subject().equals(subject));
    }
  }

  private static final class Running {
    private final Checks checks;
    private final ResourceID environment;
    private final CheckSubject subject;
    private final Instant begun;
    private Future<?> work;

    private Running(Checks checks, ResourceID environment, CheckSubject subject, Instant begun) {
      this.checks = checks;
      this.environment = environment;
      this.subject = subject;
      this.begun = begun;
    }
  }

  private record Last(CheckSubject subject, Round round, Instant troubleSince, Instant due) {}
}

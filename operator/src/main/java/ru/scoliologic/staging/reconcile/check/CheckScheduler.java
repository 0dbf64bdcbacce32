package ru.scoliologic.staging.reconcile.check;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.observe.Background;
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
  private final Map<String, Last> answers = new HashMap<>();
  private final Map<String, Running> rounds = new HashMap<>();
  private final Map<String, RuntimeException> faults = new HashMap<>();

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
      OperatorMetrics metrics) {
    this.runner = runner;
    this.background = background;
    this.ended = ended;
    this.clock = clock;
    this.metrics = metrics;
  }

  /**
   * The outcomes for an environment; empty while the first round of a subject runs. A round for
   * another subject is ignored.
   */
  public synchronized Optional<Round> answer(
      StagingEnvironment environment, CheckSubject subject, CheckTarget target) {
    var uid = environment.getMetadata().getUid();
    var fault = faults.remove(uid);
    if (fault != null) {
      throw fault;
    }
    var last = last(uid, subject);
    if (last.isEmpty() || !clock.instant().isBefore(last.get().due())) {
      begin(environment, subject, target);
    }
    return last(uid, subject).map(Last::round);
  }

  private Optional<Last> last(String uid, CheckSubject subject) {
    return Optional.ofNullable(answers.get(uid)).filter(last -> last.subject().equals(subject));
  }

  private void begin(StagingEnvironment environment, CheckSubject subject, CheckTarget target) {
    var uid = environment.getMetadata().getUid();
    var other = rounds.get(uid);
    if (other != null && other.subject.equals(subject)) {
      return;
    }
    drop(uid);
    var round = new Running(ResourceID.fromResource(environment), uid, subject, clock.instant());
    rounds.put(uid, round);
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
      end(running, () -> faults.put(running.uid, e));
    } catch (Error e) {
      // Without an end the environment would wait for this round forever.
      end(running, () -> faults.put(running.uid, new IllegalStateException("the checks ended", e)));
      throw e;
    }
  }

  /** Stores the result of a round, unless it was dropped, and triggers a pass. */
  private void end(Running round, Runnable keep) {
    synchronized (this) {
      if (rounds.get(round.uid) != round) {
        return;
      }
      rounds.remove(round.uid);
      keep.run();
    }
    ended.accept(round.environment);
  }

  private void keep(Running running, Round round, CheckTarget target) {
    var now = clock.instant();
    boolean well = well(round);
    var troubleSince =
        last(running.uid, running.subject)
            .filter(last -> !well(last.round()))
            .map(Last::troubleSince)
            .orElse(running.begun);
    var period = Duration.ofSeconds(target.declared().spec().periodSeconds());
    answers.put(
        running.uid,
        new Last(
            running.subject, round, troubleSince, now.plus(wait(well, period, troubleSince, now))));
  }

  private void drop(String uid) {
    var dropped = rounds.remove(uid);
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

  public synchronized void keepOnly(Set<String> uids) {
    answers.keySet().retainAll(uids);
    faults.keySet().retainAll(uids);
    rounds.keySet().stream().filter(uid -> !uids.contains(uid)).toList().forEach(this::drop);
  }

  /** How long the checks of this subject have failed; zero when they passed. */
  synchronized Duration trouble(String uid, CheckSubject subject) {
    return last(uid, subject)
        .filter(last -> !well(last.round()))
        .map(last -> Duration.between(last.troubleSince(), clock.instant()))
        .orElse(Duration.ZERO);
  }

  private static final class Running {
    private final ResourceID environment;
    private final String uid;
    private final CheckSubject subject;
    private final Instant begun;
    private Future<?> work;

    private Running(ResourceID environment, String uid, CheckSubject subject, Instant begun) {
      this.environment = environment;
      this.uid = uid;
      this.subject = subject;
      this.begun = begun;
    }
  }

  private record Last(CheckSubject subject, Round round, Instant troubleSince, Instant due) {}
}

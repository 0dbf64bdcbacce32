package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The time limit of one round of checks. A server may answer slowly, or send a byte at a time
 * without end: each request is abandoned after its limit, whatever it receives, and requests that
 * would begin after the round's end are not sent.
 */
final class TimeBudget {
  private static final Duration ROUND = Duration.ofSeconds(30);
  private static final Duration REQUEST = Duration.ofSeconds(10);

  private final Duration round;
  private final Duration request;
  private final long begin = System.nanoTime();

  /**
   * Starts the clock.
   *
   * @param round limit for all requests together
   * @param request limit for each, from its connection to the last byte of its answer
   */
  TimeBudget(Duration round, Duration request) {
    this.round = round;
    this.request = request;
  }

  /** The limits of a round of checks. */
  static TimeBudget ofARound() {
    return new TimeBudget(ROUND, REQUEST);
  }

  /** The limit of a single request. */
  static TimeBudget ofARequest(Duration request) {
    return new TimeBudget(request, request);
  }

  /**
   * Waits for a request to end, but for no longer than it may take.
   *
   * @throws NotRun when the round is over
   * @throws IOException when the request fails or takes too long
   */
  <T> T spend(Callable<T> work) throws IOException {
    var left = round.minusNanos(System.nanoTime() - begin);
    if (!left.isPositive()) {
      throw new NotRun(round);
    }
    var limit = left.compareTo(request) < 0 ? left : request;
    var task = new FutureTask<>(work);
    // The interruption of a virtual thread closes the socket that it waits for.
    Thread.ofVirtual().name("check").start(task);
    try {
      // Waits to the nanosecond: with part of a millisecond left the next request would begin, and
      // be abandoned at once.
      return task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new IOException(
          "there was no complete response within %s".formatted(seconds(limit)), e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failed) {
        throw failed;
      }
      throw e.getCause() instanceof RuntimeException fault
          ? fault
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted while checking").initCause(e);
    } finally {
      task.cancel(true);
    }
  }

  private static String seconds(Duration time) {
    return Math.max(1, time.toSeconds()) + " s";
  }

  /** A request that was not sent, because the round was over. */
  static final class NotRun extends IOException {
    private static final long serialVersionUID = 1;

    private NotRun(Duration round) {
      super(
          "not run: the checks before it took %s, which is the limit of a round of checks"
              .formatted(seconds(round)));
    }
  }
}

package ru.scoliologic.staging.agent;

import java.time.Duration;

/** Backoff after failures: doubled with each consecutive failure, up to a limit. */
public final class RetryPause {
  static final Duration MOST = Duration.ofMinutes(5);
  private static final int MOST_DOUBLINGS = 20;

  private final Duration first;
  private int failures;

  public RetryPause(Duration first) {
    this.first = first;
  }

  void reset() {
    failures = 0;
  }

  /** The pause after one more failure. */
  public Duration next() {
    var wait = first.multipliedBy(1L << Math.min(failures++, MOST_DOUBLINGS));
    var most = first.compareTo(MOST) > 0 ? first : MOST;
    return wait.compareTo(most) < 0 ? wait : most;
  }
}

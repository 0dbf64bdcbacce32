package ru.scoliologic.staging.agent;

import java.time.Duration;

/** How long to wait after a failure: doubled with each one in a row, up to a bound. */
final class Pause {
  static final Duration MOST = Duration.ofMinutes(5);
  private static final int MOST_DOUBLINGS = 20;

  private final Duration first;
  private int failures;

  Pause(Duration first) {
    this.first = first;
  }

  void reset() {
    failures = 0;
  }

  /** The wait after one more failure. */
  Duration next() {
    var wait = first.multipliedBy(1L << Math.min(failures++, MOST_DOUBLINGS));
    var most = first.compareTo(MOST) > 0 ? first : MOST;
    return wait.compareTo(most) < 0 ? wait : most;
  }
}

package ru.scoliologic.staging.agent;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Wakes one waiting thread; any number of calls before it waits count as one. */
final class Signal {
  private final Semaphore raised = new Semaphore(0);

  void raise() {
    raised.release();
  }

  /** Waits until raised, or until the time is up, and says which. */
  boolean await(Duration atMost) throws InterruptedException {
    boolean was = raised.tryAcquire(Math.max(1, atMost.toMillis()), TimeUnit.MILLISECONDS);
    // One that came between the two calls counts.
    int more = raised.drainPermits();
    return was || more > 0;
  }
}

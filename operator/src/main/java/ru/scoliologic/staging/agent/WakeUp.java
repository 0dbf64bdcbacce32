package ru.scoliologic.staging.agent;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Wakes one waiting thread; any number of calls before it waits count as one. */
public final class WakeUp {
  private final Semaphore raised = new Semaphore(0);

  public void raise() {
    raised.release();
  }

  /** Waits until raised or until the timeout; returns whether it was raised. */
  public boolean await(Duration atMost) throws InterruptedException {
    boolean was = raised.tryAcquire(Math.max(1, atMost.toMillis()), TimeUnit.MILLISECONDS);
    // Counts a call that came between the two.
    int more = raised.drainPermits();
    return was || more > 0;
  }
}

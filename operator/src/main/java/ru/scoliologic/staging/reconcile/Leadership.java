package ru.scoliologic.staging.reconcile;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether this instance of the operator may act. A standby watches the same objects as the leader,
 * so that it can take over at once, and does nothing else.
 */
public final class Leadership {
  private final AtomicBoolean held;
  private volatile Runnable begin = () -> {};

  private Leadership(boolean held) {
    this.held = new AtomicBoolean(held);
  }

  /** For the only instance of the operator. */
  public static Leadership held() {
    return new Leadership(true);
  }

  /** For an instance that may act once it is elected. */
  public static Leadership awaited() {
    return new Leadership(false);
  }

  /** This instance may act from now on; every environment is reconciled. */
  public void gained() {
    held.set(true);
    begin.run();
  }

  boolean isHeld() {
    return held.get();
  }

  /** Sets the action that reconciles every environment. */
  void whenGained(Runnable all) {
    begin = all;
  }
}

package ru.scoliologic.staging.reconcile.observe;

import java.util.concurrent.Future;

/** Runs work that takes too long for a pass. */
@FunctionalInterface
public interface Background {
  /**
   * Runs the work as soon as there is capacity.
   *
   * @param namespace whose share it counts against
   */
  Future<?> submit(String namespace, Runnable work);
}

package ru.scoliologic.staging.reconcile.observe;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Runs long work outside the passes: rounds of checks, and queries to registries. Concurrency is
 * limited in total and for each namespace, so that slow applications and registries delay neither
 * passes nor other namespaces.
 */
public final class BackgroundPool {
  /** Concurrent tasks. */
  static final int MOST = 32;

  /** Concurrent tasks of one namespace. */
  static final int SHARE = 8;

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("beside").factory());
  private final Semaphore all = new Semaphore(MOST, true);
  private final Map<String, Semaphore> shares = new ConcurrentHashMap<>();

  /** Runs the task when there is capacity; the order within a namespace is kept. */
  public Future<?> submit(String namespace, Runnable round) {
    return threads.submit(() -> {
      var share = shares.computeIfAbsent(namespace, n -> new Semaphore(SHARE, true));
      share.acquire();
      try {
        all.acquire();
        try {
          round.run();
        } finally {
          all.release();
        }
      } finally {
        share.release();
      }
      return null;
    });
  }
}

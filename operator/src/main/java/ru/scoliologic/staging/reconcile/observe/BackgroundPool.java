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

  /** The shares of the namespaces that have tasks. */
  private final Map<String, Share> shares = new ConcurrentHashMap<>();

  /** Runs the task when there is capacity; the order within a namespace is kept. */
  public Future<?> submit(String namespace, Runnable round) {
    return threads.submit(() -> {
      var share = join(namespace);
      try {
        share.permits.acquire();
        try {
          run(round);
        } finally {
          share.permits.release();
        }
      } finally {
        leave(namespace);
      }
      return null;
    });
  }

  private void run(Runnable round) throws InterruptedException {
    all.acquire();
    try {
      round.run();
    } finally {
      all.release();
    }
  }

  private Share join(String namespace) {
    return shares.compute(
        namespace,
        (key, present) -> {
          var share = present == null ? new Share() : present;
          share.tasks++;
          return share;
        });
  }

  private void leave(String namespace) {
    shares.computeIfPresent(namespace, (key, share) -> --share.tasks == 0 ? null : share);
  }

  /** Namespaces that have tasks. */
  int namespaces() {
    return shares.size();
  }

  private static final class Share {
    private final Semaphore permits = new Semaphore(SHARE, true);

    /** Running and waiting ones; changed under the lock of the entry in the map. */
    private int tasks;
  }
}

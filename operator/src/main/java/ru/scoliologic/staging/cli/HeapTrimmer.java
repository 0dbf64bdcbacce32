package ru.scoliologic.staging.cli;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Gives unused heap back to the node. The JVM shrinks its heap only when it collects all of it, and
 * a process that has become quiet does not do that by itself for hours.
 */
final class HeapTrimmer implements AutoCloseable {
  private static final Duration PERIOD = Duration.ofSeconds(20);

  /** A heap that never becomes quiet is collected every three minutes; that takes up to 0.3 s. */
  static final int LONGEST_PERIODS = 9;

  /** Fewer collections than that leave little to give back. */
  static final int USE = 3;

  private final LongSupplier collections;
  private final Runnable collectAll;
  private long seen = -1;
  private long atTrim;
  private int periods;
  private ScheduledExecutorService schedule;

  /**
   * @param collections number of garbage collections so far
   * @param collectAll collects the whole heap
   */
  HeapTrimmer(LongSupplier collections, Runnable collectAll) {
    this.collections = collections;
    this.collectAll = collectAll;
  }

  /** Trims the heap of this process until it is closed. */
  static HeapTrimmer start() {
    var trimmer =
        new HeapTrimmer(
            () ->
                ManagementFactory.getGarbageCollectorMXBeans().stream()
                    .mapToLong(collector -> Math.max(0, collector.getCollectionCount()))
                    .sum(),
            System::gc);
    trimmer.schedule =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("heap-trimmer").factory());
    var _ =
        trimmer.schedule.scheduleWithFixedDelay(
            trimmer::check, PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    return trimmer;
  }

  /** Collects everything once the heap is quiet after use, or has been busy for long. */
  void check() {
    long now = collections.getAsLong();
    boolean used = now >= atTrim + USE;
    boolean quiet = now == seen;
    seen = now;
    periods = used ? periods + 1 : 0;
    if (used && (quiet || periods >= LONGEST_PERIODS)) {
      collectAll.run();
      periods = 0;
      atTrim = collections.getAsLong();
      seen = atTrim;
    }
  }

  @Override
  public void close() {
    if (schedule != null) {
      schedule.shutdownNow();
    }
  }
}

package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BackgroundPoolTest {
  private static final int LIMIT = 20;

  private final BackgroundPool pool = new BackgroundPool();
  private final CountDownLatch hold = new CountDownLatch(1);
  private final AtomicInteger running = new AtomicInteger();

  private void endless() {
    running.incrementAndGet();
    try {
      hold.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      running.decrementAndGet();
    }
  }

  @Test
  void a_namespace_that_holds_its_share_keeps_no_other_one_waiting() throws Exception {
    List<Future<?>> hostile = new ArrayList<>();
    for (int i = 0; i < 2 * BackgroundPool.SHARE; i++) {
      hostile.add(pool.submit("hostile", this::endless));
    }
    await("its share to be used").until(() -> running.get() == BackgroundPool.SHARE);

    pool.submit("good", () -> {}).get(LIMIT, TimeUnit.SECONDS);

    assertThat(running).as("rounds of the hostile namespace").hasValue(BackgroundPool.SHARE);
    hold.countDown();
    for (var round : hostile) {
      round.get(LIMIT, TimeUnit.SECONDS);
    }
  }

  @Test
  void a_round_that_is_dropped_gives_its_place_to_the_next() throws Exception {
    List<Future<?>> rounds = new ArrayList<>();
    for (int i = 0; i < BackgroundPool.SHARE; i++) {
      rounds.add(pool.submit("team", this::endless));
    }
    await("all to run").until(() -> running.get() == BackgroundPool.SHARE);

    var next = pool.submit("team", () -> {});
    rounds.getFirst().cancel(true);

    assertThat(next.get(LIMIT, TimeUnit.SECONDS)).isNull();
    hold.countDown();
  }

  @Test
  void a_namespace_without_work_is_forgotten() throws Exception {
    for (int i = 0; i < 100; i++) {
      pool.submit("team" + i, () -> {}).get(LIMIT, TimeUnit.SECONDS);
    }

    assertThat(pool.namespaces()).isZero();
  }
}

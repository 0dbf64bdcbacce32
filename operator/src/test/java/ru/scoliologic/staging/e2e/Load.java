package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Twenty requests a second for one page, and how they fared. */
final class Load implements AutoCloseable {
  private final ScheduledExecutorService workers = Executors.newScheduledThreadPool(4);
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final Set<String> answers = ConcurrentHashMap.newKeySet();
  private final AtomicInteger requests = new AtomicInteger();
  private final ScheduledFuture<?> asking;

  Load(Browser browser, String url) {
    asking = workers.scheduleAtFixedRate(() -> ask(browser, url), 0, 50, TimeUnit.MILLISECONDS);
  }

  private void ask(Browser browser, String url) {
    requests.incrementAndGet();
    try {
      var answer = browser.get(url);
      if (answer.status() == 200) {
        answers.add(answer.body());
      } else {
        failures.add("status " + answer.status());
      }
    } catch (IOException e) {
      failures.add(e.toString());
    }
  }

  /** Every answer that differed from the others. */
  Set<String> answers() {
    return Set.copyOf(answers);
  }

  void assertNoneLost(String during) {
    close();
    System.out.printf("requests during %s: %s, failed: %d%n", during, requests, failures.size());
    assertThat(requests.get()).isGreaterThan(20);
    assertThat(failures).as("failed of %s requests", requests).isEmpty();
  }

  @Override
  public void close() {
    asking.cancel(false);
    workers.close();
  }
}

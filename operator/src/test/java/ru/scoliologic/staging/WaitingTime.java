package ru.scoliologic.staging;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionEvaluationListener;
import org.awaitility.core.EvaluatedCondition;
import org.awaitility.core.TimeoutEvent;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Sums how long each test class waits for conditions, for the table at the end of {@code make
 * test}: one line with the class and the seconds in {@code target/waiting/<class>}. JUnit finds it
 * by itself for every class.
 */
public final class WaitingTime implements BeforeAllCallback, AfterAllCallback {
  private static final Path FOLDER = Path.of("target/waiting");
  private static final AtomicLong MILLIS = new AtomicLong();

  @Override
  public void beforeAll(ExtensionContext context) {
    if (isTopLevel(context)) {
      MILLIS.set(0);
      Awaitility.setDefaultConditionEvaluationListener(new Sum());
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (!isTopLevel(context) || MILLIS.get() == 0) {
      return;
    }
    var name = context.getRequiredTestClass().getSimpleName();
    try {
      Files.createDirectories(FOLDER);
      Files.writeString(
          FOLDER.resolve(name),
          String.format(Locale.ROOT, "%s %.1f%n", name, MILLIS.get() / 1000.0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its parent is the engine. */
  private static boolean isTopLevel(ExtensionContext context) {
    return context.getParent().flatMap(ExtensionContext::getParent).isEmpty();
  }

  /**
   * A wait with a minimum duration is evaluated many times; only the time since the last counts.
   */
  private static final class Sum implements ConditionEvaluationListener<Object> {
    /** Milliseconds so far, by the name of the wait. */
    private final Map<String, Long> counted = new ConcurrentHashMap<>();

    @Override
    public void conditionEvaluated(EvaluatedCondition<Object> condition) {
      if (condition.isSatisfied()) {
        count(condition.getAlias(), condition.getElapsedTimeInMS());
      }
    }

    @Override
    public void onTimeout(TimeoutEvent event) {
      count(event.getAlias(), event.getElapsedTimeInMS());
    }

    private void count(String alias, long elapsed) {
      var before = counted.put(String.valueOf(alias), elapsed);
      boolean same = before != null && elapsed >= before;
      MILLIS.addAndGet(same ? elapsed - before : elapsed);
    }
  }
}

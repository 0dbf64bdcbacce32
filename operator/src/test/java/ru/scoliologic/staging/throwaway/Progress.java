package ru.scoliologic.staging.throwaway;

import java.util.Locale;
import java.util.function.Supplier;

/** Tells on standard output what is being done and how long it took. */
final class Progress {
  private Progress() {}

  static <T> T step(String what, Supplier<T> work) {
    long started = System.nanoTime();
    System.out.printf("%s ... ", what);
    System.out.flush();
    T result = work.get();
    System.out.printf(Locale.ROOT, "done (%.1f s)%n", (System.nanoTime() - started) / 1e9);
    return result;
  }

  static void step(String what, Runnable work) {
    step(
        what,
        () -> {
          work.run();
          return null;
        });
  }
}

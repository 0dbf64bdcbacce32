package ru.scoliologic.staging.reconcile.observe;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Registries that were unreachable lately, by host: other versions do not wait for them again. The
 * interval between requests grows while a registry fails.
 */
final class SilentRegistries {
  static final Duration FIRST = Duration.ofSeconds(30);
  static final Duration MOST = Duration.ofMinutes(30);

  private final InstantSource clock;
  private final Map<String, Silence> silences = new ConcurrentHashMap<>();

  SilentRegistries(InstantSource clock) {
    this.clock = clock;
  }

  /** Why a registry is not queried now; empty when it may be queried. */
  Optional<String> problem(String host) {
    var now = clock.instant();
    return Optional.ofNullable(silences.get(host))
        .filter(silence -> now.isBefore(silence.until()))
        .map(Silence::problem);
  }

  /** Records that it was unreachable. */
  void failed(String host, String problem) {
    var now = clock.instant();
    silences.values().removeIf(silence -> silence.until().plus(MOST).isBefore(now));
    silences.merge(
        host,
        new Silence(problem, FIRST, now.plus(FIRST)),
        (last, first) -> now.isBefore(last.until()) ? last : last.longer(problem, now));
  }

  /** Records an answer, also an error. */
  void answered(String host) {
    silences.remove(host);
  }

  private record Silence(String problem, Duration pause, Instant until) {
    private Silence longer(String told, Instant now) {
      var twice = pause.multipliedBy(2);
      var next = twice.compareTo(MOST) < 0 ? twice : MOST;
      return new Silence(told, next, now.plus(next));
    }
  }
}

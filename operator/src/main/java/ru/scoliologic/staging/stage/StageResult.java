package ru.scoliologic.staging.stage;

import java.time.Duration;

/** What one stage says of itself in one pass. Known faults are results, not exceptions. */
public sealed interface StageResult {
  Reason reason();

  /** One sentence for people: what was found, what is needed, what helps. Never a secret. */
  String message();

  /** The stage is done. */
  record Ready(Reason reason, String message) implements StageResult {}

  /** Something is on its way; watches or a look after {@code retryAfter} will tell. */
  record Waiting(Reason reason, String message, Duration retryAfter) implements StageResult {
    public static final Duration SOON = Duration.ofSeconds(5);
    public static final Duration LATER = Duration.ofSeconds(30);

    public Waiting(Reason reason, String message) {
      this(reason, message, LATER);
    }
  }

  /** It fails now and is tried again by itself. */
  record Failing(Reason reason, String message, Duration retryAfter) implements StageResult {
    public Failing(Reason reason, String message) {
      this(reason, message, Waiting.LATER);
    }
  }

  /** Only a change of the spec or of credentials helps. */
  record Stalled(Reason reason, String message) implements StageResult {}

  default boolean isReady() {
    return this instanceof Ready;
  }
}

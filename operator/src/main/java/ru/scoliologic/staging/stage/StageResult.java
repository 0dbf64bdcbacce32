package ru.scoliologic.staging.stage;

import java.time.Duration;

/** The result of one stage in one pass. Known faults are results, not exceptions. */
public sealed interface StageResult {
  Reason reason();

  /** One sentence for users: the finding, the requirement, the remedy. Never a secret. */
  String message();

  record Ready(Reason reason, String message) implements StageResult {}

  /** In progress; a watch, or a poll after {@code retryAfter}, shows the next state. */
  record Waiting(Reason reason, String message, Duration retryAfter) implements StageResult {
    public static final Duration SOON = Duration.ofSeconds(5);
    public static final Duration LATER = Duration.ofSeconds(30);

    public Waiting(Reason reason, String message) {
      this(reason, message, LATER);
    }
  }

  /** It fails now and is retried automatically. */
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

  /** The same result with another message. */
  default StageResult saying(String words) {
    return switch (this) {
      case Ready r -> new Ready(r.reason(), words);
      case Waiting w -> new Waiting(w.reason(), words, w.retryAfter());
      case Failing f -> new Failing(f.reason(), words, f.retryAfter());
      case Stalled s -> new Stalled(s.reason(), words);
    };
  }
}

package ru.scoliologic.staging.agent;

import ru.scoliologic.staging.stage.Reason;

/** Why the repository cannot be read: what was found, and what helps, in one sentence. */
final class GitTrouble extends Exception {
  private final Reason reason;

  GitTrouble(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  GitTrouble(Reason reason, String message) {
    this(reason, message, null);
  }

  Reason reason() {
    return reason;
  }
}

package ru.scoliologic.staging.agent.git;

import ru.scoliologic.staging.stage.Reason;

/** Why the repository cannot be read: the cause and the remedy in one sentence. */
public final class GitException extends Exception {
  private final Reason reason;

  public GitException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public GitException(Reason reason, String message) {
    this(reason, message, null);
  }

  public Reason reason() {
    return reason;
  }
}

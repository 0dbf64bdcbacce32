package ru.scoliologic.staging.throwaway;

/**
 * Something around the cluster failed; the message is one line that says what, and the cure when
 * one is known.
 */
public final class ClusterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ClusterException(String message) {
    super(message);
  }

  public ClusterException(String message, Throwable cause) {
    super(message, cause);
  }
}

package ru.scoliologic.staging.notification;

import java.time.Duration;

/** The outcome of one try to send a message. */
public sealed interface Outcome {

  /** The addressee accepted it. */
  record Sent() implements Outcome {}

  /**
   * It was not accepted.
   *
   * @param kind what has to change
   * @param message one sentence, without a URL, a token or an exception's text
   * @param pause that the addressee requests; zero when it requests none
   */
  record Failed(Kind kind, String message, Duration pause) implements Outcome {
    public static Failed refused(String message) {
      return new Failed(Kind.Refused, message, Duration.ZERO);
    }

    public static Failed unreachable(String message) {
      return new Failed(Kind.Unreachable, message, Duration.ZERO);
    }

    public static Failed missing(String message) {
      return new Failed(Kind.SecretMissing, message, Duration.ZERO);
    }
  }

  /** The cause of a failed try. */
  enum Kind {
    /** A Secret or a key is missing. */
    SecretMissing,
    /** The addressee rejects it: a correction is needed. */
    Refused,
    /** The addressee does not answer, or is temporarily unable to accept it. */
    Unreachable
  }
}

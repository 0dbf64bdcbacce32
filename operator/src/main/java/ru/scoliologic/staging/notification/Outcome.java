package ru.scoliologic.staging.notification;

import java.time.Duration;

/** What became of one try to send a message. */
public sealed interface Outcome {

  /** The addressee took it. */
  record Sent() implements Outcome {}

  /**
   * It was not taken.
   *
   * @param kind what has to change
   * @param message in one sentence, without a URL, a token or what an exception said
   * @param pause for how long the addressee wants to be left alone; zero when it does not say
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

  /** Why it was not taken. */
  enum Kind {
    /** A Secret or a key is not there. */
    SecretMissing,
    /** The addressee answers, and does not want it: something must be corrected. */
    Refused,
    /** The addressee does not answer, or not now. */
    Unreachable
  }
}

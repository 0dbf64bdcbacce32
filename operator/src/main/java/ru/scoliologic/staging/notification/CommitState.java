package ru.scoliologic.staging.notification;

import java.util.Arrays;
import java.util.Optional;

/** A status of a commit on GitHub. */
enum CommitState {
  PENDING("CommitPending", "pending"),
  SUCCESS("CommitSuccess", "success"),
  FAILURE("CommitFailure", "failure"),
  /** A newer commit replaced it before it was verified: it is neither good nor bad. */
  SUPERSEDED("CommitSuperseded", "error");

  private final String occasion;
  private final String state;

  CommitState(String occasion, String state) {
    this.occasion = occasion;
    this.state = state;
  }

  static CommitState of(ReleaseOutcome outcome) {
    return switch (outcome) {
      case UNDER_WAY -> PENDING;
      case VERIFIED -> SUCCESS;
      case ROLLED_BACK, FAILED -> FAILURE;
      case SUPERSEDED -> SUPERSEDED;
    };
  }

  /** The state of an entry in status.told; empty for an entry of spec.notifications. */
  static Optional<CommitState> named(String occasion) {
    return Arrays.stream(values()).filter(state -> state.occasion.equals(occasion)).findFirst();
  }

  String occasion() {
    return occasion;
  }

  /** GitHub's name of the state. */
  String state() {
    return state;
  }
}

package ru.scoliologic.staging.configuration;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * The progress of one key's rotation. It is stored beside the value in the credentials Secret, so
 * that a value and its step are one write.
 *
 * @param done the number whose value is in force
 * @param doneAt since when; null for the first value
 * @param attempt the rotation under way, or null
 * @param failure the last rotation, if it failed; null otherwise
 * @param login the role of PostgreSQL that the application logs in as; null for the owner
 * @param volume uid of the claim whose data has that role
 * @param live what the running Redis was last found to accept; null before its first rotation
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record RotationState(
    int done,
    String doneAt,
    Attempt attempt,
    Failure failure,
    String login,
    String volume,
    String live) {

  static final RotationState NEVER = new RotationState(0, null, null, null, null, null, null);

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  enum Step {
    /** The component is made to accept the new value beside the old one. */
    PREPARING,
    /** The application is rolled with the new value. */
    STARTING,
    /** The application runs with the new value; the old one is revoked. */
    RETIRING,
    /** The application goes back to the old value; then the new one is revoked. */
    REVERTING
  }

  /**
   * A rotation under way.
   *
   * @param number the requested number
   * @param begun when it began
   * @param since when the step began
   * @param switched when the application was given the new value; null before
   * @param tries Jobs of this step that failed
   * @param cause of the revert, or of the last Job's failure; null otherwise
   * @param login the application's new role; null for other keys
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Attempt(
      int number,
      Step step,
      String begun,
      String since,
      String switched,
      int tries,
      String cause,
      String login) {

    Attempt at(Step next, String now, String why) {
      return new Attempt(
          number, next, begun, now, next == Step.STARTING ? now : switched, 0, why, login);
    }

    Attempt again(String why) {
      return new Attempt(number, step, begun, since, switched, tries + 1, why, login);
    }
  }

  record Failure(int number, String at, String cause) {}

  /** Whether a number requests another value than the one in force, and did not fail already. */
  boolean isDue(int asked) {
    return asked > done && (failure == null || failure.number() != asked);
  }

  boolean is(Step step) {
    return attempt != null && attempt.step() == step;
  }

  /** Whether the application must have the new value. */
  boolean usesNew() {
    return is(Step.STARTING) || is(Step.RETIRING);
  }

  RotationState with(Attempt next) {
    return new RotationState(done, doneAt, next, failure, login, volume, live);
  }

  RotationState on(String claim) {
    return new RotationState(done, doneAt, attempt, failure, login, claim, live);
  }

  RotationState accepting(String known) {
    return new RotationState(done, doneAt, attempt, failure, login, volume, known);
  }

  RotationState finished(String now) {
    return new RotationState(attempt.number(), now, null, null, attempt.login(), volume, live);
  }

  /** A revert without a cause was requested, and is no failure. */
  RotationState reverted(String now) {
    var why = attempt.cause() == null ? null : new Failure(attempt.number(), now, attempt.cause());
    return new RotationState(done, doneAt, null, why, login, volume, live);
  }

  /** For data without the roles: the application logs in as the owner again. */
  RotationState onNewData() {
    return new RotationState(done, doneAt, null, failure, null, null, null);
  }

  /** The stored form: only the number when there is nothing else to store. */
  String text() {
    if (equals(new RotationState(done, null, null, null, null, null, null))) {
      return String.valueOf(done);
    }
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of texts and numbers is JSON", e);
    }
  }

  /** Parses the stored form; an absent or unreadable text counts as no rotation. */
  static RotationState of(String text) {
    if (text == null) {
      return NEVER;
    }
    try {
      return text.startsWith("{")
          ? JSON.readValue(text, RotationState.class)
          : new RotationState(Integer.parseInt(text), null, null, null, null, null, null);
    } catch (JsonProcessingException | NumberFormatException e) {
      return NEVER;
    }
  }
}

package ru.scoliologic.staging.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.exception.DockerException;
import java.io.IOException;

/** What a Docker engine refused, or that none answered. */
final class EngineException extends Exception {
  private static final long serialVersionUID = 1;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** HTTP status of the engine's answer; 0 when there was none. */
  private final int status;

  private EngineException(int status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /**
   * What the client's exception means; the message is the engine's, or says how the connection
   * ended.
   *
   * @throws RuntimeException what was given, when it is about neither
   */
  static EngineException of(Throwable thrown) {
    if (thrown instanceof DockerException answer) {
      return new EngineException(answer.getHttpStatus(), words(answer.getMessage()), answer);
    }
    for (var cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException) {
        return new EngineException(0, Words.line(String.valueOf(cause.getMessage())), thrown);
      }
    }
    throw thrown instanceof RuntimeException fault ? fault : new IllegalStateException(thrown);
  }

  /** The engine took the question and never came to an end. */
  static EngineException silent(String message) {
    return new EngineException(0, message, null);
  }

  boolean answered() {
    return status != 0;
  }

  boolean notFound() {
    return status == 404;
  }

  /** From {@code Status 400: {"message":"..."}}. */
  private static String words(String message) {
    var said = String.valueOf(message);
    int json = said.indexOf('{');
    if (json < 0) {
      return Words.line(said);
    }
    try {
      return Words.line(JSON.readTree(said.substring(json)).path("message").asText(said));
    } catch (JsonProcessingException e) {
      return Words.line(said);
    }
  }
}

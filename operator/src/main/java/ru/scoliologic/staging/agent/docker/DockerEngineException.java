package ru.scoliologic.staging.agent.docker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.exception.DockerException;
import java.io.IOException;

/** A Docker engine rejected a request or did not respond. */
final class DockerEngineException extends Exception {
  private static final long serialVersionUID = 1;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** HTTP status of the response; 0 without one. */
  private final int status;

  private DockerEngineException(int status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /**
   * Converts the client's exception; the message is the engine's, or that of the connection error.
   *
   * @throws RuntimeException the given exception, when it is neither
   */
  static DockerEngineException of(Throwable thrown) {
    if (thrown instanceof DockerException answer) {
      return new DockerEngineException(answer.getHttpStatus(), words(answer.getMessage()), answer);
    }
    for (var cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException) {
        return new DockerEngineException(
            0, ErrorText.line(String.valueOf(cause.getMessage())), thrown);
      }
    }
    throw thrown instanceof RuntimeException fault ? fault : new IllegalStateException(thrown);
  }

  /** The engine accepted the request and never completed it. */
  static DockerEngineException silent(String message) {
    return new DockerEngineException(0, message, null);
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
      return ErrorText.line(said);
    }
    try {
      return ErrorText.line(JSON.readTree(said.substring(json)).path("message").asText(said));
    } catch (JsonProcessingException e) {
      return ErrorText.line(said);
    }
  }
}

package ru.scoliologic.staging.cluster.model;

import java.util.Map;

/**
 * Progress of an environment's language models, as last reported by Ollama.
 *
 * @param states by name, as in the spec
 */
public record ModelStates(Map<String, State> states) {

  public sealed interface State {}

  public record Present() implements State {}

  /** It is absent and no pull has started. */
  public record Missing() implements State {}

  /**
   * A pull in progress.
   *
   * @param completed bytes that were pulled
   * @param total bytes as far as known; 0 before the first are
   */
  public record Pulling(long completed, long total) implements State {}

  /**
   * The last pull failed; another one follows automatically.
   *
   * @param problem message of Ollama
   */
  public record Failed(String problem) implements State {}

  /**
   * The volume is too small.
   *
   * @param needed bytes of all models together, at least
   * @param capacity bytes of the volume
   */
  public record TooLarge(long needed, long capacity) implements State {}
}

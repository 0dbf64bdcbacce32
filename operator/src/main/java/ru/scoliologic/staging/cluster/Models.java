package ru.scoliologic.staging.cluster;

import java.util.Map;

/**
 * How far the language models of an environment are, as Ollama was last seen.
 *
 * @param states by name, as the spec has it
 */
public record Models(Map<String, State> states) {

  /** One model. */
  public sealed interface State {}

  /** It can be used. */
  public record Present() implements State {}

  /** It is not there, and nothing is done about it yet. */
  public record Missing() implements State {}

  /**
   * It is being pulled.
   *
   * @param completed bytes that are there
   * @param total bytes as far as they are known; 0 before the first is
   */
  public record Pulling(long completed, long total) implements State {}

  /**
   * The last try failed; another one follows by itself.
   *
   * @param problem what Ollama said
   */
  public record Failed(String problem) implements State {}

  /**
   * The volume cannot hold it.
   *
   * @param needed bytes of all models together, at least
   * @param capacity bytes of the volume
   */
  public record TooLarge(long needed, long capacity) implements State {}
}

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** How long Traefik waits for a client; {@code 0s} is no limit. */
public record IngressTimeouts(
    @Default(DEFAULT_READ)
        @Size(max = 8)
        @ValidationRule(value = RULE, message = MESSAGE)
        @JsonPropertyDescription(
            "Time in which a whole request, including its body, must arrive. Slow uploads"
                + " may need a longer one. 0s is no limit.")
        String read,
    @Default(DEFAULT_WRITE)
        @Size(max = 8)
        @ValidationRule(value = RULE, message = MESSAGE)
        @JsonPropertyDescription(
            "Time from the end of the request's headers until the end of the response. 0s"
                + " is no limit.")
        String write,
    @Default(DEFAULT_IDLE)
        @Size(max = 8)
        @ValidationRule(value = RULE, message = MESSAGE)
        @JsonPropertyDescription("Time that an idle connection is kept open. 0s is no limit.")
        String idle) {

  public static final String PATTERN = "^(0s|[1-9][0-9]{0,4}[smh])$";
  public static final String MESSAGE =
      "is not a length of time: give whole seconds, minutes or hours, for example 10m, or 0s for no"
          + " limit";
  static final String DEFAULT_READ = "1h";
  static final String DEFAULT_WRITE = "0s";
  static final String DEFAULT_IDLE = "3m";
  private static final String RULE = "self.matches('" + PATTERN + "')";

  public IngressTimeouts {
    read = read == null ? DEFAULT_READ : read;
    write = write == null ? DEFAULT_WRITE : write;
    idle = idle == null ? DEFAULT_IDLE : idle;
  }
}

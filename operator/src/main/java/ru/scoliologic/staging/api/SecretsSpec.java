package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** The sources of secret values, and the required keys. */
public record SecretsSpec(
    @Size(max = 10)
        @JsonPropertyDescription(
            "Secrets of this namespace to look in, in order; the first that has a key gives it.")
        List<Source> from,
    @Size(max = 100)
        @ValidationRule(
            value = "self.all(k, self.exists_one(o, o.name == k.name))",
            message = "a key is listed twice: every name may stand once")
        @JsonPropertyDescription(
            "Keys the environment needs. The application gets each as an environment variable of"
                + " that name, except POSTGRES_PASSWORD, REDIS_PASSWORD and"
                + " GRAFANA_ADMIN_PASSWORD, which reach it only where spec.services.app.env"
                + " composes them. These three are generated unless they are listed; a listed one"
                + " is taken from a Secret until the component's volume exists, and from then on"
                + " stays what it is.")
        List<Key> keys) {

  public SecretsSpec {
    from = from == null ? List.of() : List.copyOf(from);
    keys = keys == null ? List.of() : List.copyOf(keys);
  }

  public record Source(@Required @JsonPropertyDescription("The Secret.") SecretRef secretRef) {}

  public record SecretRef(
      @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Name of the Secret.")
          String name) {}

  @ValidationRule(
      value =
          "self.name != 'GRAFANA_ADMIN_PASSWORD' || !has(self.generate) ||"
              + " !has(self.generate.rotation) || self.generate.rotation == 0",
      message = Key.NO_ROTATION)
  @ValidationRule(
      value =
          "!has(self.minLength) || !has(self.generate) || self.generate.length >= self.minLength",
      message = Key.TOO_SHORT)
  public record Key(
      @Required
          @Size(min = 1, max = 100)
          @ValidationRule(value = "self.matches('" + NAME_PATTERN + "')", message = NAME_MESSAGE)
          @JsonPropertyDescription("Name of the key, in the Secret and in the environment.")
          String name,
      @Min(1) @Max(4096) @JsonPropertyDescription("Least number of characters of the value.")
          Integer minLength,
      @JsonPropertyDescription(
              "Make the value when no Secret gives it. It is made once, never changes by itself, and"
                  + " is kept while a Secret gives another one. Without this, and without optional,"
                  + " a Secret must have the key.")
          Generate generate,
      @Size(max = 200)
          @JsonPropertyDescription(
              "Regular expression (RE2) that the whole value must match. One that is generated is"
                  + " drawn again until it matches.")
          String pattern,
      @Default("false")
          @JsonPropertyDescription(
              "The environment does without it: when no Secret has the key, the application does not"
                  + " get the variable, nor one of spec.services.app.env that is composed of it.")
          Boolean optional) {

    public static final String NO_ROTATION =
        "generate.rotation cannot be used for the password of Grafana, which was set when its data"
            + " was made: leave it out and change it in Grafana";
    public static final String TOO_SHORT =
        "generate.length is less than minLength: raise it, or lower minLength";
    public static final String NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$";
    public static final String NAME_MESSAGE =
        "is not a variable name: use letters, digits and '_', for example JWT_SECRET";

    public Key {
      optional = optional != null && optional;
    }
  }

  public record Generate(
      @Required @Min(16) @Max(256) @JsonPropertyDescription("Number of characters.") Integer length,
      @Default(DEFAULT_ALPHABET)
          @JsonPropertyDescription(
              "Characters to draw from: Alphanumeric (A-Z, a-z, 0-9), Hex (0-9, a-f) or Digits.")
          Alphabet alphabet,
      @Default("0")
          @Min(0)
          @Max(1000000)
          @JsonPropertyDescription(
              "Raise it to have a new value made. The one before stays valid until the application"
                  + " runs with the new one, and comes back if it does not come up.")
          Integer rotation) {

    static final String DEFAULT_ALPHABET = "Alphanumeric";

    public Generate {
      alphabet = alphabet == null ? Alphabet.valueOf(DEFAULT_ALPHABET) : alphabet;
      rotation = rotation == null ? 0 : rotation;
    }
  }

  /** The characters of a generated value. */
  public enum Alphabet {
    Alphanumeric("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
    Hex("0123456789abcdef"),
    Digits("0123456789");

    private final String characters;

    Alphabet(String characters) {
      this.characters = characters;
    }

    public String characters() {
      return characters;
    }
  }
}

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
            "Secrets of this namespace that are searched for the keys, in order. The first"
                + " one that has a key provides it.")
        List<Source> from,
    @Size(max = 100)
        @ValidationRule(
            value = "self.all(k, self.exists_one(o, o.name == k.name))",
            message = "a key is listed twice: every name may stand once")
        @JsonPropertyDescription(
            "Keys that the environment requires. The application gets each as an"
                + " environment variable of that name, except POSTGRES_PASSWORD, REDIS_PASSWORD"
                + " and GRAFANA_ADMIN_PASSWORD, which it gets only where spec.services.app.env"
                + " composes them. These three are generated unless they are listed. A listed"
                + " one is read from a Secret until the component's volume exists, and does not"
                + " change after that.")
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
          @JsonPropertyDescription(
              "Name of the key in the Secret, and of the environment variable.")
          String name,
      @Min(1) @Max(4096) @JsonPropertyDescription("Minimum number of characters of the value.")
          Integer minLength,
      @JsonPropertyDescription(
              "Generates the value when no Secret provides it. It is generated once, does"
                  + " not change unless rotation is raised, and is kept while a Secret provides"
                  + " another one. Without generate and optional, a Secret must provide the key.")
          Generate generate,
      @Size(max = 200)
          @JsonPropertyDescription(
              "Regular expression (RE2) that the whole value must match. Values are"
                  + " generated until one matches.")
          String pattern,
      @Default("false")
          @JsonPropertyDescription(
              "Whether the environment works without the key. When no Secret has it, the"
                  + " application does not get the variable, nor any variable of"
                  + " spec.services.app.env that is composed from it.")
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
      @Required @Min(16) @Max(256) @JsonPropertyDescription("Number of characters of the value.")
          Integer length,
      @Default(DEFAULT_ALPHABET)
          @JsonPropertyDescription(
              "Character set of the value: Alphanumeric (A-Z, a-z, 0-9), Hex (0-9, a-f) or"
                  + " Digits.")
          Alphabet alphabet,
      @Default("0")
          @Min(0)
          @Max(1000000)
          @JsonPropertyDescription(
              "Raise it to generate a new value. The old value stays valid until the"
                  + " application runs with the new one, and is used again if the application does"
                  + " not become healthy.")
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

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** The source of a new database's first content: exactly one of the two. */
@ValidationRule(
    value = "has(self.configMapRef) != has(self.volume)",
    message = DatabaseSeed.ONE_MESSAGE)
public record DatabaseSeed(
    @JsonPropertyDescription(
            "ConfigMap whose keys are loaded in the order of their names: SQL (*.sql,"
                + " *.sql.gz), or dumps of pg_dump -Fc.")
        PostgresSpec.ConfigMapRef configMapRef,
    @JsonPropertyDescription(
            "File on a volume, for example on the backup volume of an environment.")
        SeedVolume volume) {

  public static final String ONE_MESSAGE = "a seed has one source: give configMapRef or volume";

  /** A file on a volume of the environment's namespace. */
  public record SeedVolume(
      @Required
          @Size(min = 1, max = 253)
          @JsonPropertyDescription("Name of the PersistentVolumeClaim.")
          String claimName,
      @Required
          @Size(min = 1, max = 200)
          @ValidationRule(value = "self.matches('" + FILE_PATTERN + "')", message = FILE_MESSAGE)
          @JsonPropertyDescription(
              "Path of the file, relative to the root of the volume: SQL (*.sql, *.sql.gz)"
                  + " or a dump of pg_dump -Fc. latest is the newest backup in the root.")
          String file) {

    static final String FILE_PATTERN =
        "^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$";
    static final String FILE_MESSAGE =
        "is not the path of a file: give it relative to the volume's root, or latest";
  }
}

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** A requested restore; each request is carried out once. */
public record DatabaseRestore(
    @Default(LATEST)
        @Size(min = 1, max = 200)
        @ValidationRule(value = "self.matches('" + FILE_PATTERN + "')", message = FILE_MESSAGE)
        @JsonPropertyDescription(
            "File name of the backup in the backup volume, as shown in status.backup.file,"
                + " or latest.")
        String file,
    @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Arbitrary text. A changed value starts the restore. The data volume records"
                + " the last value, so that no restore runs twice.")
        String request) {

  public static final String LATEST = "latest";
  static final String FILE_PATTERN = "^[A-Za-z0-9_][A-Za-z0-9._-]*$";
  static final String FILE_MESSAGE =
      "is not the name of a file: give a name without folders, or latest";

  public DatabaseRestore {
    file = file == null ? LATEST : file;
  }
}

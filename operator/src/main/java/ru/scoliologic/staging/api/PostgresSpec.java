package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** PostgreSQL on one volume, from the official image or one that keeps its contract. */
@ValidationRule(
    value = "!has(self.restore) || has(self.backup)",
    message = PostgresSpec.RESTORE_MESSAGE)
@ValidationRule(
    value =
        "!has(self.image) || !self.image.matches('"
            + PostgresSpec.TAGGED_PATTERN
            + "')"
            + " || self.image.matches('(^|/)postgres:' + self.version.split('.')[0] + '([^0-9]|$)')",
    message = PostgresSpec.IMAGE_MESSAGE)
public record PostgresSpec(
    @Default(DEFAULT_VERSION)
        @Size(min = 1, max = 16)
        @ValidationRule(
            value = "self.matches('" + VERSION_PATTERN + "')",
            message = VERSION_MESSAGE)
        @JsonPropertyDescription(
            "PostgreSQL version: the tag of the official image, or with an image of"
                + " another name the version that it contains. The major version of existing"
                + " data cannot change: another one is refused. Version 14 gets no fixes after"
                + " November 2026.")
        String version,
    @Default(DEFAULT_NAME)
        @Size(min = 1, max = 63)
        @ValidationRule(value = "self.matches('" + NAME_PATTERN + "')", message = NAME_MESSAGE)
        @JsonPropertyDescription(
            "Name of the database. It cannot change after the database was created.")
        String database,
    @Default(DEFAULT_NAME)
        @Size(min = 1, max = 63)
        @ValidationRule(value = "self.matches('" + NAME_PATTERN + "')", message = NAME_MESSAGE)
        @JsonPropertyDescription(
            "Role that owns the database. It cannot change after the database was created.")
        String user,
    @Default(DEFAULT_STORAGE)
        @Size(max = 20)
        @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
        @JsonPropertyDescription("Size of the data volume.")
        String storage,
    @Size(max = 253)
        @JsonPropertyDescription(
            "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
        String storageClassName,
    @JsonPropertyDescription(
            "SQL that runs only when the database is created, together with the scripts of"
                + " the image in the order of their names. If it fails, the database is created"
                + " again at each attempt.")
        InitSql initSql,
    @Default("" + DEFAULT_UID)
        @Min(1)
        @Max(2147483647)
        @JsonPropertyDescription(
            "User id and group id of the process. Must be those of the image's postgres"
                + " user: 999 in the Debian image, 70 in the Alpine image.")
        Long runAsUser,
    @Size(max = 512)
        @JsonPropertyDescription(
            "Image of PostgreSQL. Defaults to postgres:<version>. It must start"
                + " docker-entrypoint.sh like the official image.")
        String image,
    @JsonPropertyDescription("Compute resources of the PostgreSQL container.")
        ResourceRequirements resources,
    @Size(max = 10) @JsonPropertyDescription("Secrets used to pull the image.")
        List<LocalObjectReference> imagePullSecrets,
    @JsonPropertyDescription("Node labels that the pods require.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
        List<Toleration> tolerations,
    @JsonPropertyDescription(
            "Scheduled backups by pg_dump, to a separate volume that is retained like the"
                + " data volume.")
        DatabaseBackup backup,
    @JsonPropertyDescription(
            "Restores the database from a backup. The application is stopped during the"
                + " restore.")
        DatabaseRestore restore,
    @JsonPropertyDescription(
            "Content that is loaded when the database is created, after initSql and before"
                + " the application first starts, and again at each reset. It is never loaded"
                + " into an existing database.")
        DatabaseSeed seed,
    @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Arbitrary text. A changed value recreates the existing database from initSql"
                + " and seed. A value that is present when the database is created starts no"
                + " reset.")
        String reset,
    @Default("" + DEFAULT_DEADLINE_SECONDS)
        @Min(MIN_DEADLINE_SECONDS)
        @Max(MAX_DEADLINE_SECONDS)
        @JsonPropertyDescription(ComponentSpec.DEADLINE)
        Integer deadlineSeconds,
    @JsonPropertyDescription("Limits for backups, restores, seeds and resets.") TaskLimits tasks)
    implements ComponentSpec {

  public static final String VERSION_PATTERN = "^1[4-8]([.][0-9]{1,2})?$";
  public static final String VERSION_MESSAGE =
      "is not a supported PostgreSQL version: give 14 to 18, for example 17 or 16.4; 13 and older"
          + " are past their end of life";
  public static final String NAME_PATTERN = "^[a-z_][a-z0-9_]*$";
  public static final String NAME_MESSAGE =
      "is not a plain SQL name: use a-z, 0-9 and '_', for example scoliologic_db";
  public static final String RESTORE_MESSAGE =
      "restore reads the backup volume, and backup is not set: set backup as well";

  /** The official image with a version as its tag, which reveals which data it reads. */
  static final String TAGGED_PATTERN = "(^|/)postgres:[0-9]";

  public static final String IMAGE_MESSAGE =
      "image is of another major version than version: each reads only its own data;"
          + " give both the same";
  public static final int PORT = 5432;
  static final String DEFAULT_VERSION = "17";
  static final String DEFAULT_NAME = "app";
  static final String DEFAULT_STORAGE = "10Gi";
  static final long DEFAULT_UID = 999;
  static final PostgresSpec DEFAULTS =
      new PostgresSpec(
          null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
          null, null, null);

  public PostgresSpec {
    deadlineSeconds = deadlineSeconds == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds;
    version = version == null ? DEFAULT_VERSION : version;
    database = database == null ? DEFAULT_NAME : database;
    user = user == null ? DEFAULT_NAME : user;
    storage = storage == null ? DEFAULT_STORAGE : storage;
    runAsUser = runAsUser == null ? DEFAULT_UID : runAsUser;
    tasks = tasks == null ? new TaskLimits(null, null) : tasks;
  }

  @Override
  public Map<String, String> variables(String host) {
    return Map.of(
        "POSTGRES_HOST",
        host,
        "POSTGRES_PORT",
        String.valueOf(PORT),
        "POSTGRES_DB",
        database,
        "POSTGRES_USER",
        user);
  }

  @Override
  public String defaultImage() {
    return "postgres:" + version;
  }

  /** Whether the image reveals its version without reading the data. */
  public boolean imageTellsVersion() {
    return image == null || Pattern.compile(TAGGED_PATTERN).matcher(image).find();
  }

  /** Whether the image's tag, if it has a version, is of the desired major version. */
  public boolean imageFitsVersion() {
    return image == null
        || !imageTellsVersion()
        || Pattern.compile("(^|/)postgres:" + Pattern.quote(major()) + "([^0-9]|$)")
            .matcher(image)
            .find();
  }

  /** The major version, such as 17. */
  public String major() {
    return version.split("[.]", 2)[0];
  }

  /** The source of the SQL. */
  public record InitSql(
      @Required
          @JsonPropertyDescription(
              "ConfigMap whose *.sql and *.sh keys run in the order of their names.")
          ConfigMapRef configMapRef) {}

  public record ConfigMapRef(
      @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Name of the ConfigMap.")
          String name) {}
}

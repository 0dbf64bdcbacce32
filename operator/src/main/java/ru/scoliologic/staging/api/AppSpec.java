package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
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

/** The application: one Deployment per version, switched blue/green. */
@ValidationRule(
    value =
        "!has(self.deadlineSeconds) || !has(self.health) || !has(self.health.startSeconds) ||"
            + " self.deadlineSeconds >= self.health.startSeconds",
    message = AppSpec.DEADLINE_MESSAGE)
public record AppSpec(
    @Size(min = 1, max = 512)
        @ValidationRule(value = "self.matches('" + IMAGE_PATTERN + "')", message = IMAGE_MESSAGE)
        @JsonPropertyDescription(
            "Image of the application. A new image starts beside the serving version and"
                + " gets the traffic only when it is healthy. With spec.gitops it is the first"
                + " version, and is ignored once a commit serves.")
        String image,
    @Default("" + DEFAULT_PORT)
        @Min(1)
        @Max(65535)
        @JsonPropertyDescription("Port on which the application listens.")
        Integer port,
    @JsonPropertyDescription("Health check of the application.") Health health,
    @Size(max = 200)
        @JsonPropertyDescription(
            "Environment variables of the application, in addition to the keys of"
                + " spec.secrets. $(NAME) is replaced by the value of a key, or of DOMAIN_APP,"
                + " DOMAIN_TRAEFIK, POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER,"
                + " POSTGRES_PASSWORD, REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, and with Ollama"
                + " OLLAMA_HOST, OLLAMA_PORT, OLLAMA_MODEL (the first model). $(NAME:url) is"
                + " percent-encoded, and $$ is a dollar sign. The composed values are stored"
                + " only in a Secret.")
        List<EnvVar> env,
    @Size(max = 20)
        @ValidationRule(value = Volume.DISTINCT, message = Volume.DISTINCT_MESSAGE)
        @JsonPropertyDescription(
            "Volumes whose content outlives the pods. Each is empty at first: the image's"
                + " content at that path is not copied into it.")
        List<Volume> volumes,
    @Default("" + DEFAULT_UID)
        @Min(1)
        @Max(2147483647)
        @JsonPropertyDescription(
            "User id and group id of the application's process. Root is not allowed.")
        Long runAsUser,
    @JsonPropertyDescription("Compute resources of the application container.")
        ResourceRequirements resources,
    @Size(max = 10)
        @JsonPropertyDescription(
            "Secrets used to pull the image, and with spec.gitops the images of the"
                + " agent's pod: the operator's and the Docker engine's.")
        List<LocalObjectReference> imagePullSecrets,
    @JsonPropertyDescription("Node labels that the pods require.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
        List<Toleration> tolerations,
    @JsonPropertyDescription(
            "Endpoint where the application exposes its metrics in the Prometheus text"
                + " format. It is scraped when the environment is monitored.")
        Metrics metrics,
    @Size(max = 20)
        @JsonPropertyDescription(
            "Secrets and ConfigMaps of this namespace whose keys all become environment"
                + " variables. Keys of spec.secrets and entries of env take precedence. A change"
                + " restarts the application.")
        List<EnvSource> envFrom,
    @Size(max = 50) @JsonPropertyDescription("Command that replaces the image's entry point.")
        List<@Size(max = 1000) String> command,
    @Size(max = 50)
        @JsonPropertyDescription("Arguments of the command. They replace the image's CMD.")
        List<@Size(max = 1000) String> args,
    @Default("" + DEFAULT_REPLICAS)
        @Min(1)
        @Max(20)
        @JsonPropertyDescription(
            "Number of pods of the serving version. With volumes all of them run on one" + " node.")
        Integer replicas,
    @JsonPropertyDescription(
            "Job that prepares the database for a version. It runs once per version,"
                + " before the rollout, with the version's image and the application's"
                + " environment variables. If it fails, the version is marked as failed and is"
                + " not rolled out.")
        Migration migration,
    @Min(MIN_DEADLINE_SECONDS)
        @Max(MAX_DEADLINE_SECONDS)
        @JsonPropertyDescription(
            ComponentSpec.DEADLINE
                + " A version that is not healthy by then has failed. Defaults to"
                + " health.startSeconds plus 60.")
        Integer deadlineSeconds)
    implements ComponentSpec {

  static final String IMAGE_PATTERN = "^[a-zA-Z0-9][-a-zA-Z0-9._/:]*(@sha256:[0-9a-f]{64})?$";
  public static final String IMAGE_MESSAGE =
      "is not an image reference: give one like registry.example.org/team/app:1.2";
  public static final String DEADLINE_MESSAGE =
      "deadlineSeconds is shorter than health.startSeconds: give the application at least the time"
          + " it may take to start";
  private static final int PULL_SECONDS = 60;
  static final int DEFAULT_PORT = 3000;
  static final int DEFAULT_REPLICAS = 1;
  static final long DEFAULT_UID = 1001;

  public AppSpec {
    port = port == null ? DEFAULT_PORT : port;
    health = health == null ? Health.USUAL : health;
    env = env == null ? List.of() : List.copyOf(env);
    volumes = volumes == null ? List.of() : List.copyOf(volumes);
    runAsUser = runAsUser == null ? DEFAULT_UID : runAsUser;
    envFrom = envFrom == null ? List.of() : List.copyOf(envFrom);
    command = command == null ? List.of() : List.copyOf(command);
    args = args == null ? List.of() : List.copyOf(args);
    replicas = replicas == null ? DEFAULT_REPLICAS : replicas;
  }

  @Override
  public int deadline() {
    return deadlineSeconds == null ? startSeconds() + PULL_SECONDS : deadlineSeconds;
  }

  /** Seconds its container may take to start before it is restarted. */
  @JsonIgnore
  public int startSeconds() {
    if (health.startSeconds() != null) {
      return health.startSeconds();
    }
    return deadlineSeconds == null ? Health.DEFAULT_START_SECONDS : deadlineSeconds;
  }

  /** The application has no default image: the spec always gives one. */
  @Override
  public String defaultImage() {
    return image;
  }

  /** A Job that runs once before a version is rolled out. */
  @ValidationRule(
      value =
          "(has(self.command) && size(self.command) > 0) || (has(self.args) && size(self.args) > 0)",
      message = Migration.SOMETHING)
  public record Migration(
      @Size(max = 50) @JsonPropertyDescription("Command that replaces the image's entry point.")
          List<@Size(max = 1000) String> command,
      @Size(max = 50)
          @JsonPropertyDescription("Arguments of the command. They replace the image's CMD.")
          List<@Size(max = 1000) String> args,
      @Default("" + DEFAULT_TIMEOUT_SECONDS)
          @Min(10)
          @Max(86400)
          @JsonPropertyDescription(
              "Seconds that the Job may run. After that it is stopped and has failed. Time"
                  + " spent pulling the image or waiting for a node does not count.")
          Integer timeoutSeconds,
      @JsonPropertyDescription(
              "Compute resources of the Job. Defaults to those of the application.")
          ResourceRequirements resources,
      @Default("false")
          @JsonPropertyDescription(
              "Whether the database is copied to the volume of spec.services.postgres.backup"
                  + " first. The migration does not run until the copy has succeeded.")
          Boolean backup) {

    public static final String SOMETHING = "give command or args: what is to be run";
    static final int DEFAULT_TIMEOUT_SECONDS = 600;

    public Migration {
      command = command == null ? List.of() : List.copyOf(command);
      args = args == null ? List.of() : List.copyOf(args);
      timeoutSeconds = timeoutSeconds == null ? DEFAULT_TIMEOUT_SECONDS : timeoutSeconds;
      backup = Boolean.TRUE.equals(backup);
    }

    /** The same migration without a backup before it; its effect on the database is the same. */
    public Migration withoutBackup() {
      return new Migration(command, args, timeoutSeconds, resources, false);
    }
  }

  /** Health check of the application: by HTTP, by connecting, or by a command. */
  @ValidationRule(
      value =
          "!((has(self.tcp) && self.tcp) || has(self.command)) || ((!has(self.path) || self.path =="
              + " '/api/health') && !has(self.headers) && !has(self.status))",
      message = Health.HTTP_MESSAGE)
  @ValidationRule(
      value = "!has(self.command) || (!has(self.port) && !(has(self.tcp) && self.tcp))",
      message = Health.COMMAND_MESSAGE)
  public record Health(
      @Size(min = 1, max = 512)
          @ValidationRule(
              value = "self.matches('" + ValidationSpec.Check.PATH_PATTERN + "')",
              message = ValidationSpec.Check.PATH_MESSAGE)
          @JsonPropertyDescription(
              "Path that returns 200 when the application can serve. Defaults to "
                  + DEFAULT_PATH
                  + " when none of path, tcp and command is given. Requests carry the headers Host"
                  + " and X-Forwarded-Host: <domains.app> and X-Forwarded-Proto: https, like those"
                  + " through the ingress.")
          String path,
      @Min(5)
          @Max(ComponentSpec.MAX_DEADLINE_SECONDS)
          @JsonPropertyDescription(
              "Seconds that the application may take to start. After that its container is"
                  + " restarted. Defaults to deadlineSeconds, or else to 120.")
          Integer startSeconds,
      @Min(1)
          @Max(65535)
          @JsonPropertyDescription(
              "Port of the health check. Defaults to the application's port. A different"
                  + " port is only checked at the pods; through the ingress the front page is"
                  + " checked instead.")
          Integer port,
      @Size(max = 20)
          @JsonPropertyDescription(
              "Headers of the health request, in addition to those listed at path or"
                  + " replacing them. Not for secrets: they are visible in the pod.")
          List<Header> headers,
      @Size(min = 1, max = 10)
          @JsonPropertyDescription(
              "Status codes that count as healthy. Defaults to 200. A redirect counts only"
                  + " if its code is listed.")
          List<@Min(200) @Max(399) Integer> status,
      @JsonPropertyDescription(
              "Whether an accepted TCP connection on the port is sufficient. For"
                  + " applications without a health path.")
          Boolean tcp,
      @Size(min = 1, max = 50)
          @JsonPropertyDescription(
              "Command that runs in the container. Exit code 0 means that the application"
                  + " can serve.")
          List<@Size(max = 1000) String> command) {

    public static final String HTTP_MESSAGE =
        "path, headers and status belong to an HTTP check: remove them, or tcp or" + " command";
    public static final String COMMAND_MESSAGE =
        "a command uses no port: remove port and tcp, or command";
    public static final String DEFAULT_PATH = "/api/health";
    static final int DEFAULT_START_SECONDS = 120;
    static final Health USUAL = new Health(null, null, null, null, null, null, null);

    /** Whether the check is by HTTP. */
    @JsonIgnore
    public boolean byHttp() {
      return !Boolean.TRUE.equals(tcp) && command == null;
    }

    /** A header of the request. */
    public record Header(
        @Required
            @Size(min = 1, max = 100)
            @ValidationRule(value = "self.matches('" + NAME_PATTERN + "')", message = NAME_MESSAGE)
            @JsonPropertyDescription("Name of the header.")
            String name,
        @Required @Size(max = 2000) @JsonPropertyDescription("Value of the header.") String value) {
      public static final String NAME_PATTERN = "^[A-Za-z0-9-]+$";
      public static final String NAME_MESSAGE =
          "is not the name of a header: letters, digits and '-' only";
    }
  }

  public record Metrics(
      @Default(DEFAULT_PATH)
          @Size(min = 1, max = 512)
          @ValidationRule(value = "self.matches('" + PATH_PATTERN + "')", message = PATH_MESSAGE)
          @JsonPropertyDescription("Path of the metrics.")
          String path,
      @Min(1)
          @Max(65535)
          @JsonPropertyDescription("Port of the metrics. Defaults to the application's port.")
          Integer port) {

    static final String PATH_PATTERN = "^/[A-Za-z0-9._~/-]*$";
    static final String PATH_MESSAGE = "is not a path: give one like /metrics";
    static final String DEFAULT_PATH = "/metrics";

    public Metrics {
      path = path == null ? DEFAULT_PATH : path;
    }
  }

  /** A whole Secret or ConfigMap. */
  @ValidationRule(value = "has(self.secretRef) != has(self.configMapRef)", message = EnvSource.ONE)
  public record EnvSource(
      @JsonPropertyDescription("Secret whose keys become environment variables.")
          SecretsSpec.SecretRef secretRef,
      @JsonPropertyDescription("ConfigMap whose keys become environment variables.")
          PostgresSpec.ConfigMapRef configMapRef) {
    public static final String ONE = "give either secretRef or configMapRef";
  }

  public record EnvVar(
      @Required
          @Size(min = 1, max = 100)
          @ValidationRule(
              value = "self.matches('" + SecretsSpec.Key.NAME_PATTERN + "')",
              message = SecretsSpec.Key.NAME_MESSAGE)
          @JsonPropertyDescription("Name of the variable.")
          String name,
      @Required
          @Size(max = 4096)
          @JsonPropertyDescription("Value of the variable. $(NAME) and $(NAME:url) are replaced.")
          String value) {}

  /** A folder on a volume of its own. */
  public record Volume(
      @Required
          @Size(min = 2, max = MAX_PATH)
          @ValidationRule(value = "self.matches('" + PATH_PATTERN + "')", message = PATH_MESSAGE)
          @ValidationRule(value = "!self.matches('" + TAKEN_PATTERN + "')", message = TAKEN_MESSAGE)
          @JsonPropertyDescription(
              "Absolute path in the container. The volume claim is named after it, with"
                  + " lower-case letters and digits only.")
          String path,
      @Required
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Size of the volume.")
          String size,
      @Size(max = 253)
          @JsonPropertyDescription(
              "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
          String storageClassName) {

    /** The name of a volume in a pod has 63 characters at most. */
    static final int MAX_PATH = 62;

    static final String PATH_PATTERN = "^(/[A-Za-z0-9._-]*[A-Za-z0-9])+$";
    static final String PATH_MESSAGE = "is not an absolute folder: give one like /app/uploads";
    static final String TAKEN_PATTERN = "^/(tmp|etc|(proc|sys|dev)(/.*)?)$";
    static final String TAKEN_MESSAGE =
        "is a folder that every container has already: give one of the application's, like"
            + " /app/uploads";

    private static final String NAME =
        ".path.lowerAscii().replace('/', '-').replace('.', '-').replace('_', '-')"
            + ".replace('--', '-').replace('--', '-')";

    /** No two volumes of one name. */
    static final String DISTINCT =
        "self.all(a, self.exists_one(b, a" + NAME + " == b" + NAME + "))";

    public static final String DISTINCT_MESSAGE =
        "two folders result in one volume name, because only small letters and digits"
            + " count: rename one";
  }
}

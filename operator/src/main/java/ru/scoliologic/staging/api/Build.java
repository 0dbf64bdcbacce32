package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.util.List;

/** How a commit becomes an image, on a Docker engine. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Build(
    @Default(DEFAULT_DOCKERFILE)
        @Size(min = 1, max = 300)
        @ValidationRule(value = "self.matches('" + PATH_PATTERN + "')", message = PATH_MESSAGE)
        @JsonPropertyDescription("Path of the Dockerfile, relative to the root of the repository.")
        String dockerfile,
    @Default(DEFAULT_CONTEXT)
        @Size(min = 1, max = 300)
        @ValidationRule(value = "self.matches('" + PATH_PATTERN + "')", message = PATH_MESSAGE)
        @JsonPropertyDescription(
            "Directory that is the build context, relative to the root of the repository.")
        String context,
    @Size(max = 100)
        @JsonPropertyDescription("Target stage of the Dockerfile. Defaults to the last stage.")
        String target,
    @Size(max = 50)
        @ValidationRule(
            value = "self.all(a, self.exists_one(o, o.name == a.name))",
            message = "holds a name twice: give each argument once")
        @JsonPropertyDescription(
            "Build arguments. Not for secrets: they are visible in the image's history.")
        List<Argument> args,
    @Default("" + DEFAULT_TIMEOUT_SECONDS)
        @Min(30)
        @Max(86400)
        @JsonPropertyDescription(
            "Seconds that a build may take. After that it is stopped and has failed.")
        Integer timeoutSeconds,
    @JsonPropertyDescription(
            "Docker engine that runs the builds. Defaults to an engine in the agent's pod.")
        Engine engine) {

  static final String PATH_PATTERN = "^[A-Za-z0-9_.][A-Za-z0-9_./-]*$";
  static final String PATH_MESSAGE =
      "is not a path inside the repository: give one like docker/Dockerfile, without / at the front";
  static final String DEFAULT_DOCKERFILE = "Dockerfile";
  static final String DEFAULT_CONTEXT = ".";
  static final int DEFAULT_TIMEOUT_SECONDS = 1800;
  static final Build DEFAULTS = new Build(null, null, null, null, null, null);

  public Build {
    dockerfile = dockerfile == null ? DEFAULT_DOCKERFILE : dockerfile;
    context = context == null ? DEFAULT_CONTEXT : context;
    args = args == null ? List.of() : List.copyOf(args);
    timeoutSeconds = timeoutSeconds == null ? DEFAULT_TIMEOUT_SECONDS : timeoutSeconds;
    engine = engine == null ? Engine.DEFAULTS : engine;
  }

  /** The inputs of an image besides the commit; with another recipe it is another version. */
  public record Recipe(String dockerfile, String context, String target, List<Argument> args) {}

  @JsonIgnore
  public Recipe recipe() {
    return new Recipe(dockerfile, context, target, args);
  }

  public record Argument(
      @Required
          @Size(min = 1, max = 100)
          @ValidationRule(
              value = "self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",
              message = "is not the name of a build argument: use letters, digits and '_'")
          @JsonPropertyDescription("Name of the ARG instruction.")
          String name,
      @Required @Size(max = 4096) @JsonPropertyDescription("Value of the build argument.")
          String value) {}

  /** The Docker engine that builds: one in the agent's pod, or a given one. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(value = "has(self.host) || !has(self.tls)", message = Engine.TLS_MESSAGE)
  public record Engine(
      @Size(max = 300)
          @ValidationRule(value = "self.matches('" + HOST_PATTERN + "')", message = HOST_MESSAGE)
          @JsonPropertyDescription(
              "Address of an existing engine, as tcp://host:port. Defaults to an engine in a"
                  + " privileged container of the agent's pod.")
          String host,
      @JsonPropertyDescription(
              "Secret with the keys ca.pem, cert.pem and key.pem, in the format of `docker"
                  + " --tlsverify`.")
          SharedIngress.SecretName tls,
      @Size(max = 512)
          @JsonPropertyDescription(
              "Image of the engine in the agent's pod. Defaults to " + DEFAULT_IMAGE + ".")
          String image,
      @JsonPropertyDescription(
              "Compute resources of the engine in the agent's pod. Builds run within them.")
          ResourceRequirements resources,
      @Default(DEFAULT_STORAGE)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Size of the volume with the layer cache that builds share.")
          String storage,
      @Size(max = 253)
          @JsonPropertyDescription(
              "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
          String storageClassName,
      @Size(max = 512)
          @JsonPropertyDescription(
              "Image with archives of `docker save` in its directory /base-images. They are"
                  + " loaded before the first build, for engines that cannot reach a registry.")
          String baseImages) {

    static final String HOST_PATTERN = "^tcp://[^/ _]+:[0-9]+$";
    static final String HOST_MESSAGE =
        "is not the address of a Docker engine: give one like tcp://builder.example.org:2376; the"
            + " name of a host has no underscore";
    public static final String TLS_MESSAGE =
        "tls goes with host: the engine beside the agent needs none";
    public static final String DEFAULT_IMAGE = "docker:29-dind";
    static final String DEFAULT_STORAGE = "20Gi";
    static final Engine DEFAULTS = new Engine(null, null, null, null, null, null, null);

    public Engine {
      storage = storage == null ? DEFAULT_STORAGE : storage;
    }
  }
}

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
        @JsonPropertyDescription("Path of the Dockerfile, from the top of the repository.")
        String dockerfile,
    @Default(DEFAULT_CONTEXT)
        @Size(min = 1, max = 300)
        @ValidationRule(value = "self.matches('" + PATH_PATTERN + "')", message = PATH_MESSAGE)
        @JsonPropertyDescription("Folder that is sent to the engine.")
        String context,
    @Size(max = 100) @JsonPropertyDescription("Stage of the Dockerfile; the last one when absent.")
        String target,
    @Size(max = 50)
        @ValidationRule(
            value = "self.all(a, self.exists_one(o, o.name == a.name))",
            message = "holds a name twice: give each argument once")
        @JsonPropertyDescription(
            "Build arguments. They can be read in the image's history: no place for a secret.")
        List<Argument> args,
    @Default("" + DEFAULT_TIMEOUT_SECONDS)
        @Min(30)
        @Max(86400)
        @JsonPropertyDescription("Seconds after which a build is ended and counts as failed.")
        Integer timeoutSeconds,
    @JsonPropertyDescription("The Docker engine; one beside the agent when absent.")
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
          @JsonPropertyDescription("Name, as after ARG.")
          String name,
      @Required @Size(max = 4096) @JsonPropertyDescription("Value.") String value) {}

  /** The Docker engine that builds: one in the agent's pod, or a given one. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(value = "has(self.host) || !has(self.tls)", message = Engine.TLS_MESSAGE)
  public record Engine(
      @Size(max = 300)
          @ValidationRule(value = "self.matches('" + HOST_PATTERN + "')", message = HOST_MESSAGE)
          @JsonPropertyDescription(
              "A given engine, as tcp://host:port; an engine in a privileged container of the agent's"
                  + " pod when absent.")
          String host,
      @JsonPropertyDescription(
              "A Secret with ca.pem, cert.pem and key.pem, as `docker --tlsverify` wants them.")
          SharedIngress.SecretName tls,
      @Size(max = 512)
          @JsonPropertyDescription("Image of the engine beside the agent instead of docker:dind's.")
          String image,
      @JsonPropertyDescription(
              "Compute resources of the engine beside the agent; builds run inside of them.")
          ResourceRequirements resources,
      @Default(DEFAULT_STORAGE)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Size of the volume with the layers that builds share.")
          String storage,
      @Size(max = 253)
          @JsonPropertyDescription(
              "Storage class of the volume; the cluster's default when absent.")
          String storageClassName,
      @Size(max = 512)
          @JsonPropertyDescription(
              "An image whose folder /base-images holds archives of `docker save`. They are loaded"
                  + " before the first build, for engines that no registry answers.")
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

package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Ollama with its language models. */
public record OllamaSpec(
    @Default(DEFAULT_VERSION)
        @Size(min = 1, max = 16)
        @ValidationRule(
            value = "self.matches('" + VERSION_PATTERN + "')",
            message = VERSION_MESSAGE)
        @JsonPropertyDescription("Ollama version: the tag of the official image.")
        String version,
    @Size(max = 10)
        @JsonPropertyDescription(
            "Models that must be pulled before the environment counts as deployed, for"
                + " example llama3.2:3b. A model that is removed from the list stays on the"
                + " volume.")
        @ValidationRule(
            value = "self.all(model, model.matches('" + MODEL_PATTERN + "'))",
            message = MODEL_MESSAGE)
        List<@Size(min = 1, max = 200) String> models,
    @Default(DEFAULT_STORAGE)
        @Size(max = 20)
        @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
        @JsonPropertyDescription("Size of the volume with the models.")
        String storage,
    @Size(max = 253)
        @JsonPropertyDescription(
            "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
        String storageClassName,
    @Default("" + DEFAULT_UID)
        @Min(1)
        @Max(2147483647)
        @JsonPropertyDescription("User id and group id of Ollama's process.")
        Long runAsUser,
    @Default(DEFAULT_KEEP_ALIVE)
        @Size(min = 1, max = 8)
        @ValidationRule(
            value = "self.matches('" + KEEP_ALIVE_PATTERN + "')",
            message = KEEP_ALIVE_MESSAGE)
        @JsonPropertyDescription(
            "How long a model stays in memory after its last use. -1 is unlimited.")
        String keepAlive,
    @Size(max = 10)
        @JsonPropertyDescription(
            "Registries, as host or host:port, that are accessed over plain HTTP. For"
                + " registries in a private network.")
        List<@Size(min = 1, max = 253) String> insecureRegistries,
    @JsonPropertyDescription("GPUs of the pod. Ollama runs on the CPU when absent.") Gpu gpu,
    @Size(max = 512)
        @JsonPropertyDescription("Image of Ollama. Defaults to ollama/ollama:<version>.")
        String image,
    @JsonPropertyDescription(
            "Compute resources of the Ollama container. The memory limit must be large"
                + " enough for a model and its context.")
        ResourceRequirements resources,
    @Size(max = 10) @JsonPropertyDescription("Secrets used to pull the image.")
        List<LocalObjectReference> imagePullSecrets,
    @JsonPropertyDescription("Node labels that the pods require.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
        List<Toleration> tolerations,
    @Default("" + DEFAULT_DEADLINE_SECONDS)
        @Min(MIN_DEADLINE_SECONDS)
        @Max(MAX_DEADLINE_SECONDS)
        @JsonPropertyDescription(ComponentSpec.DEADLINE)
        Integer deadlineSeconds)
    implements ComponentSpec {

  public static final String VERSION_PATTERN = "^0[.][0-9]{1,3}[.][0-9]{1,3}$";
  public static final String VERSION_MESSAGE =
      "is not a version of Ollama: give the tag of its image, for example 0.17.4";
  public static final String MODEL_PATTERN =
      "^([A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?/)?([A-Za-z0-9_][A-Za-z0-9_-]*/)?"
          + "[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$";
  public static final String MODEL_MESSAGE =
      "holds what is not the name of a model: give [registry/][namespace/]model[:tag], for example llama3.2:3b";
  public static final String KEEP_ALIVE_PATTERN = "^(-1|[0-9]{1,4}[smh])$";
  public static final String KEEP_ALIVE_MESSAGE =
      "is not a time: give a whole number with s, m or h, for example 5m, or -1 for ever";
  public static final int PORT = 11434;
  static final String DEFAULT_VERSION = "0.17.4";
  static final String DEFAULT_STORAGE = "20Gi";
  static final String DEFAULT_KEEP_ALIVE = "5m";
  static final long DEFAULT_UID = 1000;

  public OllamaSpec {
    deadlineSeconds = deadlineSeconds == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds;
    version = version == null ? DEFAULT_VERSION : version;
    models = models == null ? List.of() : List.copyOf(models);
    storage = storage == null ? DEFAULT_STORAGE : storage;
    runAsUser = runAsUser == null ? DEFAULT_UID : runAsUser;
    keepAlive = keepAlive == null ? DEFAULT_KEEP_ALIVE : keepAlive;
    insecureRegistries = insecureRegistries == null ? List.of() : List.copyOf(insecureRegistries);
  }

  @Override
  public Map<String, String> variables(String host) {
    var variables = new TreeMap<>(Map.of("OLLAMA_HOST", host, "OLLAMA_PORT", String.valueOf(PORT)));
    models.stream().findFirst().ifPresent(model -> variables.put("OLLAMA_MODEL", model));
    return variables;
  }

  @Override
  public String defaultImage() {
    return "ollama/ollama:" + version;
  }

  /** What a pod needs to get graphics processors. */
  public record Gpu(
      @Default("" + DEFAULT_COUNT)
          @Min(1)
          @Max(16)
          @JsonPropertyDescription("Number of GPUs that the pod gets.")
          Integer count,
      @Default(DEFAULT_RESOURCE)
          @Size(min = 1, max = 100)
          @JsonPropertyDescription("Extended resource under which the nodes offer GPUs.")
          String resource,
      @Size(max = 253)
          @JsonPropertyDescription("RuntimeClass of the pod, for example nvidia. None when absent.")
          String runtimeClassName) {
    static final int DEFAULT_COUNT = 1;
    static final String DEFAULT_RESOURCE = "nvidia.com/gpu";

    public Gpu {
      count = count == null ? DEFAULT_COUNT : count;
      resource = resource == null ? DEFAULT_RESOURCE : resource;
    }
  }
}

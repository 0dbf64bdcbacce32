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
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** Where the images of commits are kept. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Registry(
    @JsonPropertyDescription("Existing registry. Defaults to a registry in the environment.")
        External external,
    @Default(DEFAULT_STORAGE)
        @Size(max = 20)
        @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
        @JsonPropertyDescription("Size of the volume of the environment's registry.")
        String storage,
    @Size(max = 253)
        @JsonPropertyDescription(
            "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
        String storageClassName,
    @Default("" + DEFAULT_KEEP)
        @Min(2)
        @Max(100)
        @JsonPropertyDescription(
            "Number of releases to keep, and of their images in the environment's"
                + " registry. The serving release and the one to roll back to are always kept.")
        Integer keep,
    @Size(max = 512)
        @JsonPropertyDescription("Image of the environment's registry. Defaults to registry:3.")
        String image,
    @JsonPropertyDescription("Compute resources of the registry container.")
        ResourceRequirements resources,
    @Size(max = 10)
        @JsonPropertyDescription(
            "Secrets used to pull the registry's image and the images of the agent's pod:"
                + " the operator's and the Docker engine's.")
        List<LocalObjectReference> imagePullSecrets,
    @JsonPropertyDescription("Node labels that the pods require.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
        List<Toleration> tolerations)
    implements ComponentSpec {

  static final String DEFAULT_STORAGE = "20Gi";
  static final int DEFAULT_KEEP = 10;

  /** The environment's own registry, which is the default. */
  public static final Registry DEFAULTS =
      new Registry(null, null, null, null, null, null, null, null, null);

  public Registry {
    storage = storage == null ? DEFAULT_STORAGE : storage;
    keep = keep == null ? DEFAULT_KEEP : keep;
  }

  @Override
  @JsonIgnore
  public String defaultImage() {
    return "registry:3";
  }

  /** An existing registry. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record External(
      @Required
          @Size(min = 1, max = 400)
          @ValidationRule(
              value = "self.matches('" + REPOSITORY_PATTERN + "')",
              message = REPOSITORY_MESSAGE)
          @JsonPropertyDescription(
              "Registry and repository without a tag, for example"
                  + " registry.example.org/team/app.")
          String repository,
      @JsonPropertyDescription(
              "Secret of type kubernetes.io/dockerconfigjson used to push and pull images.")
          SharedIngress.SecretName credentials) {

    static final String REPOSITORY_PATTERN =
        "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$";
    public static final String REPOSITORY_MESSAGE =
        "is not a repository of a registry: give one like registry.example.org/team/app, in small"
            + " letters and without a tag";
  }
}

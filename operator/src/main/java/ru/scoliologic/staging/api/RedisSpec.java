package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonProperty;
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
import java.util.Locale;
import java.util.Map;

/** Redis with a password, and by default an append-only file on its volume. */
public record RedisSpec(
    @Default(DEFAULT_VERSION)
        @Size(min = 1, max = 16)
        @ValidationRule(
            value = "self.matches('" + VERSION_PATTERN + "')",
            message = VERSION_MESSAGE)
        @JsonPropertyDescription("Redis version: the tag of the official image.")
        String version,
    @Default(DEFAULT_MAX_MEMORY)
        @Size(max = 20)
        @ValidationRule(
            value = "self.matches('" + MAX_MEMORY_PATTERN + "')",
            message = MAX_MEMORY_MESSAGE)
        @JsonPropertyDescription("Memory for data. When it is full, memoryPolicy applies.")
        String maxMemory,
    @Default(DEFAULT_STORAGE)
        @Size(max = 20)
        @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
        @JsonPropertyDescription("Size of the data volume.")
        String storage,
    @Size(max = 253)
        @JsonPropertyDescription(
            "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
        String storageClassName,
    @Default("" + DEFAULT_UID)
        @Min(1)
        @Max(2147483647)
        @JsonPropertyDescription(
            "User id and group id of the process. Defaults to the image's redis user.")
        Long runAsUser,
    @Size(max = 512) @JsonPropertyDescription("Image of Redis. Defaults to redis:<version>.")
        String image,
    @JsonPropertyDescription(
            "Compute resources of the Redis container. The memory limit should be a third"
                + " above maxMemory.")
        ResourceRequirements resources,
    @Size(max = 10) @JsonPropertyDescription("Secrets used to pull the image.")
        List<LocalObjectReference> imagePullSecrets,
    @JsonPropertyDescription("Node labels that the pods require.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
        List<Toleration> tolerations,
    @Default(DEFAULT_MEMORY_POLICY)
        @JsonPropertyDescription(
            "Eviction policy when maxMemory is reached, by Redis' own name. noeviction"
                + " refuses writes.")
        MemoryPolicy memoryPolicy,
    @Default(DEFAULT_PERSISTENCE)
        @JsonPropertyDescription(
            "AppendOnly: writes are on the volume within a second. None: Redis is empty"
                + " after a restart.")
        Persistence persistence,
    @Default("" + DEFAULT_DEADLINE_SECONDS)
        @Min(MIN_DEADLINE_SECONDS)
        @Max(MAX_DEADLINE_SECONDS)
        @JsonPropertyDescription(ComponentSpec.DEADLINE)
        Integer deadlineSeconds)
    implements ComponentSpec {

  public static final String VERSION_PATTERN =
      "^(6|6[.]2([.][0-9]{1,2})?|[7-9]([.][0-9]{1,2}){0,2})$";
  public static final String VERSION_MESSAGE =
      "is not a supported Redis version: give 6.2 or newer, for example 8.0";
  public static final String MAX_MEMORY_PATTERN = "^[1-9][0-9]{0,6}(Mi|Gi)$";
  public static final String MAX_MEMORY_MESSAGE =
      "is not an amount of memory: give a whole number with Mi or Gi, for example 256Mi";
  public static final int PORT = 6379;
  static final String DEFAULT_VERSION = "8.0";
  static final String DEFAULT_MAX_MEMORY = "256Mi";
  static final String DEFAULT_STORAGE = "1Gi";
  static final long DEFAULT_UID = 999;
  static final String DEFAULT_MEMORY_POLICY = "allkeys-lru";
  static final String DEFAULT_PERSISTENCE = "AppendOnly";
  static final RedisSpec DEFAULTS =
      new RedisSpec(null, null, null, null, null, null, null, null, null, null, null, null, null);

  public RedisSpec {
    deadlineSeconds = deadlineSeconds == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds;
    version = version == null ? DEFAULT_VERSION : version;
    maxMemory = maxMemory == null ? DEFAULT_MAX_MEMORY : maxMemory;
    storage = storage == null ? DEFAULT_STORAGE : storage;
    runAsUser = runAsUser == null ? DEFAULT_UID : runAsUser;
    memoryPolicy = memoryPolicy == null ? MemoryPolicy.ALLKEYS_LRU : memoryPolicy;
    persistence = persistence == null ? Persistence.valueOf(DEFAULT_PERSISTENCE) : persistence;
  }

  @Override
  public Map<String, String> variables(String host) {
    return Map.of("REDIS_HOST", host, "REDIS_PORT", String.valueOf(PORT));
  }

  @Override
  public String defaultImage() {
    return "redis:" + version;
  }

  /** Redis' policies, by its own names. */
  public enum MemoryPolicy {
    @JsonProperty("noeviction")
    NOEVICTION,
    @JsonProperty("allkeys-lru")
    ALLKEYS_LRU,
    @JsonProperty("allkeys-lfu")
    ALLKEYS_LFU,
    @JsonProperty("allkeys-random")
    ALLKEYS_RANDOM,
    @JsonProperty("volatile-lru")
    VOLATILE_LRU,
    @JsonProperty("volatile-lfu")
    VOLATILE_LFU,
    @JsonProperty("volatile-random")
    VOLATILE_RANDOM,
    @JsonProperty("volatile-ttl")
    VOLATILE_TTL;

    /** The name in Redis' configuration file. */
    public String inRedisWords() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** The data that survives a restart. */
  public enum Persistence {
    AppendOnly,
    None
  }
}

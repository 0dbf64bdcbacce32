package ru.scoliologic.staging.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.RedisSpec;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Planned;

class RedisResourcesTest {
  private static final String PASSWORD = "secret-one";

  private static <T> T planned(String redis, String password, Class<T> kind) {
    var snapshot =
        Given.aGoodStart()
            .edited("  services:\n", "  services:\n    redis: " + redis + "\n")
            .snapshot();
    return new RedisResources(snapshot.environment(), List.of(password), "secret-operator")
        .plan(List.of(), snapshot).stream()
            .map(Planned::object)
            .filter(kind::isInstance)
            .map(kind::cast)
            .findFirst()
            .orElseThrow();
  }

  /** What the server reads, by directive. */
  private static Map<String, String> configuration(String redis) {
    var data = planned(redis, PASSWORD, Secret.class).getData().get("redis.conf");
    return new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.split(" ", 2))
        .collect(Collectors.toMap(line -> line[0], line -> line[1], (a, b) -> a + "; " + b));
  }

  private static StatefulSet set(String redis) {
    return planned(redis, PASSWORD, StatefulSet.class);
  }

  private static String memoryLimit(String redis) {
    return set(redis)
        .getSpec()
        .getTemplate()
        .getSpec()
        .getContainers()
        .getFirst()
        .getResources()
        .getLimits()
        .get("memory")
        .toString();
  }

  private static String hash(StatefulSet set) {
    return set.getSpec().getTemplate().getMetadata().getAnnotations().get(Labels.CONFIG_HASH);
  }

  @Test
  void by_default_what_is_written_is_on_the_volume_within_a_second_and_old_keys_go() {
    assertThat(configuration("{}"))
        .containsEntry("dir", "/data")
        .containsEntry("appendonly", "yes")
        .containsEntry("appendfsync", "everysec")
        .containsEntry("maxmemory", String.valueOf(256L << 20))
        .containsEntry("maxmemory-policy", "allkeys-lru")
        .doesNotContainKey("save");
  }

  @Test
  void without_persistence_nothing_is_written_neither_in_a_log_nor_as_a_snapshot() {
    assertThat(configuration("{persistence: None}"))
        .containsEntry("appendonly", "no")
        .containsEntry("save", "\"\"")
        .doesNotContainKey("appendfsync");
  }

  @ParameterizedTest
  @EnumSource(RedisSpec.MemoryPolicy.class)
  void every_policy_is_given_in_the_words_of_redis(RedisSpec.MemoryPolicy policy) {
    var word = policy.inRedisWords();

    assertThat(
            List.of(
                "noeviction",
                "allkeys-lru",
                "allkeys-lfu",
                "allkeys-random",
                "volatile-lru",
                "volatile-lfu",
                "volatile-random",
                "volatile-ttl"))
        .contains(word);
    assertThat(configuration("{memoryPolicy: %s}".formatted(word)))
        .containsEntry("maxmemory-policy", word);
  }

  @Test
  void the_memory_for_data_is_given_in_bytes_and_the_containers_limit_is_a_third_above() {
    assertThat(configuration("{maxMemory: 1Gi}")).containsEntry("maxmemory", "1073741824");
    assertThat(memoryLimit("{maxMemory: 1Gi}")).isEqualTo("1365Mi");
    assertThat(memoryLimit("{maxMemory: 16Mi}")).isEqualTo("128Mi");
    assertThat(memoryLimit("{maxMemory: 16Mi, resources: {limits: {memory: 1Gi}}}"))
        .isEqualTo("1Gi");
  }

  /** Redis takes the SHA-256 of a password: whatever characters it has, it cannot end its line. */
  @Test
  void passwords_stand_in_the_file_as_verifiers_only() {
    var data = planned("{}", "a\"b\\c\nd", Secret.class).getData().get("redis.conf");
    var file = new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8);

    assertThat(file.lines().filter(line -> line.startsWith("user ")))
        .hasSize(2)
        .allMatch(
            line -> line.matches("user (default|operator) on #[0-9a-f]{64} ~\\* &\\* \\+@all"));
    assertThat(file).doesNotContain("a\"b", "secret-operator");
  }

  @Test
  void what_the_server_reads_at_its_start_restarts_it_and_the_rest_does_not() {
    var before = hash(set("{}"));

    for (var change :
        List.of("{persistence: None}", "{memoryPolicy: noeviction}", "{maxMemory: 128Mi}")) {
      assertThat(hash(set(change))).as(change).isNotEqualTo(before);
    }
    assertThat(hash(set("{storage: 2Gi}"))).isEqualTo(before);
  }

  @Test
  void no_password_stands_in_the_pods_description() {
    assertThat(set("{}").toString()).doesNotContain(PASSWORD);
  }
}

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
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.PlannedObject;

class RedisResourcesTest {
  private static final String PASSWORD = "secret-one";
  private static final String OPERATOR = "secret-of-the-operator";

  /** Of the password. */
  private static final String SHA_256 =
      "ea77193cc4e6f18656f3130e296203880c4b9b3772afc855211b82fdd46e9185";

  private static <T> T planned(String redis, List<String> passwords, Class<T> kind) {
    var snapshot =
        Given.aGoodStart()
            .edited("  services:\n", "  services:\n    redis: " + redis + "\n")
            .snapshot();
    return new RedisResources(snapshot.environment(), passwords, OPERATOR)
        .plan(List.of(), snapshot).stream()
            .map(PlannedObject::object)
            .filter(kind::isInstance)
            .map(kind::cast)
            .findFirst()
            .orElseThrow();
  }

  private static String file(String redis, String... passwords) {
    var data = planned(redis, List.of(passwords), Secret.class).getData().get("redis.conf");
    return new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8);
  }

  /** What the server reads, by directive, and by name for users. */
  private static Map<String, String> configuration(String redis) {
    return file(redis, PASSWORD)
        .lines()
        .map(line -> line.replaceFirst("^user ", "user/").split(" ", 2))
        .collect(Collectors.toMap(line -> line[0], line -> line[1]));
  }

  private static StatefulSet set(String redis) {
    return planned(redis, List.of(PASSWORD), StatefulSet.class);
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
        .containsEntry("user/default", "on #" + SHA_256 + " ~* &* +@all")
        .containsKey("user/operator")
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

  @Test
  void no_password_stands_in_what_the_server_reads_whatever_it_is_made_of() {
    assertThat(file("{}", "a\"b\\c")).doesNotContain("a\"b", OPERATOR);
    assertThat(file("{}", PASSWORD)).doesNotContain(PASSWORD);
  }

  @Test
  void two_passwords_are_accepted_and_a_change_of_them_restarts_nothing() {
    var two = planned("{}", List.of(PASSWORD, "secret-two"), StatefulSet.class);

    assertThat(file("{}", PASSWORD, "secret-two"))
        .containsPattern("user default on #" + SHA_256 + " #[0-9a-f]{64} ");
    assertThat(hash(two)).isEqualTo(hash(set("{}")));
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

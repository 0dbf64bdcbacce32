package ru.scoliologic.staging.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ru.scoliologic.staging.throwaway.ExecResult;

/**
 * Looks for secrets where none may stand: logs of all containers, events, all objects but Secrets,
 * the histories of the engine's images, and arguments of processes, which are noted from the start
 * on.
 */
final class SecretSearch implements AutoCloseable {
  static final String LOGS = "logs";
  static final String EVENTS = "events";
  static final String OBJECTS = "objects";
  static final String IMAGES = "image histories";
  static final String ARGUMENTS = "process arguments";

  private static final String KINDS =
      "stenv,strel,pods,deployments,replicasets,statefulsets,jobs,services,configmaps,ingresses";
  private static final String HISTORIES =
      "d='docker --host=tcp://127.0.0.1:2375'; for i in $($d image ls -aq | sort -u);"
          + " do $d history --no-trunc $i; $d image inspect $i; done";

  private final GitopsWorld world;
  private final Set<String> arguments = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor();

  SecretSearch(GitopsWorld world) {
    this.world = world;
    var _ = watch.scheduleWithFixedDelay(this::note, 0, 2, TimeUnit.SECONDS);
  }

  private void note() {
    try {
      arguments.addAll(
          onNode("sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done")
              .lines()
              .toList());
    } catch (RuntimeException e) {
      // One that got out would end the notes.
      System.err.println("process arguments: " + e.getMessage());
    }
  }

  private String onNode(String... command) {
    ExecResult result = world.staging().cluster().exec(command);
    return result.stdout() + result.stderr();
  }

  /**
   * Where any of the secrets stands, as it is or encoded: {@code logs of gitops/env-app: git
   * token}.
   *
   * @param secrets by what they are called
   */
  Set<String> find(Map<String, String> secrets) {
    note();
    var found = new TreeSet<String>();
    texts()
        .forEach((place, text) ->
            secrets.forEach((name, secret) -> {
              if (forms(secret).anyMatch(text::contains)) {
                found.add(place + ": " + name);
              }
            }));
    return found;
  }

  private Map<String, String> texts() {
    var texts = new TreeMap<String, String>();
    var namespaces = List.of(world.namespace(), Staging.OPERATOR);
    for (var namespace : namespaces) {
      texts.put(EVENTS + " in " + namespace, kubectl(namespace, "get", "events", "-o", "json"));
      texts.put(OBJECTS + " in " + namespace, kubectl(namespace, "get", KINDS, "-o", "json"));
      for (var pod : world.staging().admin().pods().inNamespace(namespace).list().getItems()) {
        texts.put("%s of %s/%s".formatted(LOGS, namespace, pod.getMetadata().getName()), logs(pod));
      }
    }
    texts.put(
        IMAGES,
        kubectl(
            world.namespace(),
            "exec",
            "deployment/" + GitopsWorld.NAME + "-gitops-agent",
            "-c",
            "engine",
            "--",
            "sh",
            "-c",
            HISTORIES));
    texts.put(ARGUMENTS, String.join("\n", arguments));
    texts.values().forEach(SecretSearch::requireSomething);
    return texts;
  }

  /** A place that cannot be read would be found clean. */
  private static void requireSomething(String text) {
    if (text.isBlank()) {
      throw new AssertionError("a place is empty");
    }
  }

  private String kubectl(String namespace, String... arguments) {
    return world
        .staging()
        .cluster()
        .kubectl(
            Stream.concat(Stream.of("-n", namespace), Arrays.stream(arguments))
                .toArray(String[]::new));
  }

  /** What the containers wrote, and what those before them did. */
  private String logs(Pod pod) {
    var folder =
        "/var/log/pods/%s_%s_%s"
            .formatted(
                pod.getMetadata().getNamespace(),
                pod.getMetadata().getName(),
                pod.getMetadata().getUid());
    return onNode("sh", "-c", "cat " + folder + "/*/*.log");
  }

  /** As it is, in a URL, in JSON, and within any Base64. */
  static Stream<String> forms(String secret) {
    var bytes = secret.getBytes(StandardCharsets.UTF_8);
    return Stream.concat(
        Stream.of(
            secret,
            URLEncoder.encode(secret, StandardCharsets.UTF_8),
            secret.replace("\\", "\\\\").replace("\"", "\\\"")),
        IntStream.range(0, 3).mapToObj(shift -> within(bytes, shift)));
  }

  /** What of a Base64 text depends on the bytes alone, when so many others stand before them. */
  private static String within(byte[] bytes, int shift) {
    var shifted = new byte[shift + bytes.length];
    System.arraycopy(bytes, 0, shifted, shift, bytes.length);
    var text = Base64.getEncoder().withoutPadding().encodeToString(shifted);
    int begin = shift == 0 ? 0 : shift + 1;
    int end = shifted.length * 8 / 6;
    return text.substring(begin, end);
  }

  /** Values of generated keys and of the registry's user, by name. */
  Map<String, String> generated() {
    var values = new TreeMap<String, String>();
    var secret =
        world
            .staging()
            .admin()
            .secrets()
            .inNamespace(world.namespace())
            .withName(GitopsWorld.NAME + "-credentials")
            .get();
    secret
        .getData()
        .forEach((key, value) -> {
          var text = new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
          if (isSecret(key, text)) {
            values.put(key, text);
          }
        });
    return values;
  }

  private static boolean isSecret(String key, String value) {
    var name = key.toUpperCase(Locale.ROOT);
    return value.length() >= 16 && (name.contains("PASSWORD") || name.contains("SECRET"));
  }

  @Override
  public void close() {
    watch.shutdownNow();
  }
}

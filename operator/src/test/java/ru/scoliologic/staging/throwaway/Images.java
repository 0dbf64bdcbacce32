package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The images that {@code images.sh} provides, and their way into the node. */
public final class Images {
  public static final String NODE = "rancher/k3s:v1.36.3-k3s1";
  public static final String DEBIAN = "debian:trixie-slim";
  public static final String TRAEFIK = "traefik:v3.6.12";
  public static final String PEBBLE = "ghcr.io/letsencrypt/pebble:2.10.1";
  public static final String POSTGRES = "postgres:17";
  public static final String POSTGRES_EXTENDED = "postgres:17-extended";
  public static final String REDIS = "redis:8.0";
  public static final String PROMETHEUS = "prom/prometheus:v3.16.0";
  public static final String CERT_MANAGER = "quay.io/jetstack/cert-manager-controller:v1.21.2";
  public static final String OLLAMA = "ollama/ollama:0.17.4";
  public static final String MODEL_REGISTRY = "model-registry:1";
  public static final String REGISTRY = "registry:3";
  public static final String ENGINE = "docker:29-dind";
  public static final String GIT_SERVER = "git-server:1";
  public static final String NODE_20 = "node:20-slim";

  /** Large, so it is brought into a node only where something is built: {@code loadImage}. */
  public static final String BASE_IMAGES = "base-images:1";

  /** Of {@code make gitops} alone, so they are brought into a node by its tests. */
  public static final String ARGO_CD = "quay.io/argoproj/argocd:v3.6.1";

  public static final String KUSTOMIZE_CONTROLLER = "ghcr.io/fluxcd/kustomize-controller:v1.9.6";

  public static final String OPERATOR = "staging-operator:dev";
  public static final String APP_1 = "sample-app:1";
  public static final String APP_2 = "sample-app:2";
  public static final String APP_BROKEN = "sample-app:broken";
  public static final String APP_UNHEALTHY = "sample-app:unhealthy";
  public static final String APP_STUBBORN = "sample-app:stubborn";

  /** The archive of what {@code make run} works without: {@code tests} in images.txt. */
  private static final String TESTS = "tests";

  /**
   * What a node has from its start, by archive: layers are shared within one, and it is written
   * again when a member changes.
   */
  private static final Map<String, List<String>> ARCHIVES =
      Map.of(
          "services",
          List.of(DEBIAN, TRAEFIK, PEBBLE, POSTGRES, REDIS, PROMETHEUS, OLLAMA),
          "delivery",
          List.of(REGISTRY, ENGINE, GIT_SERVER),
          "apps",
          List.of(APP_1, APP_2, APP_BROKEN, MODEL_REGISTRY),
          "operator",
          List.of(OPERATOR),
          TESTS,
          List.of(POSTGRES_EXTENDED, CERT_MANAGER, APP_UNHEALTHY, APP_STUBBORN));

  private Images() {}

  static List<String> ofTests() {
    return ARCHIVES.get(TESTS);
  }

  static List<String> ofNodes() {
    return ARCHIVES.values().stream().flatMap(List::stream).toList();
  }

  /**
   * Whether no image registry answered: then what a Dockerfile starts from has to be brought to an
   * engine.
   */
  public static boolean areStandIns() {
    return Docker.run(
            "image",
            "inspect",
            "--format",
            "{{index .Config.Labels \"org.scoliologic.staging.stand-in\"}}",
            NODE_20)
        .equals("true");
  }

  /** The image's id in the engine, which changes with its content. */
  static String id(String reference) {
    ExecResult result = Docker.attempt("image", "inspect", "--format", "{{.Id}}", reference);
    if (result.exitCode() != 0) {
      throw new ClusterException("the image " + reference + " is missing: run `make images`");
    }
    return result.stdout().strip().replace("sha256:", "");
  }

  /**
   * The engine's ids, by reference, of the images that a node has from its start.
   *
   * @param forTests whether those of the tests must be there; otherwise they come along once they
   *     all are
   */
  static Map<String, String> preloaded(boolean forTests) {
    Map<String, String> ids = new TreeMap<>();
    ARCHIVES.forEach((archive, references) -> {
      if (forTests || !archive.equals(TESTS) || references.stream().allMatch(Images::isThere)) {
        references.forEach(reference -> ids.put(reference, id(reference)));
      }
    });
    return ids;
  }

  private static boolean isThere(String reference) {
    return Docker.attempt("image", "inspect", reference).exitCode() == 0;
  }

  /**
   * Writes the archives whose images changed and returns their folder, which holds nothing else.
   */
  static Path archive(Map<String, String> ids) {
    Path folder = Repository.state("images").toAbsolutePath();
    Set<String> wanted = new HashSet<>();
    // Two runs of tests at a time would each take the other's half-written archive away.
    try (FileChannel channel =
            FileChannel.open(
                Repository.state("archives.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      Files.createDirectories(folder);
      for (Map.Entry<String, List<String>> archive : ARCHIVES.entrySet()) {
        if (!ids.keySet().containsAll(archive.getValue())) {
          continue;
        }
        String members = archive.getValue().stream().map(ids::get).collect(Collectors.joining(" "));
        String name =
            "%s-%s.tar"
                .formatted(
                    archive.getKey(),
                    UUID.nameUUIDFromBytes(members.getBytes(StandardCharsets.UTF_8)));
        wanted.add(name);
        if (!Files.exists(folder.resolve(name))) {
          // A save that was cut off must not pass for an archive.
          Path part = Files.createTempFile(folder, "save", ".part");
          Docker.run(
              Stream.concat(Stream.of("save", "-o", part.toString()), archive.getValue().stream())
                  .toArray(String[]::new));
          Files.move(part, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        }
      }
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          if (!wanted.contains(file.getFileName().toString())) {
            Files.deleteIfExists(file);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return folder;
  }
}

package ru.scoliologic.staging.e2e;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.throwaway.GitRepository;
import ru.scoliologic.staging.throwaway.Images;

/**
 * The real kustomize-controller of Flux. What its source-controller would make of a repository, an
 * archive of a commit and a status that names it, is made here.
 */
final class Flux {
  static final String NAMESPACE = "flux-system";
  static final String CONTROLLER = "system:serviceaccount:" + NAMESPACE + ":default";

  private static final String MANIFESTS = "/workspace/operator/src/test/cluster/gitops/";
  private static final String NAME = "staging";
  private static final String DEPLOYMENT = "deployment/kustomize-controller";

  private final Staging staging;
  private final GitRepository git;
  private final Path folder;

  private Flux(Staging staging, GitRepository git, Path folder) {
    this.staging = staging;
    this.git = git;
    this.folder = folder;
  }

  /**
   * Brings it into the cluster.
   *
   * @param git what is published
   * @param folder for the archives
   */
  static Flux install(Staging staging, GitRepository git, Path folder) {
    var cluster = staging.cluster();
    cluster.loadImage(Images.KUSTOMIZE_CONTROLLER);
    cluster.kubectl("apply", "--server-side", "-k", MANIFESTS + "flux");
    for (var workload : List.of("deployment/artifact-server", DEPLOYMENT)) {
      cluster.kubectl("-n", NAMESPACE, "rollout", "status", workload, "--timeout=180s");
    }
    return new Flux(staging, git, folder);
  }

  /** Asks for the GitRepository and the Kustomization of {@code gitops/sync.yaml}. */
  void apply() {
    staging.cluster().kubectl("apply", "-f", MANIFESTS + "sync.yaml");
  }

  /** Deletes the Kustomization and, by its finalizer, what it brought. */
  void delete() {
    kustomization().delete();
    org.awaitility.Awaitility.await("the Kustomization gone")
        .atMost(Staging.LONG)
        .until(() -> kustomization().get() == null);
  }

  /** Publishes a commit as the newest of the repository. */
  void publish(String commit) {
    var name = commit + ".tar.gz";
    var archive = folder.resolve(name);
    git.git("archive", "--format=tar.gz", "-o", archive.toString(), commit);
    var content = bytes(archive);
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "exec",
            "deployment/artifact-server",
            "--",
            "sh",
            "-c",
            "echo %s | base64 -d >/srv/artifacts/%s"
                .formatted(Base64.getEncoder().encodeToString(content), name));
    var artifact =
        Map.of(
            "revision",
            revision(commit),
            "digest",
            "sha256:" + digest(content),
            "lastUpdateTime",
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            "path",
            name,
            "size",
            content.length,
            "url",
            "http://artifact-server." + NAMESPACE + ".svc.cluster.local/" + name);
    staging
        .admin()
        .genericKubernetesResources("source.toolkit.fluxcd.io/v1", "GitRepository")
        .inNamespace(NAMESPACE)
        .withName(NAME)
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            Serialization.asJson(Map.of("status", Map.of("artifact", artifact))));
  }

  private static String revision(String commit) {
    return "main@sha1:" + commit;
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String digest(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Changes the Kustomization's spec by a merge. */
  void set(String field, String value) {
    patchKustomization("-p", "{\"spec\":{\"%s\":%s}}".formatted(field, value));
  }

  /** As docs/gitops.md says. */
  void setHealthCheckExpressions() {
    patchKustomization("--patch-file", "/workspace/manifests/flux/kustomization-patch.yaml");
  }

  private void patchKustomization(String option, String value) {
    staging
        .cluster()
        .kubectl("-n", NAMESPACE, "patch", "kustomization", NAME, "--type=merge", option, value);
  }

  /** Starts the controller with a feature that is off by default. */
  void enable(String feature) {
    var cluster = staging.cluster();
    cluster.kubectl(
        "-n",
        NAMESPACE,
        "patch",
        DEPLOYMENT,
        "--type=json",
        "-p",
        "[{\"op\":\"add\",\"path\":\"/spec/template/spec/containers/0/args/-\","
            + "\"value\":\"--feature-gates="
            + feature
            + "=true\"}]");
    cluster.kubectl("-n", NAMESPACE, "rollout", "status", DEPLOYMENT, "--timeout=180s");
  }

  Resource<GenericKubernetesResource> kustomization() {
    return staging
        .admin()
        .genericKubernetesResources("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
        .inNamespace(NAMESPACE)
        .withName(NAME);
  }

  /** Whether it says this of Ready, of the commit that it looked at last. */
  boolean is(String commit, String status, String reason) {
    var kustomization = kustomization().get();
    List<Map<String, Object>> conditions = kustomization.get("status", "conditions");
    return revision(commit).equals(kustomization.get("status", "lastAttemptedRevision"))
        && conditions.stream()
            .anyMatch(condition ->
                condition.get("type").equals("Ready")
                    && condition.get("status").equals(status)
                    && condition.get("reason").equals(reason));
  }

  /** What it says of the Kustomization. */
  String account() {
    return String.valueOf(kustomization().get().<Object>get("status"));
  }
}

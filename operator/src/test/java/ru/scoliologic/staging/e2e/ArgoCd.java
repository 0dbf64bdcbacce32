package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import ru.scoliologic.staging.throwaway.GitServer;
import ru.scoliologic.staging.throwaway.Images;

/** The real Argo CD as its core-install has it, with {@code manifests/argocd}. */
final class ArgoCd {
  static final String NAMESPACE = "argocd";
  static final String CONTROLLER =
      "system:serviceaccount:" + NAMESPACE + ":argocd-application-controller";

  private static final String MANIFESTS = "/workspace/operator/src/test/cluster/gitops/";
  private static final String NAME = "staging";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Staging staging;

  private ArgoCd(Staging staging) {
    this.staging = staging;
  }

  /** Brings it into the cluster and lets it read the Git server's repository. */
  static ArgoCd install(Staging staging) {
    var cluster = staging.cluster();
    cluster.loadImage(Images.ARGO_CD);
    cluster.kubectl("apply", "--server-side", "-k", MANIFESTS + "argocd");
    // As manifests/argocd/kustomization.yaml says.
    var taught =
        cluster.exec(
            "sh",
            "-c",
            "kubectl kustomize /workspace/manifests/argocd | kubectl -n argocd apply --server-side"
                + " --field-manager staging-operator-health -f -");
    assertThat(taught.exitCode()).as(taught.stderr()).isZero();
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withNamespace(NAMESPACE)
                .withName("repository")
                .addToLabels("argocd.argoproj.io/secret-type", "repository")
                .endMetadata()
                .withStringData(
                    Map.of(
                        "url",
                        "http://git-server.git-server.svc.cluster.local:8080/app.git",
                        "username",
                        GitServer.USER,
                        "password",
                        cluster.git().token()))
                .build())
        .serverSideApply();
    for (var workload :
        List.of(
            "deployment/argocd-redis",
            "deployment/argocd-repo-server",
            "statefulset/argocd-application-controller")) {
      cluster.kubectl("-n", NAMESPACE, "rollout", "status", workload, "--timeout=180s");
    }
    return new ArgoCd(staging);
  }

  /** Asks for the Application of {@code gitops/application.yaml}. */
  void apply() {
    staging.cluster().kubectl("apply", "-f", MANIFESTS + "application.yaml");
  }

  /** Deletes the Application and, by its finalizer, what it brought. */
  void delete() {
    application().delete();
    org.awaitility.Awaitility.await("the Application gone")
        .atMost(Staging.LONG)
        .until(() -> application().get() == null);
  }

  /** Has the branch looked at, as a webhook of a Git server would. */
  void refresh() {
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "annotate",
            "--overwrite",
            "application",
            NAME,
            "argocd.argoproj.io/refresh=normal");
  }

  /** Has the default project warn of objects that belong to no Application; null for no more. */
  void warnOfOrphans(String settings) {
    staging
        .cluster()
        .kubectl(
            "-n",
            NAMESPACE,
            "patch",
            "appproject",
            "default",
            "--type=merge",
            "-p",
            "{\"spec\":{\"orphanedResources\":%s}}".formatted(settings));
    refresh();
  }

  /** Types of what it has to say of the Application. */
  List<String> warnings() {
    List<Map<String, String>> conditions = application().get().get("status", "conditions");
    return conditions == null
        ? List.of()
        : conditions.stream().map(condition -> condition.get("type")).toList();
  }

  Resource<GenericKubernetesResource> application() {
    return staging
        .admin()
        .genericKubernetesResources("argoproj.io/v1alpha1", "Application")
        .inNamespace(NAMESPACE)
        .withName(NAME);
  }

  /** Whether a commit is what is there, in this health. */
  boolean is(String commit, String health) {
    var application = application().get();
    return "Synced".equals(application.get("status", "sync", "status"))
        && commit.equals(application.get("status", "sync", "revision"))
        && health.equals(application.get("status", "health", "status"));
  }

  /** What it says of the Application. */
  String account() {
    Map<String, Object> status = application().get().get("status");
    return status == null
        ? "nothing"
        : "sync %s, health %s, conditions %s, operation %s"
            .formatted(
                status.get("sync"),
                status.get("health"),
                status.get("conditions"),
                status.get("operationState"));
  }

  /** All objects that it shows below the Application, from where its server takes them. */
  List<JsonNode> tree() {
    var kept =
        staging
            .cluster()
            .kubectl(
                "-n",
                NAMESPACE,
                "exec",
                "deployment/argocd-redis",
                "-c",
                "redis",
                "--",
                "sh",
                "-c",
                // The client ends the value with a line break, which is no part of the archive.
                "export REDISCLI_AUTH=\"$REDIS_PASSWORD\"; key=$(redis-cli --raw keys"
                    + " 'app|resources-tree|"
                    + NAME
                    + "|*'); redis-cli --raw get \"$key\" | head -c -1 | gunzip");
    try {
      return StreamSupport.stream(JSON.readTree(kept).path("nodes").spliterator(), false).toList();
    } catch (IOException e) {
      throw new AssertionError("no tree: " + kept, e);
    }
  }
}

package ru.scoliologic.staging.throwaway;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;

/** The registry inside the cluster from which Ollama pulls models of a few hundred kilobytes. */
public final class ModelRegistry {
  /** As insecureRegistries has it: it speaks plain HTTP. */
  public static final String HOST = "model-registry.model-registry.svc:5000";

  private static final String NAMESPACE = "model-registry";

  private final ThrowawayCluster cluster;

  private ModelRegistry(ThrowawayCluster cluster) {
    this.cluster = cluster;
  }

  static ModelRegistry deploy(ThrowawayCluster cluster) {
    if (cluster.admin().namespaces().withName(NAMESPACE).get() == null) {
      cluster
          .admin()
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
          .create();
    }
    cluster.kubectl(
        "apply", "-f", "/workspace/operator/src/test/cluster/manifests/model-registry.yaml");
    cluster.kubectl(
        "-n", NAMESPACE, "rollout", "status", "deployment/model-registry", "--timeout=120s");
    return new ModelRegistry(cluster);
  }

  /** The name under which a model of the registry is pulled. */
  public static String model(String name) {
    return HOST + "/library/" + name;
  }

  /** Every request so far: method, path and, if given, the range of bytes. */
  public String requests() {
    return cluster.kubectl("-n", NAMESPACE, "logs", "deployment/model-registry", "--tail=-1");
  }
}

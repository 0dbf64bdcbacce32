package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.Map;
import ru.scoliologic.staging.cluster.model.ClusterFacts;

/**
 * The image of this process: the agents run the same one. It is read from the operator's own pod,
 * so that an installation under another image name changes only the pod.
 */
final class OperatorImage {
  private static final String CONTAINER = "operator";

  private OperatorImage() {}

  /**
   * Reads the image once.
   *
   * @param variables of the process: OPERATOR_IMAGE has the image; else POD_NAMESPACE and POD_NAME
   *     identify the pod; without them it is the image in the manifests
   */
  static String read(KubernetesClient client, Map<String, String> variables) {
    var given = variables.getOrDefault("OPERATOR_IMAGE", "");
    var namespace = variables.getOrDefault("POD_NAMESPACE", "");
    var name = variables.getOrDefault("POD_NAME", "");
    if (!given.isBlank()) {
      return given;
    }
    if (namespace.isBlank() || name.isBlank()) {
      return ClusterFacts.OPERATOR_IMAGE;
    }
    var pod = client.pods().inNamespace(namespace).withName(name).get();
    if (pod == null) {
      throw new IllegalStateException(
          "POD_NAMESPACE and POD_NAME name pod %s/%s, which does not exist: set OPERATOR_IMAGE"
              .formatted(namespace, name));
    }
    return pod.getSpec().getContainers().stream()
        .min(Comparator.comparing(container -> !CONTAINER.equals(container.getName())))
        .map(Container::getImage)
        .orElseThrow();
  }

  /** The namespace of the process, from POD_NAMESPACE. */
  static String namespace(Map<String, String> variables) {
    var given = variables.getOrDefault("POD_NAMESPACE", "");
    return given.isBlank() ? ClusterFacts.OPERATOR_NAMESPACE : given;
  }
}

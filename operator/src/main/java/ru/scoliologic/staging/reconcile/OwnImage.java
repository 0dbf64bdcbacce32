package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.Map;
import ru.scoliologic.staging.cluster.Surroundings;

/**
 * Which image this program runs: the agents run the same one. The operator's own pod says it, for
 * whoever installs it under another name changes the pod and nothing else.
 */
final class OwnImage {
  private static final String CONTAINER = "operator";

  private OwnImage() {}

  /**
   * Asks for it once.
   *
   * @param variables of the process: OPERATOR_IMAGE names it; else POD_NAMESPACE and POD_NAME say
   *     which pod is asked; without them it is the one that the manifests name
   */
  static String read(KubernetesClient client, Map<String, String> variables) {
    var given = variables.getOrDefault("OPERATOR_IMAGE", "");
    var namespace = variables.getOrDefault("POD_NAMESPACE", "");
    var name = variables.getOrDefault("POD_NAME", "");
    if (!given.isBlank()) {
      return given;
    }
    if (namespace.isBlank() || name.isBlank()) {
      return Surroundings.OPERATOR_IMAGE;
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
}

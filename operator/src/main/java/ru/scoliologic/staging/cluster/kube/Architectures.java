package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSystemInfo;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import ru.scoliologic.staging.stage.Reason;

/**
 * Finds out whether a program that a node cannot run might run on another node. Only the kernel's
 * message shows it: the kubelet pulls an image of any architecture.
 */
public final class Architectures {
  /** The kernel's message for ENOEXEC. */
  private static final String NOT_A_PROGRAM = "exec format error";

  private Architectures() {}

  /** Adds the cause to the diagnosis when the container's last output is the kernel's message. */
  public static PodDiagnosis explain(PodDiagnosis trouble, List<Pod> pods, List<Node> nodes) {
    if (trouble.reason() != Reason.CONTAINER_CRASHING
        || !trouble.message().contains(NOT_A_PROGRAM)) {
      return trouble;
    }
    var known = new TreeSet<String>();
    nodes.forEach(node -> of(node).ifPresent(known::add));
    var its = ofThe(pods, nodes);
    if (known.size() < 2) {
      return new PodDiagnosis(
          Reason.CONTAINER_CRASHING,
          "%s; the image is not for %s, or its entry point is a script without #! in its first line"
              .formatted(trouble.message(), its.orElse("this node")));
    }
    return new PodDiagnosis(
        Reason.OTHER_ARCHITECTURE,
        "%s; its node is %s, and the cluster has nodes of %s: choose those that the image is built for with nodeSelector {kubernetes.io/arch: ...}, or build it for both"
            .formatted(
                trouble.message(),
                its.orElse("of another architecture"),
                String.join(" and ", known)));
  }

  private static Optional<String> ofThe(List<Pod> pods, List<Node> nodes) {
    return pods.stream()
        .map(pod -> pod.getSpec() == null ? null : pod.getSpec().getNodeName())
        .filter(Objects::nonNull)
        .flatMap(name -> nodes.stream().filter(node -> node.getMetadata().getName().equals(name)))
        .flatMap(node -> of(node).stream())
        .findFirst();
  }

  private static Optional<String> of(Node node) {
    return Optional.ofNullable(node.getStatus())
        .map(status -> status.getNodeInfo())
        .map(NodeSystemInfo::getArchitecture);
  }
}

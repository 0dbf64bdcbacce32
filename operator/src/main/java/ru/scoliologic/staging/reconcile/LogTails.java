package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The last lines of containers, read once for each run of theirs. Lines that cannot be read are
 * asked for again at the next pass, and until then those of the run before stand in for them.
 */
final class LogTails {
  private static final int LINES = 12;

  /** Pods whose lines are kept in memory; beyond, they are simply read again. */
  private static final int MAX_PODS = 200;

  /** How a kubelet answers instead of a log, without an error, when the container is gone. */
  private static final String GONE = "unable to retrieve container logs for ";

  private record Tail(String run, String lines) {
    static final Tail NONE = new Tail("", "");
  }

  private final KubernetesClient client;
  private final Map<String, Tail> tails = new ConcurrentHashMap<>();

  LogTails(KubernetesClient client) {
    this.client = client;
  }

  /** The lines of a container that crashed. */
  String ofCrash(Pod pod) {
    return of(pod, "crash", runs(pod));
  }

  /** The lines of a container that is not ready in time. */
  String ofLate(Pod pod) {
    return of(pod, "late", false);
  }

  /** Whether that is a container's log, and not the kubelet's word that there is none. */
  static boolean isLog(String answer) {
    return !answer.startsWith(GONE);
  }

  private String of(Pod pod, String why, boolean before) {
    var uid = pod.getMetadata().getUid();
    var run = why + restarts(pod);
    if (!tails.getOrDefault(uid, Tail.NONE).run().equals(run)) {
      if (tails.size() > MAX_PODS) {
        tails.clear();
      }
      read(pod, before).ifPresent(lines -> tails.put(uid, new Tail(run, lines)));
    }
    return tails.getOrDefault(uid, Tail.NONE).lines();
  }

  private static int restarts(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream().mapToInt(c -> c.getRestartCount()).sum();
  }

  private static boolean runs(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream()
        .anyMatch(c -> c.getState() != null && c.getState().getRunning() != null);
  }

  /**
   * Empty when it cannot be read now.
   *
   * @param before whether of the run before the present one
   */
  private Optional<String> read(Pod pod, boolean before) {
    try {
      var container =
          client
              .pods()
              .inNamespace(pod.getMetadata().getNamespace())
              .withName(pod.getMetadata().getName())
              .inContainer(pod.getSpec().getContainers().getFirst().getName());
      var answer =
          before
              ? container.terminated().tailingLines(LINES).getLog()
              : container.tailingLines(LINES).getLog();
      return Optional.of(answer).filter(LogTails::isLog);
    } catch (KubernetesClientException e) {
      return Optional.empty();
    }
  }
}

package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.PodDiagnosis;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

/**
 * Log excerpts of containers, read once for each run, and repeatedly while a container starts. A
 * log that cannot be read is requested again at the next pass; until then the excerpt of the
 * previous run is used. Only the excerpt is kept.
 */
public final class LogTails {
  /** How many lines are read; fewer where they are too long together. */
  private static final List<Integer> LINES = List.of(1_000, 200, 40, 8);

  private static final int MAX_BYTES = 512 * 1024;

  /** A starting container reports no trouble at once. */
  private static final Duration FIRST_LOOK = Duration.ofSeconds(3);

  private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  /** The interval is this fraction of the time since the container started. */
  private static final int PART = 6;

  /** The kubelet's answer, without an error, when the container is gone. */
  private static final String GONE = "unable to retrieve container logs for ";

  private record Tail(String run, Instant readAt, ProgramLog log) {
    static final Tail NONE = new Tail("", Instant.EPOCH, ProgramLog.NONE);
  }

  private static final int TIMEOUT_MILLIS = 3_000;

  private final KubernetesClient client;

  /** By the uid of the pod. */
  private final EnvironmentMemories.Slot<Map<String, Tail>> tails;

  LogTails(KubernetesClient client, EnvironmentMemories memories) {
    this.tails = memories.slot();
    // A node that is gone does not answer, or repeatedly answers 500: no pass waits for that.
    this.client =
        client
            .newClient(
                new RequestConfigBuilder()
                    .withRequestRetryBackoffLimit(0)
                    .withRequestTimeout(TIMEOUT_MILLIS)
                    .build())
            .adapt(KubernetesClient.class);
  }

  /** The log of a container that crashed. */
  ProgramLog ofCrash(String environment, Pod pod, SecretMasker masking) {
    var run = "crash" + restarts(pod);
    return of(known(environment), pod, run, Instant.EPOCH, runs(pod), masking);
  }

  /** The log of a container that is not ready in time. */
  ProgramLog ofLate(String environment, Pod pod, SecretMasker masking) {
    return of(known(environment), pod, "late" + restarts(pod), Instant.EPOCH, false, masking);
  }

  /** The log of a container that runs and is not ready, read at growing intervals. */
  ProgramLog ofStart(String environment, Pod pod, SecretMasker masking, Instant now) {
    var known = known(environment);
    var started = PodDiagnosis.startedAt(pod).orElse(now);
    var run = "start" + restarts(pod);
    var last = known.getOrDefault(pod.getMetadata().getUid(), Tail.NONE);
    boolean due =
        last.run().equals(run)
            ? !now.isBefore(last.readAt().plus(pause(started, last.readAt())))
            : !now.isBefore(started.plus(FIRST_LOOK));
    if (due) {
      return of(known, pod, run, now, false, masking);
    }
    return last.run().equals(run) ? last.log() : ProgramLog.NONE;
  }

  /** Forgets the pods of an environment that are gone. */
  void forgetAllBut(String environment, List<Pod> pods) {
    tails
        .find(environment)
        .ifPresent(known ->
            known
                .keySet()
                .retainAll(pods.stream().map(pod -> pod.getMetadata().getUid()).toList()));
  }

  private Map<String, Tail> known(String environment) {
    return tails.get(environment, ConcurrentHashMap::new);
  }

  /** The end of the log of a container's present run, read at each call. */
  Optional<String> end(Pod pod, SecretMasker masking) {
    return read(pod, false).map(masking::mask);
  }

  private static Duration pause(Instant started, Instant readAt) {
    var part = Duration.between(started, readAt).dividedBy(PART);
    return part.compareTo(SHORTEST_PAUSE) < 0
        ? SHORTEST_PAUSE
        : part.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : part;
  }

  /** Whether the answer is a container's log, not the kubelet's message that there is none. */
  public static boolean isLog(String answer) {
    return !answer.startsWith(GONE);
  }

  /**
   * Reads a log unless it was read before.
   *
   * @param now changes when the log must be read again
   */
  private ProgramLog of(
      Map<String, Tail> known,
      Pod pod,
      String run,
      Instant now,
      boolean before,
      SecretMasker masking) {
    var uid = pod.getMetadata().getUid();
    var last = known.getOrDefault(uid, Tail.NONE);
    if (!last.run().equals(run) || last.readAt().isBefore(now)) {
      var component = pod.getMetadata().getLabels().getOrDefault(Labels.COMPONENT, "");
      read(pod, before)
          .map(masking::mask)
          .ifPresent(lines -> known.put(uid, new Tail(run, now, ProgramLog.of(lines, component))));
    }
    return known.getOrDefault(uid, last).log();
  }

  private static int restarts(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream().mapToInt(c -> c.getRestartCount()).sum();
  }

  private static boolean runs(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream()
        .anyMatch(c -> c.getState() != null && c.getState().getRunning() != null);
  }

  /**
   * The end of the log; empty when it cannot be read now.
   *
   * @param before whether to read the previous run
   */
  private Optional<String> read(Pod pod, boolean before) {
    try {
      for (int lines : LINES) {
        var answer = read(pod, before, lines);
        if (!isLog(answer)) {
          return Optional.empty();
        }
        if (answer.getBytes(StandardCharsets.UTF_8).length < MAX_BYTES) {
          return Optional.of(answer);
        }
        if (lines == LINES.getLast()) {
          // A line cut in the middle may end with part of a secret, which cannot be masked.
          return Optional.of(answer.substring(0, answer.lastIndexOf('\n') + 1));
        }
      }
      return Optional.empty();
    } catch (KubernetesClientException e) {
      return Optional.empty();
    }
  }

  /** A limit in bytes cuts off the end, which matters most: so fewer lines are requested then. */
  private String read(Pod pod, boolean before, int lines) {
    var answer =
        client.raw(
            "/api/v1/namespaces/%s/pods/%s/log?container=%s&previous=%s&tailLines=%d&limitBytes=%d"
                .formatted(
                    pod.getMetadata().getNamespace(),
                    pod.getMetadata().getName(),
                    pod.getSpec().getContainers().getFirst().getName(),
                    before,
                    lines,
                    MAX_BYTES));
    return answer == null ? GONE : answer;
  }
}

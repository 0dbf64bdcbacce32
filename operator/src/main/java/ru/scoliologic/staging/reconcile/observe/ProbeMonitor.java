package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.HealthAnswer;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.kube.ProbeFindings;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.validation.PodHealth;

/**
 * Reads the health-check results of pods that run and are not ready: from the node's events, and
 * for the application by a request to it, outside the passes and one at a time for each pod.
 */
public final class ProbeMonitor {
  /** A closed port counts only after a process has had this much time. */
  private static final Duration USUAL = Duration.ofSeconds(4);

  private static final Duration FRESH = Duration.ofSeconds(3);

  /** Observed pods of one environment, which bounds the cost. */
  private static final int MAX_PODS = 8;

  private static final int MAX_ASKED = 2;

  /** An entry that was not used for this long is dropped. */
  private static final Duration KEPT = Duration.ofMinutes(10);

  private static final Logger LOG = LoggerFactory.getLogger(ProbeMonitor.class);
  private static final Set<String> OF_PROBES = Set.of("Unhealthy", "ProbeWarning");

  private final KubernetesClient client;
  private final Asking asking;
  private final Executor beside;

  /** By the uid of the pod. */
  private final EnvironmentMemories.Slot<Map<String, Found>> found;

  @FunctionalInterface
  interface Asking {
    PodHealth.Answer ask(String address, HealthCheck check) throws IOException;
  }

  public ProbeMonitor(KubernetesClient client, EnvironmentMemories memories) {
    this(client, PodHealth::ask, task -> Thread.ofVirtual().start(task), memories);
  }

  /**
   * Uses another way to send the requests.
   *
   * @param beside runs long work
   */
  ProbeMonitor(
      KubernetesClient client, Asking asking, Executor beside, EnvironmentMemories memories) {
    this.client = client;
    this.asking = asking;
    this.beside = beside;
    this.found = memories.slot();
  }

  /** The snapshot with the health-check results among its warnings. */
  public Snapshot look(Snapshot snapshot, SecretMasker masking) {
    var now = snapshot.now();
    var known = found.get(snapshot.environment().getMetadata().getUid(), ConcurrentHashMap::new);
    known.values().removeIf(last -> last.looked.plus(KEPT).isBefore(now));
    var unready =
        snapshot.pods().stream()
            .filter(pod -> !pod.isMarkedForDeletion() && pod.getStatus() != null)
            .filter(pod -> !PodStatuses.isReady(pod) && lastStarted(pod).isPresent())
            .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
            .limit(MAX_PODS)
            .toList();
    if (unready.isEmpty()) {
      return snapshot;
    }
    var answer = new HealthAnswer(HealthCheck.of(snapshot.environment()), masking);
    var words = new HashMap<String, String>();
    int asked = 0;
    for (var pod : unready) {
      var last = known.computeIfAbsent(pod.getMetadata().getUid(), uid -> new Found());
      last.looked = now;
      boolean app = ComponentName.APP.owns(pod);
      var runs = runningSince(pod);
      if (app && answer.check().byHttp() && runs.isPresent() && asked++ < MAX_ASKED) {
        ask(pod, runs.get(), last, answer, now);
      }
      if (last.said.isEmpty() && runs.filter(since -> settled(since, now)).isPresent()) {
        read(pod, last, app ? Optional.of(answer) : Optional.empty(), masking, now);
      }
      last.words().ifPresent(text -> words.put(Applier.key(pod), text));
    }
    return words.isEmpty() ? snapshot : snapshot.amid(snapshot.surroundings().withWarnings(words));
  }

  private static boolean settled(Instant since, Instant now) {
    return !now.isBefore(since.plus(USUAL));
  }

  /** The next pass reports the answer. */
  private void ask(Pod pod, Instant since, Found last, HealthAnswer answer, Instant now) {
    if (pod.getStatus().getPodIP() == null || last.asks || now.isBefore(last.asked.plus(FRESH))) {
      return;
    }
    last.asks = true;
    last.asked = now;
    var address = pod.getStatus().getPodIP();
    beside.execute(() -> {
      try {
        var heard = asking.ask(address, answer.check());
        last.hears(
            heard.status() + " " + heard.location(),
            answer.problem(heard.status(), heard.location(), heard.body()),
            answer.check().path());
      } catch (IOException e) {
        if (settled(since, now)) {
          last.fails(e.getClass().getName(), answer.problem(e), answer.check().path());
        }
      } finally {
        last.asks = false;
      }
    });
  }

  /** The node's message, where the application itself gave no answer. */
  private void read(
      Pod pod, Found last, Optional<HealthAnswer> asked, SecretMasker masking, Instant now) {
    if (now.isBefore(last.read.plus(FRESH))) {
      return;
    }
    last.read = now;
    try {
      last.event =
          client
              .v1()
              .events()
              .inNamespace(pod.getMetadata().getNamespace())
              .list(
                  new ListOptionsBuilder()
                      .withFieldSelector("involvedObject.uid=" + pod.getMetadata().getUid())
                      .build())
              .getItems()
              .stream()
              .filter(event -> OF_PROBES.contains(event.getReason()))
              .max(Comparator.comparing(ProbeMonitor::time))
              .map(Event::getMessage)
              .map(message -> ProbeFindings.ofEvent(message, asked, masking));
    } catch (KubernetesClientException e) {
      // The last message still holds; nothing else is delayed.
      LOG.atDebug().addKeyValue("code", e.getCode()).log("a pod's events could not be read");
    }
  }

  private static String time(Event event) {
    return Stream.of(event.getLastTimestamp(), event.getMetadata().getCreationTimestamp())
        .filter(Objects::nonNull)
        .findFirst()
        .orElse("");
  }

  private static Optional<Instant> runningSince(Pod pod) {
    return containers(pod)
        .map(ContainerStatus::getState)
        .filter(state -> state != null && state.getRunning() != null)
        .map(state -> state.getRunning())
        .map(ContainerStateRunning::getStartedAt)
        .filter(Objects::nonNull)
        .map(Instant::parse)
        .max(Comparator.naturalOrder());
  }

  /** Also of a container that has ended: its results still explain why the pod is not ready. */
  private static Optional<Instant> lastStarted(Pod pod) {
    return Stream.concat(
            runningSince(pod).stream(),
            containers(pod)
                .flatMap(PodStatuses::ends)
                .map(end -> end.getStartedAt())
                .filter(Objects::nonNull)
                .map(Instant::parse))
        .max(Comparator.naturalOrder());
  }

  private static Stream<ContainerStatus> containers(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream();
  }

  /** The state of one pod; written by passes and by the answers. */
  private static final class Found {
    private volatile Instant looked = Instant.EPOCH;
    private volatile Instant asked = Instant.EPOCH;
    private volatile Instant read = Instant.EPOCH;
    private volatile boolean asks;
    private volatile String kind = "";

    /** The application's own answer, with its body. */
    private volatile Optional<String> said = Optional.empty();

    /** Why the request failed. */
    private volatile Optional<String> failed = Optional.empty();

    private volatile Optional<String> event = Optional.empty();

    /** A body may differ each time: the report changes with the kind only. */
    private void hears(String what, Optional<String> problem, String path) {
      failed = Optional.empty();
      if (problem.isEmpty()) {
        event = Optional.empty();
      }
      if (!what.equals(kind) || problem.isEmpty()) {
        said = problem.map(text -> "its health check, GET %s, %s".formatted(path, text));
      }
      kind = what;
    }

    private void fails(String what, String problem, String path) {
      said = Optional.empty();
      if (failed.isEmpty() || !what.equals(kind)) {
        failed = Optional.of("its health check, GET %s, %s".formatted(path, problem));
      }
      kind = what;
    }

    private Optional<String> words() {
      return said.or(() -> event).or(() -> failed);
    }
  }
}

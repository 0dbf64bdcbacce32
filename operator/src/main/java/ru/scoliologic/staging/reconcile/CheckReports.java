package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.validation.ContainerChecks;
import ru.scoliologic.staging.validation.JUnitReport;

/** Reads the reports that Jobs left in their logs, each once; only what was read of it is kept. */
final class CheckReports {
  private static final int MAX_LOG_BYTES = 1 << 20;
  private static final int BAD_REQUEST = 400;
  private static final int NOT_FOUND = 404;
  private static final String NO_LOG = "it has no log";

  private final KubernetesClient client;
  private final Map<String, Map<String, JUnitReport>> known = new ConcurrentHashMap<>();

  CheckReports(KubernetesClient client) {
    this.client = client;
  }

  /** The reports of Jobs that ended, by the Job's name; none of one whose pod is gone. */
  Map<String, JUnitReport> of(Snapshot snapshot, List<Job> ended, Masking masking) {
    var uid = snapshot.environment().getMetadata().getUid();
    var before = known.getOrDefault(uid, Map.of());
    var reports = new HashMap<String, JUnitReport>();
    for (var job : ended) {
      var name = job.getMetadata().getName();
      if (before.containsKey(name)) {
        reports.put(name, before.get(name));
      } else {
        ContainerChecks.pods(snapshot, job).stream()
            .findFirst()
            .ifPresent(pod ->
                reports.put(
                    name,
                    read(pod.getMetadata().getNamespace(), pod.getMetadata().getName(), masking)));
      }
    }
    known.put(uid, Map.copyOf(reports));
    return reports;
  }

  private JUnitReport read(String namespace, String pod, Masking masking) {
    try {
      var log =
          client
              .pods()
              .inNamespace(namespace)
              .withName(pod)
              .inContainer(ContainerChecks.COMPONENT)
              .limitBytes(MAX_LOG_BYTES)
              .getLog();
      if (!LogTails.isLog(log)) {
        return JUnitReport.unreadable(NO_LOG);
      }
      return log.getBytes(StandardCharsets.UTF_8).length >= MAX_LOG_BYTES
          ? JUnitReport.unreadable("its log is longer than %d bytes".formatted(MAX_LOG_BYTES))
          : JUnitReport.of(log, masking::mask);
    } catch (KubernetesClientException e) {
      if (e.getCode() == BAD_REQUEST || e.getCode() == NOT_FOUND) {
        return JUnitReport.unreadable(NO_LOG);
      }
      throw e;
    }
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    known.keySet().retainAll(uids);
  }
}

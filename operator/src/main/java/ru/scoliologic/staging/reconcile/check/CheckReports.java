package ru.scoliologic.staging.reconcile.check;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.observe.LogTails;
import ru.scoliologic.staging.validation.ContainerChecks;
import ru.scoliologic.staging.validation.JUnitReport;

/** Reads the reports in the logs of Jobs, each once; only the parsed report is kept. */
public final class CheckReports {
  private static final int MAX_LOG_BYTES = 1 << 20;
  private static final int BAD_REQUEST = 400;
  private static final int NOT_FOUND = 404;
  private static final String NO_LOG = "it has no log";

  private final KubernetesClient client;
  private final EnvironmentMemories.Slot<Map<String, JUnitReport>> known;

  public CheckReports(KubernetesClient client, EnvironmentMemories memories) {
    this.client = client;
    this.known = memories.slot();
  }

  /** The reports of ended Jobs, by the Job's name; a Job whose pod is gone has none. */
  public Map<String, JUnitReport> of(Snapshot snapshot, List<Job> ended, SecretMasker masking) {
    var uid = snapshot.environment().getMetadata().getUid();
    var before = known.find(uid).orElse(Map.of());
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

  private JUnitReport read(String namespace, String pod, SecretMasker masking) {
    try {
      var log =
          client
              .pods()
              .inNamespace(namespace)
              .withName(pod)
              .inContainer(ComponentName.CHECK.label())
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
}

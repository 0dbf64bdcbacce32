package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * The last result of the health checks of a component's pods.
 *
 * @param words the end of a sentence about the component; empty while unknown
 */
public record ProbeFindings(Optional<String> words) {
  private static final Pattern WHICH = Pattern.compile("^\\w+ probe (failed|warning|errored): ?");
  private static final Pattern STATUS = Pattern.compile("statuscode: (\\d{3})");
  private static final Pattern SLOW =
      Pattern.compile("deadline exceeded|timed out|i/o timeout|Timeout exceeded");
  private static final int MAX_WORDS = 200;

  /** The finding of the first pod that has one. */
  public static ProbeFindings of(Snapshot snapshot, List<Pod> pods) {
    var warnings = snapshot.surroundings().reports().warnings();
    return new ProbeFindings(
        pods.stream()
            .filter(pod -> !PodStatuses.isReady(pod))
            .flatMap(pod -> Optional.ofNullable(warnings.get(Applier.key(pod))).stream())
            .findFirst());
  }

  /** Status of a component that is within its deadline. */
  public String starting() {
    return words
        .map(found -> ComponentHealth.STARTING + "; " + found)
        .orElse(ComponentHealth.STARTING);
  }

  /** The diagnosis, preceded by the finding. */
  public PodDiagnosis before(PodDiagnosis trouble) {
    return switch (trouble.reason()) {
      case NOT_HEALTHY, DEADLINE_EXCEEDED ->
          words
              .map(found -> new PodDiagnosis(trouble.reason(), found + "; " + trouble.message()))
              .orElse(trouble);
      default -> trouble;
    };
  }

  /**
   * Describes the node's event about a failed probe.
   *
   * @param message of the event
   * @param asked the application's check; empty for another component
   * @param masking masks secret values in the output of a command
   */
  public static String ofEvent(String message, Optional<HealthAnswer> asked, SecretMasker masking) {
    var said = WHICH.matcher(masking.mask(message)).replaceFirst("").strip();
    var status = STATUS.matcher(said);
    if (status.find()) {
      return "its health check found status " + status.group(1);
    }
    if (said.contains("connection refused")) {
      return "its health check "
          + asked.map(HealthAnswer::refused).orElse("found its port refusing connections");
    }
    if (SLOW.matcher(said).find()) {
      return "its health check found no answer in time";
    }
    if (said.isEmpty()) {
      return "its health check failed without output";
    }
    var line = said.replaceAll("[\\p{Cntrl}\\s]+", " ");
    return "its health check says: "
        + (line.length() <= MAX_WORDS ? line : line.substring(0, MAX_WORDS) + "…");
  }
}

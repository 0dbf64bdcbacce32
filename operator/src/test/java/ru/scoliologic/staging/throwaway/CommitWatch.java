package ru.scoliologic.staging.throwaway;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Tells how a commit fares, step after step, until it is verified. */
final class CommitWatch {
  private static final Duration LIMIT = Duration.ofMinutes(15);
  private static final ResourceDefinitionContext RELEASES =
      new ResourceDefinitionContext.Builder()
          .withGroup("staging.scoliologic.ru")
          .withVersion("v1alpha1")
          .withKind("StagingRelease")
          .withPlural("stagingreleases")
          .withNamespaced(true)
          .build();

  /** Keys of status.timings and what they mean to a reader, in their order. */
  private static final Map<String, String> STEPS = new LinkedHashMap<>();

  static {
    STEPS.put("asked", "seen on the branch");
    STEPS.put("built", "built");
    STEPS.put("pushed", "pushed to the registry");
    STEPS.put("available", "up beside the serving version");
    STEPS.put("switched", "switched to");
    STEPS.put("verified", "verified");
  }

  private final ThrowawayCluster cluster;
  private final String namespace;

  CommitWatch(ThrowawayCluster cluster, String namespace) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /**
   * Waits until the commit is verified and prints each step as it is reached.
   *
   * @param since from when the seconds count
   */
  void untilVerified(String commit, Instant since) {
    var told = new LinkedHashMap<String, String>();
    try {
      Awaitility.await("commit " + commit + " verified")
          .atMost(LIMIT)
          .pollInterval(Duration.ofMillis(500))
          .until(() -> release(commit).map(r -> tell(r, since, told)).orElse(false));
    } catch (ConditionTimeoutException e) {
      System.out.print(cluster.kubectl("get", "stenv,strel,pods,events", "-n", namespace));
      throw new ClusterException(
          "commit %s is not verified after %d min: %s"
              .formatted(
                  shortened(commit),
                  LIMIT.toMinutes(),
                  release(commit).map(CommitWatch::message).orElse("it was not seen")),
          e);
    }
  }

  static String shortened(String commit) {
    return commit.substring(0, 8);
  }

  private Optional<GenericKubernetesResource> release(String commit) {
    return cluster
        .admin()
        .genericKubernetesResources(RELEASES)
        .inNamespace(namespace)
        .list()
        .getItems()
        .stream()
        .filter(release -> commit.equals(release.get("spec", "commit", "hash")))
        .findFirst();
  }

  private static String message(GenericKubernetesResource release) {
    return Objects.toString(release.get("status", "message"), "");
  }

  /** Prints the steps that are new and says whether the last one is reached. */
  private static boolean tell(
      GenericKubernetesResource release, Instant since, Map<String, String> told) {
    Map<String, Object> timings = release.get("status", "timings");
    STEPS.forEach((step, words) -> {
      var at = timings == null ? null : timings.get(step);
      if (at != null && told.put(step, words) == null) {
        double seconds = Duration.between(since, Instant.parse(at.toString())).toMillis() / 1000.0;
        System.out.printf(Locale.ROOT, "  %6.1f s  %s%n", Math.max(0, seconds), words);
      }
    });
    var state = Objects.toString(release.get("status", "state"), "");
    if (List.of("Failed", "Superseded").contains(state)) {
      throw new ClusterException(
          "release %s is %s: %s".formatted(release.getMetadata().getName(), state, message(release)));
    }
    return told.containsKey("verified");
  }
}

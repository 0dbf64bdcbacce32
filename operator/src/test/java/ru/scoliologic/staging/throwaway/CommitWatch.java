package ru.scoliologic.staging.throwaway;

import static java.time.temporal.ChronoUnit.SECONDS;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Tells how a commit fares, step after step, until it is verified. */
final class CommitWatch {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final ResourceDefinitionContext RELEASES =
      new ResourceDefinitionContext.Builder()
          .withGroup("staging.scoliologic.ru")
          .withVersion("v1alpha1")
          .withKind("StagingRelease")
          .withPlural("stagingreleases")
          .withNamespaced(true)
          .build();

  /** A key of status.timings and what it means to a reader. */
  private record Step(String key, String words) {}

  private static final List<Step> STEPS =
      List.of(
          new Step("asked", "seen on the branch"),
          new Step("built", "built"),
          new Step("pushed", "pushed to the registry"),
          new Step("available", "up beside the serving version"),
          new Step("switched", "gets the traffic"),
          new Step("verified", "verified"));

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
    var told = new HashSet<String>();
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

  /** Whether the commit was verified some time ago. */
  boolean isVerified(String commit) {
    return release(commit).map(r -> r.get("status", "timings", "verified")).isPresent();
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
  private static boolean tell(GenericKubernetesResource release, Instant since, Set<String> told) {
    Map<String, Object> timings = release.get("status", "timings");
    STEPS.forEach(step -> {
      var at = timings == null ? null : timings.get(step.key());
      if (at != null && told.add(step.key())) {
        // Times of the status are whole seconds.
        long seconds =
            Duration.between(since.truncatedTo(SECONDS), Instant.parse(at.toString())).toSeconds();
        System.out.printf("  %6s  %s%n", seconds < 0 ? "before" : seconds + " s", step.words());
      }
    });
    if ("Failed".equals(release.get("status", "state"))) {
      throw new ClusterException(
          "release %s is Failed: %s".formatted(release.getMetadata().getName(), message(release)));
    }
    return told.contains("verified");
  }
}

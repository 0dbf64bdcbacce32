package ru.scoliologic.staging.reconcile.check;

import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Adds the NetworkPolicies that may be the cause to a stage's result. They are listed only on
 * failure and never watched: most do not belong to the operator.
 */
public final class DeniedTrafficExplainer {
  private static final Duration FRESH = Duration.ofSeconds(10);

  private final Function<String, List<NetworkPolicy>> policies;
  private final Clock clock;
  private final Map<String, Listed> listed = new ConcurrentHashMap<>();

  /**
   * Explains results by the policies of one cluster.
   *
   * @param policies all that are in a namespace
   */
  public DeniedTrafficExplainer(Function<String, List<NetworkPolicy>> policies, Clock clock) {
    this.policies = policies;
    this.clock = clock;
  }

  /** The results; a failed one names the policies that may be the cause. */
  public Map<Stage, StageResult> explain(
      Map<Stage, StageResult> results, Snapshot snapshot, List<ComponentHealth> components) {
    removeOutdated();
    var explained = new EnumMap<Stage, StageResult>(Stage.class);
    explained.putAll(results);
    explained.replaceAll((stage, result) -> {
      var suspects = DeniedTraffic.suspects(stage, result, components);
      return suspects.isEmpty()
          ? result
          : DeniedTraffic.explain(result, suspects, snapshot, of(snapshot.namespace()));
    });
    return explained;
  }

  /** The same for a version that starts beside the serving one. */
  public StageResult explain(StageResult candidate, Snapshot snapshot, Plan plan) {
    removeOutdated();
    return DeniedTraffic.suspect(candidate, snapshot, plan)
        .map(suspect ->
            DeniedTraffic.explain(
                candidate,
                List.of(suspect),
                pods(snapshot, plan, suspect),
                of(snapshot.namespace())))
        .orElse(candidate);
  }

  /** The snapshot with only the candidate's pods: policies may allow those of other versions. */
  private static Snapshot pods(Snapshot snapshot, Plan plan, ComponentName suspect) {
    return plan.rollout()
        .candidate()
        .filter(version -> suspect == ComponentName.APP)
        .map(version -> snapshot.ofVersion(suspect, version.id()))
        .orElse(snapshot);
  }

  private List<NetworkPolicy> of(String namespace) {
    var now = clock.instant();
    return listed
        .computeIfAbsent(namespace, name -> new Listed(now, policies.apply(name)))
        .policies();
  }

  /** In every pass, so that a namespace that needs no explanation any more takes no memory. */
  private void removeOutdated() {
    var now = clock.instant();
    listed.values().removeIf(last -> !now.isBefore(last.at().plus(FRESH)));
  }

  private record Listed(Instant at, List<NetworkPolicy> policies) {}
}

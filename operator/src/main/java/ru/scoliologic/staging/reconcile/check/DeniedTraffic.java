package ru.scoliologic.staging.reconcile.check;

import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.cluster.kube.ForeignPolicies;
import ru.scoliologic.staging.cluster.kube.ForeignPolicies.Denial;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.plan.ComponentModules;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Finds the NetworkPolicies that block a stage: a denied lookup or connection fails like one of a
 * wrong name, or of a host that is down.
 */
final class DeniedTraffic {
  private static final Set<Reason> OF_A_PROCESS =
      EnumSet.of(
          Reason.COMPONENTS_STARTING,
          Reason.CONTAINER_CRASHING,
          Reason.NOT_HEALTHY,
          Reason.DEADLINE_EXCEEDED,
          Reason.MODEL_PULL_FAILED);

  private static final Set<Reason> OF_A_CANDIDATE =
      EnumSet.of(Reason.CANDIDATE_STARTING, Reason.CANDIDATE_FAILED);

  private static final Set<Reason> OF_A_MIGRATION =
      EnumSet.of(Reason.MIGRATION_RUNNING, Reason.MIGRATION_FAILED);

  /** Reasons found through the ingress. */
  private static final Set<Reason> OF_THE_WAY =
      EnumSet.of(Reason.CERTIFICATE_NOT_ISSUED, Reason.CERTIFICATE_REFUSED, Reason.CHECKS_FAILED);

  private static final Set<Reason> OF_THE_AGENT =
      EnumSet.of(Reason.AGENT_STARTING, Reason.REPOSITORY_UNREACHABLE, Reason.GIT_FAILED);

  private DeniedTraffic() {}

  /** Components whose traffic may be the cause; empty where it cannot be. */
  static List<ComponentName> suspects(
      Stage stage, StageResult result, List<ComponentHealth> components) {
    var reason = result.reason();
    if (result.isReady()) {
      return List.of();
    }
    if (OF_THE_AGENT.contains(reason) || (stage == Stage.GITOPS && OF_A_PROCESS.contains(reason))) {
      return List.of(ComponentName.AGENT);
    }
    if (OF_THE_WAY.contains(reason)) {
      return List.of(ComponentName.TRAEFIK, ComponentName.APP);
    }
    if (OF_A_MIGRATION.contains(reason)) {
      return List.of(ComponentName.MIGRATION);
    }
    return OF_A_PROCESS.contains(reason)
        ? components.stream().filter(c -> !c.ready()).map(ComponentHealth::name).toList()
        : List.of();
  }

  /**
   * The component of a version that starts beside the serving one: its migration, or its own pods.
   * Empty for a failed version: its message names the policies of that time.
   */
  static Optional<ComponentName> suspect(StageResult candidate, Snapshot snapshot, Plan plan) {
    if (candidate.isReady() || candidate instanceof StageResult.Stalled) {
      return Optional.empty();
    }
    if (plan.migration().result().isPresent()) {
      return Optional.of(ComponentName.MIGRATION);
    }
    return plan.rollout()
        .candidate()
        .filter(version ->
            candidate.reason() == Reason.CHECKS_FAILED
                || (OF_A_CANDIDATE.contains(candidate.reason())
                    && isOfAProcess(AppResources.observe(snapshot, version).reason())))
        .map(version -> ComponentName.APP);
  }

  private static boolean isOfAProcess(Reason found) {
    return found == null || OF_A_PROCESS.contains(found);
  }

  /**
   * The result with the policies that deny traffic which these components need.
   *
   * @param policies all of the namespace
   */
  static StageResult explain(
      StageResult result,
      List<ComponentName> suspects,
      Snapshot snapshot,
      List<NetworkPolicy> policies) {
    var foreign = new ForeignPolicies(policies);
    var denials = new LinkedHashMap<Denial, List<ComponentName>>();
    for (var component : suspects) {
      foreign
          .denied(labels(snapshot, component), ComponentModules.traffic(component, snapshot))
          .ifPresent(
              denial -> denials.computeIfAbsent(denial, same -> new ArrayList<>()).add(component));
    }
    if (denials.isEmpty()) {
      return result;
    }
    var told =
        denials.entrySet().stream()
            .map(entry -> "; " + entry.getKey().of(entry.getValue()))
            .collect(Collectors.joining());
    return result.saying(
        ProgramLog.with(
            result.message(),
            told
                + ": allow it by a NetworkPolicy of your own (docs/operations.md has one), or"
                + " except these pods from it"));
  }

  private static Map<String, String> labels(Snapshot snapshot, ComponentName component) {
    return snapshot.podsOf(component).stream()
        .findFirst()
        .map(pod -> pod.getMetadata().getLabels())
        .orElseGet(() -> Labels.of(snapshot.environment(), component));
  }
}

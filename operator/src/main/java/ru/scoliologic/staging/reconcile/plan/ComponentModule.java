package ru.scoliologic.staging.reconcile.plan;

import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.Traffic;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * What a pass needs from one component.
 *
 * @param plan its objects; none while it is not requested
 * @param health its state as part of Deployed; empty while it is not requested, or if another stage
 *     assesses it
 * @param traffic what its pods must be able to reach
 */
public record ComponentModule(
    ComponentName name,
    Function<PlanInput, List<PlannedObject>> plan,
    BiFunction<Snapshot, Rollout, Optional<ComponentHealth>> health,
    Function<Snapshot, List<Traffic>> traffic) {

  /** A component that nothing waits for and that sends nothing out. */
  static ComponentModule of(ComponentName name, Function<PlanInput, List<PlannedObject>> plan) {
    return new ComponentModule(
        name, plan, (snapshot, rollout) -> Optional.empty(), snapshot -> List.of());
  }

  ComponentModule withHealth(Function<Snapshot, Optional<ComponentHealth>> health) {
    return withHealth((snapshot, rollout) -> health.apply(snapshot));
  }

  ComponentModule withHealth(BiFunction<Snapshot, Rollout, Optional<ComponentHealth>> health) {
    return new ComponentModule(name, plan, health, traffic);
  }

  ComponentModule withTraffic(Function<Snapshot, List<Traffic>> traffic) {
    return new ComponentModule(name, plan, health, traffic);
  }
}

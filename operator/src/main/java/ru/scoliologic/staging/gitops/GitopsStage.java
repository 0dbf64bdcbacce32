package ru.scoliologic.staging.gitops;

import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Whether the branch is followed. */
public final class GitopsStage {
  /** Reasons that end with a push, or with time. */
  private static final Set<Reason> WAITING =
      EnumSet.of(Reason.AGENT_STARTING, Reason.REPOSITORY_EMPTY);

  /** Reasons that are retried by themselves, with a good chance. */
  private static final Set<Reason> FAILING =
      EnumSet.of(Reason.REPOSITORY_UNREACHABLE, Reason.GIT_FAILED, Reason.BRANCH_MISSING);

  /** Reasons that only a change of the spec or of credentials resolves. */
  private static final Set<Reason> STALLED =
      EnumSet.of(
          Reason.CREDENTIALS_REFUSED,
          Reason.REPOSITORY_NOT_FOUND,
          Reason.REPOSITORY_MOVED,
          Reason.SSH_KEY_UNREADABLE,
          Reason.HOST_KEY_CHANGED,
          Reason.CERTIFICATE_UNTRUSTED,
          Reason.HOST_KEY_UNKNOWN,
          Reason.PIN_MISSING);

  private GitopsStage() {}

  /** The state that the agent last reported; empty before its first report. */
  public static Optional<AgentContract.State> state(Snapshot snapshot) {
    return snapshot
        .owned()
        .find(ConfigMap.class, snapshot.names().agentState())
        .flatMap(AgentContract.State::of);
  }

  /**
   * The stage's result.
   *
   * @param components the agent, and the environment's own registry, if any
   * @param state that the agent last reported; it holds only while the agent runs
   */
  public static StageResult assess(
      List<ComponentHealth> components, Optional<AgentContract.State> state) {
    var trouble =
        components.stream()
            .filter(c -> !c.ready() && c.reason() != Reason.COMPONENTS_STARTING)
            .findFirst();
    if (trouble.isPresent()) {
      return new StageResult.Failing(
          trouble.get().reason(), trouble.get().name() + ": " + trouble.get().message());
    }
    var starting = components.stream().filter(c -> !c.ready()).toList();
    if (!starting.isEmpty()) {
      return new StageResult.Waiting(
          Reason.AGENT_STARTING, ComponentHealth.starting(starting), StageResult.Waiting.SOON);
    }
    return state
        .map(GitopsStage::said)
        .orElseGet(() ->
            new StageResult.Waiting(
                Reason.AGENT_STARTING,
                "the agent runs and has not polled the branch yet",
                StageResult.Waiting.SOON));
  }

  private static StageResult said(AgentContract.State state) {
    var reason =
        Arrays.stream(Reason.values())
            .filter(known -> known.camelCase().equals(state.reason()))
            .findFirst()
            .orElse(Reason.UNEXPECTED_ERROR);
    var message =
        state.since().isEmpty() || reason == Reason.FOLLOWING
            ? state.message()
            : "%s (since %s)".formatted(state.message(), state.since());
    if (reason == Reason.FOLLOWING) {
      return new StageResult.Ready(reason, message);
    }
    if (WAITING.contains(reason)) {
      return new StageResult.Waiting(reason, message);
    }
    if (STALLED.contains(reason)) {
      return new StageResult.Stalled(reason, message);
    }
    return FAILING.contains(reason)
        ? new StageResult.Failing(reason, message)
        : new StageResult.Failing(
            Reason.UNEXPECTED_ERROR, "the agent reports %s: %s".formatted(state.reason(), message));
  }
}

package ru.scoliologic.staging.stage;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The stages of a staging plan, in the order in which they must first succeed. */
public enum Stage {
  INFRASTRUCTURE("InfrastructureReady", null),
  CONFIGURATION("ConfigurationReady", INFRASTRUCTURE),
  DEPLOYMENT("Deployed", CONFIGURATION),
  VALIDATION("Validated", DEPLOYMENT),
  /** Only where a branch is followed. */
  GITOPS("GitOpsActive", VALIDATION);

  private final String condition;
  private final Stage previous;

  Stage(String condition, Stage previous) {
    this.condition = condition;
    this.previous = previous;
  }

  /** The stages of an environment. */
  public static List<Stage> of(boolean followsBranch) {
    return followsBranch
        ? List.of(values())
        : Stream.of(values()).filter(stage -> stage != GITOPS).toList();
  }

  /** The stage that must succeed first; empty for the first stage. */
  public Optional<Stage> previous() {
    return Optional.ofNullable(previous);
  }

  /** The type of this stage's condition. */
  public String condition() {
    return condition;
  }
}

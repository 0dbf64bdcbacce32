package ru.scoliologic.staging.agent;

import java.util.List;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.AgentContract;

/**
 * What the agent reads and writes in the cluster. What was written is read from then on. Every
 * method may throw an unchecked exception when the cluster cannot be reached.
 */
interface ReleaseStore extends AutoCloseable {
  /** The environment's releases. */
  List<StagingRelease> releases();

  /** Makes a release, or leaves it as it is when it is there. */
  void create(StagingRelease release);

  /** Writes how a build fares; nothing when the release is gone. */
  void write(String release, BuildStatus build);

  /** What was last told of the agent; empty when nothing was. */
  Optional<AgentContract.State> state();

  void write(AgentContract.State state);

  /** Has somebody called whenever releases change. */
  void onChange(Runnable listener);

  @Override
  void close();
}

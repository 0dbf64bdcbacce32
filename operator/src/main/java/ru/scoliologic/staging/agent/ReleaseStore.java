package ru.scoliologic.staging.agent;

import java.util.List;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.model.AgentContract;

/**
 * The agent's access to the cluster. A write is visible to later reads. Every method may throw an
 * unchecked exception when the cluster is unreachable.
 */
public interface ReleaseStore extends AutoCloseable {
  List<StagingRelease> releases();

  /** Creates a release; an existing one stays unchanged. */
  void create(StagingRelease release);

  /** Writes the status of a build; does nothing when the release is gone. */
  void write(String release, BuildStatus build);

  /** The last reported status of the agent; empty when there is none. */
  Optional<AgentContract.State> state();

  void write(AgentContract.State state);

  /** Registers a listener for changes of releases. */
  void onChange(Runnable listener);

  @Override
  void close();
}

package ru.scoliologic.staging.agent;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.model.AgentContract.State;

/** A cluster that can be out of reach, and that an agent can be cut off from as if it had died. */
final class InMemoryReleases {
  private final Map<String, StagingRelease> releases = new LinkedHashMap<>();
  private final List<State> states = new ArrayList<>();
  private final List<String> writes = new ArrayList<>();
  private final List<Runnable> listeners = new ArrayList<>();
  private boolean down;

  /** The way of one agent to it. */
  final class Access implements ReleaseStore {
    private int writesLeft = Integer.MAX_VALUE;

    /** Lets the agent die after so many more writes. */
    void dieAfter(int more) {
      writesLeft = more;
    }

    private void reached() {
      if (down) {
        throw new IllegalStateException("the cluster cannot be reached");
      }
    }

    private void wrote(String what) {
      reached();
      if (writesLeft == 0) {
        throw new IllegalStateException("dead");
      }
      writesLeft--;
      writes.add(what);
    }

    @Override
    public List<StagingRelease> releases() {
      synchronized (InMemoryReleases.this) {
        reached();
        return all();
      }
    }

    @Override
    public void create(StagingRelease release) {
      synchronized (InMemoryReleases.this) {
        wrote("create " + release.getMetadata().getName());
        releases.put(release.getMetadata().getName(), Serialization.clone(release));
      }
      changed();
    }

    @Override
    public void write(String release, BuildStatus build) {
      synchronized (InMemoryReleases.this) {
        wrote(build.state() + " " + release);
        var there = releases.get(release);
        if (there != null) {
          there.setStatus(StagingReleaseStatus.ofBuild(build));
        }
      }
      changed();
    }

    @Override
    public Optional<State> state() {
      synchronized (InMemoryReleases.this) {
        reached();
        return states.isEmpty() ? Optional.empty() : Optional.of(states.getLast());
      }
    }

    @Override
    public void write(State state) {
      synchronized (InMemoryReleases.this) {
        wrote("state " + state.reason());
        states.add(state);
      }
    }

    @Override
    public void onChange(Runnable listener) {
      synchronized (InMemoryReleases.this) {
        listeners.add(listener);
      }
    }

    @Override
    public void close() {
      synchronized (InMemoryReleases.this) {
        listeners.clear();
      }
    }
  }

  synchronized List<StagingRelease> all() {
    return releases.values().stream().map(Serialization::clone).toList();
  }

  synchronized void down(boolean now) {
    down = now;
  }

  synchronized Optional<State> state() {
    return states.isEmpty() ? Optional.empty() : Optional.of(states.getLast());
  }

  synchronized List<State> states() {
    return List.copyOf(states);
  }

  synchronized List<String> writes() {
    return List.copyOf(writes);
  }

  /** The release of a commit. */
  Optional<StagingRelease> of(String commit) {
    return all().stream().filter(r -> r.getSpec().commit().hash().equals(commit)).findFirst();
  }

  /** How the build of a commit fares. */
  Optional<BuildStatus> build(String commit) {
    return of(commit).map(StagingRelease::getStatus).map(StagingReleaseStatus::build);
  }

  /** Somebody asks for another try. */
  void retry(String commit, String value) {
    synchronized (this) {
      var release = releases.get(of(commit).orElseThrow().getMetadata().getName());
      var spec = release.getSpec();
      release.setSpec(
          new StagingReleaseSpec(
              spec.environment(),
              null,
              spec.commit(),
              spec.buildHash(),
              null,
              value,
              null,
              null,
              List.of()));
    }
    changed();
  }

  private void changed() {
    List<Runnable> told;
    synchronized (this) {
      told = List.copyOf(listeners);
    }
    told.forEach(Runnable::run);
  }
}

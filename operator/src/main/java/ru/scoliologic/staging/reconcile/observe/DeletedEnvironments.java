package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * Drops the memory of an environment when the watch reports that it is gone. Without a finalizer no
 * pass runs then.
 */
public final class DeletedEnvironments extends AbstractEventSource<HasMetadata, StagingEnvironment>
    implements ResourceEventAware<StagingEnvironment> {
  private final EnvironmentMemories memories;
  private final Executor apart;

  public DeletedEnvironments(EnvironmentMemories memories) {
    this(memories, Thread::startVirtualThread);
  }

  /**
   * Watches for environments that are gone.
   *
   * @param apart drops a memory: its end may wait, and all environments' events come by one thread
   */
  public DeletedEnvironments(EnvironmentMemories memories, Executor apart) {
    super(HasMetadata.class, "deletions");
    this.memories = memories;
    this.apart = apart;
  }

  @Override
  public void onResourceDeleted(StagingEnvironment environment) {
    drop(environment);
  }

  /** A watch that was interrupted reports another environment of the same name as an update. */
  @Override
  public void onResourceUpdated(StagingEnvironment now, StagingEnvironment before) {
    if (!Objects.equals(now.getMetadata().getUid(), before.getMetadata().getUid())) {
      drop(before);
    }
  }

  private void drop(StagingEnvironment environment) {
    var uid = environment.getMetadata().getUid();
    apart.execute(() -> memories.drop(uid));
  }

  @Override
  public Set<HasMetadata> getSecondaryResources(StagingEnvironment primary) {
    return Set.of();
  }
}

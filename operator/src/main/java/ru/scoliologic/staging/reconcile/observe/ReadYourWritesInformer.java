package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.ResourceVersions;

/**
 * A watch on one kind that never returns an object older than its last write here. The SDK keeps a
 * write too, but only until the next event of that object, which may stem from an earlier write
 * when two follow each other closely. A pass would then repeat a step.
 */
final class ReadYourWritesInformer extends InformerEventSource<HasMetadata, StagingEnvironment> {
  private final Map<ResourceID, HasMetadata> written = new ConcurrentHashMap<>();

  ReadYourWritesInformer(
      InformerEventSourceConfiguration<HasMetadata> configuration,
      EventSourceContext<StagingEnvironment> context) {
    super(configuration, context);
  }

  /**
   * Records a write.
   *
   * @param now the server's answer
   * @param before the previous object, as {@link #get} returned it
   */
  void wrote(HasMetadata now, Optional<HasMetadata> before) {
    var id = ResourceID.fromResource(now);
    if (before.isPresent()) {
      handleRecentResourceUpdate(id, now, before.get());
    } else {
      handleRecentResourceCreate(id, now);
    }
    written.merge(id, now, (one, other) -> ResourceVersions.isNewer(one, other) ? one : other);
    // Its event may have come before the server's answer; there is no other one to wait for.
    Cache<HasMetadata> watched = manager();
    watched.get(id).ifPresent(this::forget);
  }

  /** Written objects whose events have not come yet. */
  Set<ResourceID> awaited() {
    return Set.copyOf(written.keySet());
  }

  /** The watched or the written object, whichever is newer. */
  @Override
  public Optional<HasMetadata> get(ResourceID id) {
    var ours = Optional.ofNullable(written.get(id));
    return super.get(id)
        .map(seen -> ours.filter(o -> ResourceVersions.isNewer(o, seen)).orElse(seen));
  }

  @Override
  public void onAdd(HasMetadata object) {
    super.onAdd(object);
    forget(object);
  }

  @Override
  public void onUpdate(HasMetadata before, HasMetadata object) {
    super.onUpdate(before, object);
    forget(object);
  }

  @Override
  public void onDelete(HasMetadata object, boolean unknownState) {
    super.onDelete(object, unknownState);
    written.remove(ResourceID.fromResource(object));
  }

  /** Drops the written object once an event is at least as new. */
  private void forget(HasMetadata news) {
    written.computeIfPresent(
        ResourceID.fromResource(news),
        (id, ours) -> ResourceVersions.isNewer(ours, news) ? ours : null);
  }
}

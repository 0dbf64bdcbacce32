package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Age;

/**
 * A watch on the objects of one kind that never shows one older than it was written here. The SDK
 * keeps what was written too, but only until the next news of that object, and those may be of an
 * earlier write when two follow each other closely. A pass would then take a step for untaken.
 */
final class KindWatch extends InformerEventSource<HasMetadata, StagingEnvironment> {
  private final Map<ResourceID, HasMetadata> written = new ConcurrentHashMap<>();

  KindWatch(
      InformerEventSourceConfiguration<HasMetadata> configuration,
      EventSourceContext<StagingEnvironment> context) {
    super(configuration, context);
  }

  /**
   * Is told of a write.
   *
   * @param now what the server answered
   * @param before what was there, as {@link #get} showed it
   */
  void wrote(HasMetadata now, Optional<HasMetadata> before) {
    var id = ResourceID.fromResource(now);
    if (before.isPresent()) {
      handleRecentResourceUpdate(id, now, before.get());
    } else {
      handleRecentResourceCreate(id, now);
    }
    written.merge(id, now, (one, other) -> Age.isNewer(one, other) ? one : other);
  }

  /** The object as the watch has it or as it was written here, whichever is newer. */
  @Override
  public Optional<HasMetadata> get(ResourceID id) {
    var ours = Optional.ofNullable(written.get(id));
    return super.get(id).map(seen -> ours.filter(o -> Age.isNewer(o, seen)).orElse(seen));
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

  /** What is in the news is what was written, or came after it. */
  private void forget(HasMetadata news) {
    written.computeIfPresent(
        ResourceID.fromResource(news), (id, ours) -> Age.isNewer(ours, news) ? ours : null);
  }
}

package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.util.HashMap;
import ru.scoliologic.staging.cluster.kube.FieldOwnership;

/** Holds the watched objects of one kind without the metadata that nothing reads. */
public final class ReducedItemStore<T extends HasMetadata> extends BasicItemStore<T> {
  /** A second copy of an object that people apply with kubectl. */
  private static final String LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

  public ReducedItemStore() {
    super(Cache::metaNamespaceKeyFunc);
  }

  @Override
  public T put(String key, T object) {
    reduce(object);
    return super.put(key, object);
  }

  /** Drops the metadata that nothing reads. */
  static void reduce(HasMetadata object) {
    FieldOwnership.reduce(object);
    var annotations = object.getMetadata().getAnnotations();
    if (annotations != null && annotations.containsKey(LAST_APPLIED)) {
      var rest = new HashMap<>(annotations);
      rest.remove(LAST_APPLIED);
      object.getMetadata().setAnnotations(rest);
    }
  }
}

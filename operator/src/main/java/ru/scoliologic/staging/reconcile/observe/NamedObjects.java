package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import io.javaoperatorsdk.operator.api.config.informer.InformerConfiguration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.kube.ResourceVersions;

/**
 * The objects of one kind that are read by name. Each is requested once, and again after a change;
 * changes are reported by one watch on the metadata of all objects of the kind, of which nothing is
 * kept.
 *
 * @param <R> those who read, each told of a change of what it has read
 */
final class NamedObjects<T extends HasMetadata, R> {
  /** Others cannot exist, and would lead to other paths of the API. */
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");

  private final KubernetesClient client;
  private final Class<T> kind;
  private final Consumer<R> tell;

  /** By namespace and name, as {@link Cache} writes them. */
  private final Map<String, Named<T, R>> named = new ConcurrentHashMap<>();

  private volatile List<SharedIndexInformer<GenericKubernetesResource>> watches = List.of();

  NamedObjects(KubernetesClient client, Class<T> kind, Consumer<R> tell) {
    this.client = client;
    this.kind = kind;
    this.tell = tell;
  }

  /** The object, if it exists. The reader is told of changes until it leaves. */
  Optional<T> get(String namespace, String name, R reader) {
    // Named before it is requested: no change after the answer is missed.
    return named
        .compute(
            Cache.namespaceKeyFunc(namespace, name),
            (key, present) -> {
              var object = present == null ? new Named<T, R>() : present;
              object.readers.add(reader);
              return object;
            })
        .content(() -> request(namespace, name));
  }

  private Optional<T> request(String namespace, String name) {
    if (!NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    var found =
        Optional.ofNullable(client.resources(kind).inNamespace(namespace).withName(name).get());
    found.ifPresent(ReducedItemStore::reduce);
    return found;
  }

  /** An object is forgotten with its last reader. */
  void leave(String namespace, String name, R reader) {
    named.computeIfPresent(
        Cache.namespaceKeyFunc(namespace, name),
        (key, object) -> {
          object.readers.remove(reader);
          return object.readers.isEmpty() ? null : object;
        });
  }

  /** Namespaces and names of the objects that have readers. */
  Set<String> keys() {
    return Set.copyOf(named.keySet());
  }

  /** Watches these namespaces; returns when all watches are established. */
  void start(Set<String> namespaces) {
    var metadata =
        MetadataClient.of(client)
            .genericKubernetesResources(ResourceDefinitionContext.fromResourceType(kind));
    watches =
        InformerConfiguration.allNamespacesWatched(namespaces)
            ? List.of(watch(metadata.inAnyNamespace(), ""))
            : namespaces.stream()
                .map(namespace -> watch(metadata.inNamespace(namespace), namespace + "/"))
                .toList();
    watches.forEach(SharedIndexInformer::run);
  }

  private SharedIndexInformer<GenericKubernetesResource> watch(
      FilterWatchListDeletable<
              GenericKubernetesResource,
              GenericKubernetesResourceList,
              Resource<GenericKubernetesResource>>
          objects,
      String prefix) {
    return objects
        .withLimit(OwnedObjectCache.LIST_PAGE)
        .runnableInformer(0)
        // It would keep the key of every object.
        .removeNamespaceIndex()
        .itemStore(new NamesOnly(prefix))
        .addEventHandler(new Changes());
  }

  void stop() {
    watches.forEach(SharedIndexInformer::stop);
  }

  boolean isHealthy() {
    return watches.stream().allMatch(watch -> watch.isRunning() && watch.isWatching());
  }

  private void changed(GenericKubernetesResource event, Predicate<Named<T, R>> isNews) {
    Optional.ofNullable(named.get(Cache.metaNamespaceKeyFunc(event)))
        .filter(isNews)
        .ifPresent(object -> object.readers.forEach(tell));
  }

  private static final class Named<T extends HasMetadata, R> {
    private final Set<R> readers = ConcurrentHashMap.newKeySet();
    private final ReentrantLock requests = new ReentrantLock();
    private Answer<T> last = Answer.obsolete();
    private int changes;

    Optional<T> content(Supplier<Optional<T>> request) {
      // One at a time: of two answers the older one could be stored last.
      requests.lock();
      try {
        return last(request);
      } finally {
        requests.unlock();
      }
    }

    private Optional<T> last(Supplier<Optional<T>> request) {
      int before;
      synchronized (this) {
        if (last.isInForce()) {
          return last.object();
        }
        before = changes;
      }
      var object = request.get();
      synchronized (this) {
        // It may be older than a change that was reported meanwhile.
        if (changes == before) {
          last = new Answer<>(true, object);
        }
      }
      return object;
    }

    /** Whether the event tells more than the last answer. */
    synchronized boolean written(HasMetadata event) {
      boolean known =
          last.object()
              .filter(object -> isSame(object, event) && !ResourceVersions.isNewer(event, object))
              .isPresent();
      return !known && changed();
    }

    synchronized boolean deleted() {
      boolean known = last.isInForce() && last.object().isEmpty();
      return !known && changed();
    }

    private static boolean isSame(HasMetadata one, HasMetadata other) {
      return Objects.equals(one.getMetadata().getUid(), other.getMetadata().getUid());
    }

    private boolean changed() {
      last = Answer.obsolete();
      changes++;
      return true;
    }
  }

  /** What a request found, in force until a change is reported. */
  private record Answer<T>(boolean isInForce, Optional<T> object) {
    static <T> Answer<T> obsolete() {
      return new Answer<>(false, Optional.empty());
    }
  }

  private final class Changes implements ResourceEventHandler<GenericKubernetesResource> {
    @Override
    public void onAdd(GenericKubernetesResource now) {
      changed(now, object -> object.written(now));
    }

    @Override
    public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource now) {
      onAdd(now);
    }

    @Override
    public void onDelete(GenericKubernetesResource last, boolean finalStateUnknown) {
      changed(last, Named::deleted);
    }
  }

  /**
   * Keeps no object, so that each event counts as that of a new one. It claims to have the named
   * ones: else their end would not be reported.
   */
  private final class NamesOnly implements ItemStore<GenericKubernetesResource> {
    private final String prefix;

    /**
     * The store of one watch.
     *
     * @param prefix of the keys that it may report
     */
    private NamesOnly(String prefix) {
      this.prefix = prefix;
    }

    @Override
    public String getKey(GenericKubernetesResource object) {
      return Cache.metaNamespaceKeyFunc(object);
    }

    @Override
    public GenericKubernetesResource put(String key, GenericKubernetesResource object) {
      return null;
    }

    @Override
    public GenericKubernetesResource remove(String key) {
      return get(key);
    }

    @Override
    public Stream<String> keySet() {
      return named.keySet().stream().filter(key -> key.startsWith(prefix));
    }

    @Override
    public Stream<GenericKubernetesResource> values() {
      return keySet().map(this::get).filter(Objects::nonNull);
    }

    @Override
    public int size() {
      return (int) keySet().count();
    }

    @Override
    public GenericKubernetesResource get(String key) {
      if (!named.containsKey(key)) {
        return null;
      }
      var id = key.split("/", 2);
      var object = new GenericKubernetesResource();
      object.setMetadata(new ObjectMetaBuilder().withNamespace(id[0]).withName(id[1]).build());
      return object;
    }

    /** Its events need not wait for the end of the initial list, which is not kept either. */
    @Override
    public boolean isFullState() {
      return false;
    }
  }
}

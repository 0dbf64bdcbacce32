package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * Holds the watched objects of one kind as compressed JSON, without the metadata that nothing
 * reads. As Java objects they take ten times the memory. A returned object must not be changed:
 * while one reader uses it, the others get the same one.
 *
 * <p>Not for what each pass reads of all environments, which would be parsed each time.
 */
final class CompactItemStore<T extends HasMetadata> implements ItemStore<T> {
  private final Map<String, Compact<T>> objects = new ConcurrentHashMap<>();
  private final KubernetesSerialization json;

  /**
   * A store without objects.
   *
   * @param json the one of the client, which knows the kinds already
   */
  CompactItemStore(KubernetesSerialization json) {
    this.json = json;
  }

  @Override
  public String getKey(T object) {
    return Cache.metaNamespaceKeyFunc(object);
  }

  @Override
  public T put(String key, T object) {
    ReducedItemStore.reduce(object);
    return read(objects.put(key, compact(object)));
  }

  @Override
  public T remove(String key) {
    return read(objects.remove(key));
  }

  @Override
  public T get(String key) {
    return read(objects.get(key));
  }

  @Override
  public Stream<String> keySet() {
    return objects.keySet().stream();
  }

  @Override
  public Stream<T> values() {
    return objects.values().stream().map(this::read);
  }

  @Override
  public int size() {
    return objects.size();
  }

  @SuppressWarnings("unchecked")
  private Compact<T> compact(T object) {
    var bytes = new ByteArrayOutputStream();
    var deflater = new Deflater(Deflater.BEST_SPEED);
    try (var out = new DeflaterOutputStream(bytes, deflater)) {
      out.write(json.asJson(object).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      deflater.end();
    }
    return new Compact<>((Class<T>) object.getClass(), bytes.toByteArray(), object);
  }

  private T read(Compact<T> compact) {
    if (compact == null) {
      return null;
    }
    var object = compact.object.get();
    if (object == null) {
      var bytes = new InflaterInputStream(new ByteArrayInputStream(compact.json));
      object = json.unmarshal(bytes, compact.type);
      compact.object = new WeakReference<>(object);
    }
    return object;
  }

  private static final class Compact<T> {
    private final Class<T> type;
    private final byte[] json;

    /** A pass reads an object several times, and keeps it as long. */
    private volatile WeakReference<T> object;

    private Compact(Class<T> type, byte[] json, T object) {
      this.type = type;
      this.json = json;
      this.object = new WeakReference<>(object);
    }
  }
}

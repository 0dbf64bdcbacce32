package ru.scoliologic.staging.reconcile.observe;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the operator remembers of environments from pass to pass, in memory only: one object for
 * each uid, which is dropped as a whole when its environment is gone.
 */
public final class EnvironmentMemories {
  private final Map<String, EnvironmentMemory> memories = new ConcurrentHashMap<>();

  /** Declares a part of every environment's memory. */
  public <T> Slot<T> slot() {
    return slot(part -> {});
  }

  /**
   * Declares a part of every environment's memory.
   *
   * @param end called with a part that is dropped, removed or replaced
   */
  public <T> Slot<T> slot(Consumer<T> end) {
    return new Slot<>(end);
  }

  /** Keeps the environment's memory until {@link #release}: a pass uses it. */
  public void hold(String uid) {
    var _ = change(uid, memory -> memory.held = true);
  }

  /** The caller must then drop the memory if its environment was deleted in between. */
  public void release(String uid) {
    var _ = change(uid, memory -> memory.held = false);
  }

  /** Drops the memory of an environment that is gone, unless a pass holds it. */
  public void drop(String uid) {
    var dropped = new AtomicReference<EnvironmentMemory>();
    memories.computeIfPresent(
        uid,
        (key, memory) -> {
          if (memory.held) {
            return memory;
          }
          dropped.set(memory);
          return null;
        });
    Optional.ofNullable(dropped.get())
        .ifPresent(memory -> memory.parts.forEach((slot, part) -> slot.end(part)));
  }

  /** Uids of the environments that are remembered. */
  public Set<String> uids() {
    return Set.copyOf(memories.keySet());
  }

  private EnvironmentMemory change(String uid, Consumer<EnvironmentMemory> change) {
    return memories.compute(
        uid,
        (key, present) -> {
          var memory = present == null ? new EnvironmentMemory() : present;
          change.accept(memory);
          return memory;
        });
  }

  /** What is remembered of one environment; changed under the lock of its entry in the map. */
  private static final class EnvironmentMemory {
    private final Map<Slot<?>, Object> parts = new ConcurrentHashMap<>();
    private boolean held;
  }

  /**
   * One part of every environment's memory. Work outside of the passes must use the part that its
   * pass had, not ask for it again: it would make one for an environment that is gone.
   */
  public final class Slot<T> {
    private final Consumer<T> end;

    private Slot(Consumer<T> end) {
      this.end = end;
    }

    /** The environment's part, if there is one. */
    public Optional<T> find(String uid) {
      return Optional.ofNullable(memories.get(uid)).map(this::in);
    }

    /** The environment's part, which is made if there is none. */
    public T get(String uid, Supplier<? extends T> made) {
      return in(change(uid, memory -> memory.parts.computeIfAbsent(this, slot -> made.get())));
    }

    public void put(String uid, T part) {
      var replaced = new AtomicReference<Object>();
      var _ = change(uid, memory -> replaced.set(memory.parts.put(this, part)));
      end(replaced.get());
    }

    public void remove(String uid) {
      var removed = new AtomicReference<Object>();
      memories.computeIfPresent(
          uid,
          (key, memory) -> {
            removed.set(memory.parts.remove(this));
            return memory;
          });
      end(removed.get());
    }

    @SuppressWarnings("unchecked")
    private T in(EnvironmentMemory memory) {
      return (T) memory.parts.get(this);
    }

    @SuppressWarnings("unchecked")
    private void end(Object part) {
      if (part != null) {
        end.accept((T) part);
      }
    }
  }
}

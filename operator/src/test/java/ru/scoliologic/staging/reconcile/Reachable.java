package ru.scoliologic.staging.reconcile;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/**
 * The objects that others keep in memory: through fields of the operator's classes and of objects
 * of Kubernetes, and through collections.
 */
final class Reachable {
  private static final List<String> FOLLOWED =
      List.of("ru.scoliologic.staging.", "io.fabric8.kubernetes.api.model.");

  private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Deque<Object> open = new ArrayDeque<>();

  private Reachable() {}

  /** All that is reachable, with the roots. */
  static Stream<Object> from(Object... roots) {
    var reachable = new Reachable();
    reachable.meet(List.of(roots));
    while (!reachable.open.isEmpty()) {
      reachable.follow(reachable.open.remove());
    }
    return reachable.seen.stream();
  }

  private void meet(Object object) {
    if (object != null && seen.add(object)) {
      open.add(object);
    }
  }

  private void follow(Object object) {
    switch (object) {
      case Map<?, ?> map ->
          map.forEach((key, value) -> {
            meet(key);
            meet(value);
          });
      case Collection<?> collection -> collection.forEach(this::meet);
      case Optional<?> optional -> optional.ifPresent(this::meet);
      case AtomicReference<?> reference -> meet(reference.get());
      case Object[] array -> Stream.of(array).forEach(this::meet);
      default -> {
        for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
          if (FOLLOWED.stream().anyMatch(type.getName()::startsWith)) {
            Stream.of(type.getDeclaredFields())
                .filter(field -> !Modifier.isStatic(field.getModifiers()))
                .filter(field -> !field.getType().isPrimitive())
                .forEach(field -> meet(value(field, object)));
          }
        }
      }
    }
  }

  private static Object value(Field field, Object object) {
    try {
      field.setAccessible(true);
      return field.get(object);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }
}

package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The existing objects of one environment, as last seen by the watches. Read only. */
public record OwnedObjects(List<HasMetadata> objects) {
  public OwnedObjects {
    objects = List.copyOf(objects);
  }

  public <T extends HasMetadata> Optional<T> find(Class<T> kind, String name) {
    return list(kind).stream().filter(o -> name.equals(o.getMetadata().getName())).findFirst();
  }

  public <T extends HasMetadata> List<T> list(Class<T> kind) {
    return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  /** A copy with the objects of one kind from an earlier view. */
  OwnedObjects keeping(Class<? extends HasMetadata> kind, OwnedObjects before) {
    return new OwnedObjects(
        Stream.concat(objects.stream().filter(o -> !kind.isInstance(o)), before.list(kind).stream())
            .toList());
  }
}

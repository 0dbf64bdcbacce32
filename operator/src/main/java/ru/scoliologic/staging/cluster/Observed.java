package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The objects of one environment that are there, as the watches last showed them. Read only. */
public record Observed(List<HasMetadata> objects) {
  public Observed {
    objects = List.copyOf(objects);
  }

  public <T extends HasMetadata> Optional<T> find(Class<T> kind, String name) {
    return list(kind).stream().filter(o -> name.equals(o.getMetadata().getName())).findFirst();
  }

  public <T extends HasMetadata> List<T> list(Class<T> kind) {
    return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  /** The same with the objects of one kind as they were seen before. */
  Observed keeping(Class<? extends HasMetadata> kind, Observed before) {
    return new Observed(
        Stream.concat(objects.stream().filter(o -> !kind.isInstance(o)), before.list(kind).stream())
            .toList());
  }
}

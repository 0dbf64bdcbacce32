package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Optional;

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
}

package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Objects;

/** Which of two views of one object is the later one. */
public final class Age {
  private Age() {}

  /**
   * Whether it is the same object at a later time. Resource versions of one kind are whole numbers
   * that grow with every write (Kubernetes API concepts, "Resource versions").
   */
  public static boolean isNewer(HasMetadata one, HasMetadata other) {
    return Objects.equals(one.getMetadata().getUid(), other.getMetadata().getUid())
        && Long.compareUnsigned(version(one), version(other)) > 0;
  }

  private static long version(HasMetadata object) {
    return Long.parseUnsignedLong(object.getMetadata().getResourceVersion());
  }
}

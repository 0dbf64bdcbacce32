package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Objects;

/** Compares two views of one object by age. */
public final class ResourceVersions {
  private ResourceVersions() {}

  /**
   * Whether it is the same object at a later time. Resource versions of one kind are integers that
   * grow with every write (Kubernetes API concepts, "Resource versions").
   */
  public static boolean isNewer(HasMetadata one, HasMetadata other) {
    return Objects.equals(one.getMetadata().getUid(), other.getMetadata().getUid())
        && Long.compareUnsigned(version(one), version(other)) > 0;
  }

  private static long version(HasMetadata object) {
    return Long.parseUnsignedLong(object.getMetadata().getResourceVersion());
  }
}

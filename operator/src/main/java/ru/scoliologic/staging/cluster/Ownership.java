package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentSpec.DeletionPolicy;

/** Metadata of what an environment owns: labels, and what becomes of the object afterwards. */
public final class Ownership {
  private Ownership() {}

  /** Of an object that goes with the environment. */
  public static ObjectMeta owned(StagingEnvironment environment, String component, String name) {
    return base(environment, component, name).withOwnerReferences(reference(environment)).build();
  }

  /**
   * Of data and credentials. With {@code Retain} they carry no owner, so that the garbage collector
   * leaves them, and an environment of the same name finds them by their labels.
   */
  public static ObjectMeta retained(StagingEnvironment environment, String component, String name) {
    return environment.getSpec().deletionPolicy() == DeletionPolicy.Delete
        ? owned(environment, component, name)
        : base(environment, component, name).build();
  }

  private static ObjectMetaBuilder base(
      StagingEnvironment environment, String component, String name) {
    return new ObjectMetaBuilder()
        .withNamespace(environment.getMetadata().getNamespace())
        .withName(name)
        .withLabels(Labels.of(environment, component));
  }

  private static OwnerReference reference(StagingEnvironment environment) {
    return new OwnerReferenceBuilder()
        .withApiVersion(environment.getApiVersion())
        .withKind(environment.getKind())
        .withName(environment.getMetadata().getName())
        .withUid(environment.getMetadata().getUid())
        .withController(true)
        .withBlockOwnerDeletion(false)
        .build();
  }
}

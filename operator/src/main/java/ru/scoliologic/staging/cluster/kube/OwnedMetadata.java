package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentSpec.DeletionPolicy;
import ru.scoliologic.staging.cluster.model.ComponentName;

/** Metadata of an environment's objects: labels and owner references. */
public final class OwnedMetadata {
  private OwnedMetadata() {}

  /** For an object that is deleted with the environment. */
  public static ObjectMeta owned(
      StagingEnvironment environment, ComponentName component, String name) {
    return base(environment, component, name).withOwnerReferences(reference(environment)).build();
  }

  /**
   * For data and credentials. With {@code Retain} they have no owner, so that garbage collection
   * keeps them, and a new environment of the same name finds them by their labels.
   */
  public static ObjectMeta retained(
      StagingEnvironment environment, ComponentName component, String name) {
    return environment.getSpec().deletionPolicy() == DeletionPolicy.Delete
        ? owned(environment, component, name)
        : base(environment, component, name).build();
  }

  private static ObjectMetaBuilder base(
      StagingEnvironment environment, ComponentName component, String name) {
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

package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.cluster.kube.FieldOwnership;
import ru.scoliologic.staging.stage.Reason;

/**
 * Adapts planned claims to the limits of their volumes: an existing claim grows only if its storage
 * class allows expansion, never shrinks and keeps its class, so that the server does not reject it.
 *
 * @param objects the plan with sizes and classes that the server accepts
 * @param refused requested changes that were not planned
 */
public record VolumeGrowth(List<PlannedObject> objects, List<Refused> refused) {
  private static final String SIZE = "storage";

  /** One claim that stays unchanged, as a sentence. */
  public record Refused(Reason reason, String sentence) {}

  public static VolumeGrowth fit(Snapshot snapshot, List<PlannedObject> plan) {
    var fitted = new ArrayList<PlannedObject>();
    var refused = new ArrayList<Refused>();
    for (var planned : plan) {
      if (planned.object() instanceof PersistentVolumeClaim claim) {
        snapshot
            .owned()
            .find(PersistentVolumeClaim.class, claim.getMetadata().getName())
            .ifPresent(there -> {
              size(claim, there, snapshot, refused);
              keepClass(claim, there, refused);
            });
      }
      fitted.add(planned);
    }
    return new VolumeGrowth(List.copyOf(fitted), List.copyOf(refused));
  }

  private static void size(
      PersistentVolumeClaim planned,
      PersistentVolumeClaim there,
      Snapshot snapshot,
      List<Refused> refused) {
    var asked = planned.getSpec().getResources().getRequests().get(SIZE);
    var has = there.getSpec().getResources().getRequests().get(SIZE);
    int difference = Quantity.getAmountInBytes(asked).compareTo(Quantity.getAmountInBytes(has));
    if (difference == 0) {
      return;
    }
    var storageClass = there.getSpec().getStorageClassName();
    boolean bound = there.getStatus() != null && "Bound".equals(there.getStatus().getPhase());
    boolean can =
        snapshot.surroundings().storage().growingClasses().contains(String.valueOf(storageClass));
    if (difference > 0 && bound && can) {
      return;
    }
    planned.getSpec().getResources().setRequests(Map.of(SIZE, has));
    if (difference > 0 && !can) {
      refused.add(
          new Refused(
              Reason.STORAGE_CANNOT_GROW,
              ("volume %s stays at %s, though %s is requested: storage class %s does not let"
                      + " volumes grow")
                  .formatted(there.getMetadata().getName(), has, asked, named(storageClass))));
    }
    if (difference < 0) {
      refused.add(
          new Refused(
              Reason.STORAGE_CANNOT_SHRINK,
              "volume %s stays at %s, though %s is requested: a volume cannot shrink"
                  .formatted(there.getMetadata().getName(), has, asked)));
    }
  }

  /**
   * A volume keeps its class, also when the spec no longer names it. Where the spec never named
   * one, the class is the cluster's default and no planned field.
   */
  private static void keepClass(
      PersistentVolumeClaim planned, PersistentVolumeClaim there, List<Refused> refused) {
    var asked = planned.getSpec().getStorageClassName();
    var has = there.getSpec().getStorageClassName();
    if (asked == null && !FieldOwnership.appliedInSpec(there, "storageClassName")) {
      return;
    }
    planned.getSpec().setStorageClassName(has);
    if (asked != null && !asked.equals(has)) {
      refused.add(
          new Refused(
              Reason.STORAGE_CLASS_CANNOT_CHANGE,
              ("volume %s stays in storage class %s, though %s is requested: a volume cannot"
                      + " change its class")
                  .formatted(there.getMetadata().getName(), named(has), asked)));
    }
  }

  private static String named(String storageClass) {
    return storageClass == null || storageClass.isBlank() ? "(none)" : storageClass;
  }
}

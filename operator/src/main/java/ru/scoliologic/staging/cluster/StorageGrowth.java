package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Fits the planned claims to what their volumes can do (pure): a claim that is there grows only if
 * its storage class lets it, and never shrinks, so that the server has nothing to refuse.
 *
 * @param objects the plan with sizes that the server takes
 * @param refused a sentence for each claim that stays smaller than it is asked to be
 */
public record StorageGrowth(List<Planned> objects, List<String> refused) {
  private static final String SIZE = "storage";

  public static StorageGrowth fit(Snapshot snapshot, List<Planned> plan) {
    var fitted = new ArrayList<Planned>();
    var refused = new ArrayList<String>();
    for (var planned : plan) {
      if (planned.object() instanceof PersistentVolumeClaim claim) {
        snapshot
            .owned()
            .find(PersistentVolumeClaim.class, claim.getMetadata().getName())
            .ifPresent(there -> fit(claim, there, snapshot, refused));
      }
      fitted.add(planned);
    }
    return new StorageGrowth(List.copyOf(fitted), List.copyOf(refused));
  }

  private static void fit(
      PersistentVolumeClaim planned,
      PersistentVolumeClaim there,
      Snapshot snapshot,
      List<String> refused) {
    var asked = planned.getSpec().getResources().getRequests().get(SIZE);
    var has = there.getSpec().getResources().getRequests().get(SIZE);
    int difference = Quantity.getAmountInBytes(asked).compareTo(Quantity.getAmountInBytes(has));
    if (difference == 0) {
      return;
    }
    var storageClass = there.getSpec().getStorageClassName();
    boolean bound = there.getStatus() != null && "Bound".equals(there.getStatus().getPhase());
    boolean can = snapshot.growingClasses().contains(String.valueOf(storageClass));
    if (difference > 0 && bound && can) {
      return;
    }
    planned.getSpec().getResources().setRequests(Map.of(SIZE, has));
    if (difference > 0 && !can) {
      refused.add(
          "volume %s stays at %s, though %s is asked for: storage class %s does not let volumes grow"
              .formatted(
                  there.getMetadata().getName(),
                  has,
                  asked,
                  storageClass == null || storageClass.isBlank() ? "(none)" : storageClass));
    }
  }
}

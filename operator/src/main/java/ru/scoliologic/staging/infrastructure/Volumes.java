package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Whether claims on storage classes that make no volumes will find one (pure). */
final class Volumes {
  private static final String STORAGE = "storage";
  private static final Comparator<Quantity> BY_SIZE =
      Comparator.comparing(Quantity::getNumericalAmount);

  private Volumes() {}

  static Optional<StageResult> problem(Snapshot snapshot, List<HasMetadata> planned) {
    var free = new HashMap<String, List<Quantity>>();
    snapshot.surroundings().freeVolumes().forEach((name, sizes) -> free.put(name, sorted(sizes)));
    return planned.stream()
        .filter(PersistentVolumeClaim.class::isInstance)
        .map(PersistentVolumeClaim.class::cast)
        .filter(claim -> !bound(snapshot, claim))
        .sorted(Comparator.comparing(Volumes::size, BY_SIZE))
        .flatMap(claim -> problem(snapshot, claim, free).stream())
        .findFirst();
  }

  private static Optional<StageResult> problem(
      Snapshot snapshot, PersistentVolumeClaim claim, Map<String, List<Quantity>> free) {
    var name = storageClass(snapshot, claim);
    if (name.isEmpty() || !snapshot.surroundings().staticClasses().contains(name.get())) {
      return Optional.empty();
    }
    var volumes = free.getOrDefault(name.get(), List.of());
    var fitting =
        volumes.stream().filter(volume -> BY_SIZE.compare(volume, size(claim)) >= 0).findFirst();
    if (fitting.isPresent()) {
      // One volume serves one claim.
      volumes.remove(fitting.get());
      return Optional.empty();
    }
    return Optional.of(
        new StageResult.Failing(
            Reason.VOLUME_MISSING,
            ("storage class %s makes no volumes (kubernetes.io/no-provisioner): claim %s needs a"
                    + " PersistentVolume of %s with ReadWriteOnce, found %s")
                .formatted(
                    name.get(), claim.getMetadata().getName(), size(claim), found(volumes))));
  }

  private static String found(List<Quantity> volumes) {
    return volumes.isEmpty()
        ? "no free one"
        : "free ones of "
            + String.join(", ", volumes.stream().map(Quantity::toString).toList())
            + " only";
  }

  private static List<Quantity> sorted(List<Quantity> sizes) {
    var sorted = new ArrayList<>(sizes);
    sorted.sort(BY_SIZE);
    return sorted;
  }

  private static Optional<String> storageClass(Snapshot snapshot, PersistentVolumeClaim claim) {
    return Optional.ofNullable(claim.getSpec().getStorageClassName())
        .or(() ->
            snapshot.storageClasses().entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .findFirst());
  }

  private static Quantity size(PersistentVolumeClaim claim) {
    return claim.getSpec().getResources().getRequests().get(STORAGE);
  }

  private static boolean bound(Snapshot snapshot, PersistentVolumeClaim planned) {
    return snapshot
        .owned()
        .find(PersistentVolumeClaim.class, planned.getMetadata().getName())
        .filter(claim -> claim.getStatus() != null && "Bound".equals(claim.getStatus().getPhase()))
        .isPresent();
  }
}

package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.ClusterFacts.FreeVolume;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Checks that claims on storage classes without a provisioner will find a volume, and that the
 * claims that the spec names exist.
 */
public final class Volumes {
  private static final String STORAGE = "storage";
  private static final Comparator<Quantity> BY_SIZE =
      Comparator.comparing(Quantity::getNumericalAmount);

  private Volumes() {}

  /** Volumes without a claim, of the given storage classes, by class. */
  public static Map<String, List<FreeVolume>> free(
      List<PersistentVolume> volumes, Set<String> classes) {
    return volumes.stream()
        .filter(v -> v.getStatus() != null && "Available".equals(v.getStatus().getPhase()))
        .filter(v -> v.getSpec().getStorageClassName() != null)
        .filter(v -> classes.contains(v.getSpec().getStorageClassName()))
        .collect(
            Collectors.groupingBy(
                v -> v.getSpec().getStorageClassName(),
                Collectors.mapping(Volumes::free, Collectors.toList())));
  }

  private static FreeVolume free(PersistentVolume volume) {
    var claim = volume.getSpec().getClaimRef();
    return new FreeVolume(
        volume.getSpec().getCapacity().get(STORAGE),
        Set.copyOf(volume.getSpec().getAccessModes()),
        claim == null ? null : claim.getNamespace() + "/" + claim.getName());
  }

  /** The claim that seeds a new database, while there is no database yet. */
  public static Optional<String> seed(StagingEnvironment environment, OwnedObjects owned) {
    var seed = environment.getSpec().services().postgres().seed();
    return Optional.ofNullable(seed)
        .map(source -> source.volume())
        .map(volume -> volume.claimName())
        .filter(claim ->
            owned.find(PersistentVolumeClaim.class, Names.of(environment).postgres()).isEmpty());
  }

  /** All missing volumes and claims. */
  static Optional<StageResult> problem(Snapshot snapshot, List<HasMetadata> planned) {
    var free = new HashMap<String, List<FreeVolume>>();
    snapshot
        .surroundings()
        .storage()
        .freeVolumes()
        .forEach((name, all) -> free.put(name, sorted(all)));
    var claims =
        planned.stream()
            .filter(PersistentVolumeClaim.class::isInstance)
            .map(PersistentVolumeClaim.class::cast)
            .toList();
    var lacking =
        Stream.concat(
                claims.stream()
                    .filter(claim -> !bound(snapshot, claim))
                    .sorted(Comparator.comparing(Volumes::size, BY_SIZE))
                    .flatMap(claim -> lacking(snapshot, claim, free).stream()),
                missingSeed(snapshot, claims).stream())
            .toList();
    return lacking.isEmpty()
        ? Optional.empty()
        : Optional.of(new StageResult.Failing(Reason.VOLUME_MISSING, String.join("; ", lacking)));
  }

  private static Optional<String> missingSeed(
      Snapshot snapshot, List<PersistentVolumeClaim> planned) {
    return seed(snapshot.environment(), snapshot.owned())
        .filter(snapshot.surroundings().storage().absentClaims()::contains)
        // A claim of the environment's own is created in a later stage.
        .filter(name -> planned.stream().noneMatch(p -> p.getMetadata().getName().equals(name)))
        .map(name ->
            ("spec.services.postgres.seed.volume.claimName: needed the volume claim %s, found none"
                    + " of that name in namespace %s")
                .formatted(name, snapshot.namespace()));
  }

  private static Optional<String> lacking(
      Snapshot snapshot, PersistentVolumeClaim claim, Map<String, List<FreeVolume>> free) {
    var name = storageClass(snapshot, claim);
    if (name.isEmpty() || !snapshot.surroundings().storage().staticClasses().contains(name.get())) {
      return Optional.empty();
    }
    var volumes = free.getOrDefault(name.get(), List.of());
    var own = snapshot.namespace() + "/" + claim.getMetadata().getName();
    var fitting =
        volumes.stream()
            .filter(volume -> volume.claim() == null || volume.claim().equals(own))
            .filter(volume -> volume.accessModes().containsAll(claim.getSpec().getAccessModes()))
            .filter(volume -> BY_SIZE.compare(volume.size(), size(claim)) >= 0)
            .findFirst();
    if (fitting.isPresent()) {
      // One volume serves one claim.
      volumes.remove(fitting.get());
      return Optional.empty();
    }
    return Optional.of(
        ("storage class %s creates no volumes (kubernetes.io/no-provisioner): claim %s"
                + " needs a PersistentVolume of %s with %s, found %s")
            .formatted(
                name.get(),
                claim.getMetadata().getName(),
                size(claim),
                String.join(" and ", claim.getSpec().getAccessModes()),
                found(volumes)));
  }

  private static String found(List<FreeVolume> volumes) {
    return volumes.isEmpty()
        ? "no free one"
        : volumes.stream()
            .map(volume ->
                "%s with %s%s"
                    .formatted(
                        volume.size(),
                        volume.accessModes().stream().sorted().collect(Collectors.joining(" and ")),
                        volume.claim() == null ? "" : " kept for " + volume.claim()))
            .collect(Collectors.joining(", ", "free ones of ", " only"));
  }

  private static List<FreeVolume> sorted(List<FreeVolume> volumes) {
    var sorted = new ArrayList<>(volumes);
    // A volume that is reserved for a claim goes to it first.
    sorted.sort(
        Comparator.<FreeVolume, Boolean>comparing(volume -> volume.claim() == null)
            .thenComparing(FreeVolume::size, BY_SIZE));
    return sorted;
  }

  private static Optional<String> storageClass(Snapshot snapshot, PersistentVolumeClaim claim) {
    return Optional.ofNullable(claim.getSpec().getStorageClassName())
        .or(() ->
            snapshot.surroundings().storage().classes().entrySet().stream()
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

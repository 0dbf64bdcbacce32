package ru.scoliologic.staging.cluster.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimStatus;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.FieldOwnership;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

class VolumeGrowthTest {
  private static PersistentVolumeClaim claim(String size) {
    return HardenedPod.volumeClaim(
        new ObjectMetaBuilder().withName("demo-postgres").build(), size, null);
  }

  private static PersistentVolumeClaim bound(String size) {
    var claim = claim(size);
    claim.getSpec().setStorageClassName("fast");
    claim.setStatus(new PersistentVolumeClaimStatus());
    claim.getStatus().setPhase("Bound");
    return claim;
  }

  private static VolumeGrowth fit(Given given, String asked) {
    return VolumeGrowth.fit(
        given.snapshot(), List.of(new PlannedObject(Stage.DEPLOYMENT, claim(asked))));
  }

  private static String size(VolumeGrowth growth) {
    return ((PersistentVolumeClaim) growth.objects().getFirst().object())
        .getSpec()
        .getResources()
        .getRequests()
        .get("storage")
        .toString();
  }

  @Test
  void a_volume_grows_where_its_class_lets_it() {
    var growth = fit(Given.aGoodStart().growingClasses("fast").owning(bound("10Gi")), "20Gi");

    assertThat(size(growth)).isEqualTo("20Gi");
    assertThat(growth.refused()).isEmpty();
  }

  @Test
  void where_it_does_not_the_size_stays_and_a_sentence_says_so() {
    var growth = fit(Given.aGoodStart().growingClasses("other").owning(bound("10Gi")), "20Gi");

    assertThat(size(growth)).isEqualTo("10Gi");
    assertThat(growth.refused())
        .containsExactly(
            new VolumeGrowth.Refused(
                Reason.STORAGE_CANNOT_GROW,
                "volume demo-postgres stays at 10Gi, though 20Gi is requested: storage class fast does"
                    + " not let volumes grow"));
  }

  @Test
  void a_volume_that_is_larger_than_asked_for_stays_larger() {
    var growth = fit(Given.aGoodStart().growingClasses("fast").owning(bound("10Gi")), "5Gi");

    assertThat(size(growth)).isEqualTo("10Gi");
    assertThat(growth.refused())
        .containsExactly(
            new VolumeGrowth.Refused(
                Reason.STORAGE_CANNOT_SHRINK,
                "volume demo-postgres stays at 10Gi, though 5Gi is requested: a volume cannot"
                    + " shrink"));
  }

  @Test
  void a_volume_stays_in_its_class_and_a_sentence_says_so() {
    var planned = claim("10Gi");
    planned.getSpec().setStorageClassName("other");

    var growth =
        VolumeGrowth.fit(
            Given.aGoodStart().owning(bound("10Gi")).snapshot(),
            List.of(new PlannedObject(Stage.DEPLOYMENT, planned)));

    assertThat(planned.getSpec().getStorageClassName()).isEqualTo("fast");
    assertThat(growth.refused())
        .containsExactly(
            new VolumeGrowth.Refused(
                Reason.STORAGE_CLASS_CANNOT_CHANGE,
                "volume demo-postgres stays in storage class fast, though other is requested: a"
                    + " volume cannot change its class"));
  }

  @Test
  void the_same_size_in_other_words_is_left_as_planned() {
    var growth = fit(Given.aGoodStart().owning(bound("10Gi")), "10240Mi");

    assertThat(size(growth)).isEqualTo("10240Mi");
    assertThat(growth.refused()).isEmpty();
  }

  @Test
  void a_volume_that_is_not_bound_yet_keeps_its_size_until_it_is() {
    var pending = bound("10Gi");
    pending.getStatus().setPhase("Pending");

    var growth = fit(Given.aGoodStart().growingClasses("fast").owning(pending), "20Gi");

    assertThat(size(growth)).isEqualTo("10Gi");
    assertThat(growth.refused()).isEmpty();
  }

  private static PersistentVolumeClaim fitted(PersistentVolumeClaim there, String storageClass) {
    var planned = claim("10Gi");
    planned.getSpec().setStorageClassName(storageClass);
    return (PersistentVolumeClaim)
        VolumeGrowth.fit(
                Given.aGoodStart().owning(there).snapshot(),
                List.of(new PlannedObject(Stage.DEPLOYMENT, planned)))
            .objects()
            .getFirst()
            .object();
  }

  @Test
  void a_volume_stays_in_its_class_also_when_the_spec_no_longer_says_one() {
    var asked = bound("10Gi");
    var fields = new FieldsV1();
    fields.setAdditionalProperty("f:spec", Map.of("f:storageClassName", Map.of()));
    asked
        .getMetadata()
        .setManagedFields(
            List.of(
                new ManagedFieldsEntryBuilder()
                    .withManager(FieldOwnership.MANAGER)
                    .withOperation("Apply")
                    .withFieldsV1(fields)
                    .build()));

    assertThat(fitted(asked, null).getSpec().getStorageClassName()).isEqualTo("fast");
    assertThat(fitted(asked, "slow").getSpec().getStorageClassName()).isEqualTo("fast");
    assertThat(fitted(bound("10Gi"), null).getSpec().getStorageClassName())
        .as("the cluster's own choice")
        .isNull();
  }
}

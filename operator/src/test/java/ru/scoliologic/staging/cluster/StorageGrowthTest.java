package ru.scoliologic.staging.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimStatus;
import java.util.List;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.stage.Stage;

class StorageGrowthTest {
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

  private static StorageGrowth fit(Given given, String asked) {
    return StorageGrowth.fit(
        given.snapshot(), List.of(new Planned(Stage.DEPLOYMENT, claim(asked))));
  }

  private static String size(StorageGrowth growth) {
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
            "volume demo-postgres stays at 10Gi, though 20Gi is asked for: storage class fast does"
                + " not let volumes grow");
  }

  @Test
  void a_volume_that_is_larger_than_asked_for_stays_larger() {
    var growth = fit(Given.aGoodStart().growingClasses("fast").owning(bound("10Gi")), "5Gi");

    assertThat(size(growth)).isEqualTo("10Gi");
    assertThat(growth.refused()).isEmpty();
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
}

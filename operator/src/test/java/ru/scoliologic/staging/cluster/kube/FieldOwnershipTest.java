package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;

class FieldOwnershipTest {
  private static Service planned() {
    var service = read();
    service.getMetadata().setManagedFields(null);
    service.getMetadata().setUid(null);
    service.getSpec().setClusterIP(null);
    service.getSpec().setType(null);
    service.getMetadata().setAnnotations(null);
    FieldOwnership.seal(service);
    return service;
  }

  /** As a server answers: with defaults, and with our fields in managedFields. */
  private static Service read() {
    return new KubernetesSerialization()
        .unmarshal(Given.resource("/ownership/service.yaml"), Service.class);
  }

  private static Service actual() {
    var actual = read();
    actual.getMetadata().setAnnotations(planned().getMetadata().getAnnotations());
    return actual;
  }

  /**
   * Says the same of an object as the server sends it, and as it is kept, however often reduced.
   */
  private static boolean unchanged(Service actual, Service planned) {
    boolean asSent = FieldOwnership.unchanged(actual, planned);
    for (int i = 0; i < 2; i++) {
      FieldOwnership.reduce(actual);
      assertThat(FieldOwnership.unchanged(actual, planned)).isEqualTo(asSent);
    }
    return asSent;
  }

  @Test
  void fields_of_other_managers_are_not_kept() {
    var actual = actual();
    var entries = new ArrayList<>(actual.getMetadata().getManagedFields());
    entries.addFirst(
        new ManagedFieldsEntryBuilder(entries.getFirst()).withManager("kubectl").build());
    actual.getMetadata().setManagedFields(entries);

    FieldOwnership.reduce(actual);

    assertThat(actual.getMetadata().getManagedFields())
        .singleElement()
        .satisfies(entry -> assertThat(entry.getFieldsV1().getAdditionalProperties()).hasSize(1));
    assertThat(FieldOwnership.appliedInSpec(actual, "selector")).isTrue();
    assertThat(FieldOwnership.appliedInSpec(actual, "clusterIP")).isFalse();
  }

  @Test
  void what_the_server_added_is_no_drift() {
    assertThat(unchanged(actual(), planned())).isTrue();
  }

  @Test
  void another_plan_is_a_change() {
    var other = planned();
    other.getSpec().getSelector().put("app", "other");
    FieldOwnership.seal(other);

    assertThat(unchanged(actual(), other)).isFalse();
  }

  @Test
  void a_field_that_somebody_took_is_drift() {
    var actual = actual();
    actual
        .getMetadata()
        .getManagedFields()
        .getFirst()
        .getFieldsV1()
        .getAdditionalProperties()
        .remove("f:spec");

    assertThat(unchanged(actual, planned())).isFalse();
  }

  @Test
  void an_object_that_was_never_applied_by_us_is_not_unchanged() {
    var actual = actual();
    actual.getMetadata().getManagedFields().getFirst().setManager("kubectl");

    assertThat(unchanged(actual, planned())).isFalse();
  }

  @Test
  void the_seal_does_not_depend_on_an_older_seal() {
    var twice = planned();
    var first = twice.getMetadata().getAnnotations().get(Labels.PLANNED_HASH);
    FieldOwnership.seal(twice);

    assertThat(twice.getMetadata().getAnnotations()).containsEntry(Labels.PLANNED_HASH, first);
  }
}

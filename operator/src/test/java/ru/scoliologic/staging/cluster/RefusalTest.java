package ru.scoliologic.staging.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.stage.Reason;

class RefusalTest {
  private static final PersistentVolumeClaim CLAIM =
      new PersistentVolumeClaimBuilder()
          .withNewMetadata()
          .withName("env-redis")
          .endMetadata()
          .build();

  private static KubernetesClientException answer(int code, String message) {
    return new KubernetesClientException(
        new StatusBuilder().withCode(code).withMessage(message).build());
  }

  @ParameterizedTest
  @CsvSource({
    "403, 'is forbidden: exceeded quota: none, used: 0', QUOTA_EXCEEDED",
    "403, 'is forbidden: failed quota: q: must specify limits.memory', QUOTA_EXCEEDED",
    "403, 'admission webhook \"policy.example.org\" denied the request: no', ADMISSION_REFUSED",
    "422, 'ValidatingAdmissionPolicy ''p'' with binding ''b'' denied request: no', ADMISSION_REFUSED",
    "403, 'is forbidden: User \"system:serviceaccount:a:b\" cannot patch', RIGHTS_MISSING",
  })
  void the_servers_no_to_an_object_has_a_cause(int code, String said, Reason reason) {
    assertThat(Refusal.of(CLAIM, answer(code, said)))
        .contains(new Refusal(reason, "PersistentVolumeClaim/env-redis: " + said));
  }

  @ParameterizedTest
  @CsvSource({
    "422, 'spec.resources.requests.storage: Forbidden: cannot shrink'",
    "500, 'exceeded quota is what a broken server says'",
    "409, 'denied, for it was changed meanwhile'",
  })
  void another_fault_is_none_of_it(int code, String said) {
    assertThat(Refusal.of(CLAIM, answer(code, said))).isEmpty();
  }

  @Test
  void a_controllers_no_to_a_pod_has_a_cause() {
    assertThat(Refusal.ofPods("pods \"a\" is forbidden: violates PodSecurity \"restricted\""))
        .hasValueSatisfying(refusal -> {
          assertThat(refusal.reason()).isEqualTo(Reason.ADMISSION_REFUSED);
          assertThat(refusal.message())
              .isEqualTo(
                  "its pod is refused: pods \"a\" is forbidden: violates PodSecurity \"restricted\"");
        });
    assertThat(Refusal.ofPods("connection refused")).isEmpty();
  }
}

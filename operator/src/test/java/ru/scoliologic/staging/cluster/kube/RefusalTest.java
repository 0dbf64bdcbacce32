package ru.scoliologic.staging.cluster.kube;

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
    "422, 'ValidatingAdmissionPolicy ''p'' with binding ''b'' denied request: no',"
        + " ADMISSION_REFUSED",
    "400, 'admission webhook \"policy.example.org\" denied the request: no', ADMISSION_REFUSED",
    "500, 'Internal error occurred: failed calling webhook \"policy.example.org\": no endpoints',"
        + " ADMISSION_REFUSED",
    "403, 'is forbidden: User \"system:serviceaccount:a:b\" cannot patch', RIGHTS_MISSING",
  })
  void the_servers_no_to_an_object_has_a_cause(int code, String said, Reason reason) {
    assertThat(Refusal.of(CLAIM, answer(code, said)))
        .contains(
            new Refusal(
                reason,
                "PersistentVolumeClaim/env-redis: " + said,
                "PersistentVolumeClaim/env-redis"));
  }

  @Test
  void an_answer_without_words_is_no_refusal() {
    assertThat(Refusal.of(CLAIM, answer(502, null))).isEmpty();
  }

  @Test
  void a_value_that_the_server_does_not_take_is_told_in_its_words_with_a_cure() {
    var said =
        "Job.batch \"env-redis\" is invalid: spec.template.spec.tolerations[0].operator: Invalid"
            + " value: \"Exists\": value must be empty when `operator` is 'Exists'";

    assertThat(Refusal.of(CLAIM, answer(422, said)))
        .hasValueSatisfying(refusal -> {
          assertThat(refusal.reason()).isEqualTo(Reason.OBJECT_INVALID);
          assertThat(refusal.message())
              .startsWith("PersistentVolumeClaim/env-redis: " + said + "; ")
              .contains("correct the field of the spec that the value comes from");
        });
  }

  @ParameterizedTest
  @CsvSource({
    "403, 'no cause that is known'",
    "500, 'exceeded quota is what a broken server says'",
    "409, 'denied, for it was changed meanwhile'",
  })
  void another_fault_is_none_of_it(int code, String said) {
    assertThat(Refusal.of(CLAIM, answer(code, said))).isEmpty();
  }

  private static KubernetesClientException caused(int code, String kind, String cause) {
    return new KubernetesClientException(
        new StatusBuilder()
            .withCode(code)
            .withMessage(
                "configmaps \"env-traefik\" is forbidden: unable to create new content in namespace"
                    + " team because it is being terminated")
            .withNewDetails()
            .withKind(kind)
            .addNewCause()
            .withReason(cause)
            .endCause()
            .endDetails()
            .build());
  }

  @Test
  void a_namespace_that_is_being_deleted_is_no_policys_no() {
    var terminating = caused(403, "configmaps", "NamespaceTerminating");

    assertThat(Refusal.of(CLAIM, terminating)).isEmpty();
    assertThat(NamespaceEnd.isCauseOf(terminating)).isTrue();
    assertThat(NamespaceEnd.isCauseOf(caused(404, "namespaces", ""))).isTrue();
    assertThat(NamespaceEnd.isCauseOf(caused(404, "configmaps", ""))).isFalse();
    assertThat(NamespaceEnd.isCauseOf(answer(403, "is forbidden: exceeded quota"))).isFalse();
  }

  @Test
  void a_controllers_no_to_a_pod_has_a_cause() {
    assertThat(Refusal.ofPods("pods \"a\" is forbidden: violates PodSecurity \"restricted\""))
        .hasValueSatisfying(refusal -> {
          assertThat(refusal.reason()).isEqualTo(Reason.ADMISSION_REFUSED);
          assertThat(refusal.message())
              .isEqualTo(
                  "its pod is refused: pods \"a\" is forbidden: violates PodSecurity"
                      + " \"restricted\"");
        });
    assertThat(Refusal.ofPods("connection refused")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          create Pod demo-postgres-0 in StatefulSet demo-postgres failed error: Pod "demo-postgres-0" \
          is invalid: spec.containers[0].resources.requests: Invalid value: "100m": must be less than \
          or equal to cpu limit of 50m | a LimitRange of the namespace does
          Internal error occurred: failed calling webhook "pods.policy.test": no endpoints | no endpoints
          """)
  void a_pod_that_is_none_after_admission_has_the_servers_words_and_a_cure(
      String said, String helps) {
    assertThat(Refusal.ofPods(said))
        .hasValueSatisfying(refusal -> {
          assertThat(refusal.reason()).isEqualTo(Reason.ADMISSION_REFUSED);
          assertThat(refusal.message()).startsWith("its pod is refused: " + said).contains(helps);
        });
  }
}

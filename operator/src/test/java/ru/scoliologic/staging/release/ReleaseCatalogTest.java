package ru.scoliologic.staging.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.api.StagingRelease;

/** Which releases stand for a version; a pass goes over the others. */
class ReleaseCatalogTest {
  private static final String COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a | spec: {environment: a, image: app-1} | true",
        "a | spec: {environment: a, commit: {hash: COMMIT}, buildHash: 0123456789abcdef0123} | true",
        "a | spec: {environment: a, commit: {hash: COMMIT}, buildHash: x} | false",
        "a | spec: {environment: a, commit: {hash: COMMIT}, buildHash: XXXXXXXXXX} | false",
        "a | spec: {environment: a, commit: {hash: COMMIT}} | false",
        "a | spec: {environment: a, commit: {hash: 1a2b}, buildHash: 0123456789abcdef0123} | false",
        "a | spec: {environment: a, commit: {}, buildHash: 0123456789abcdef0123} | false",
        "a | spec: {environment: a} | false",
        "a | spec: {} | false",
        "a | metadata: {} | false",
        "b | spec: {environment: a, image: app-1} | false"
      })
  void a_release_that_stands_for_no_version_of_the_labelled_environment_is_passed_over(
      String label, String fields, boolean readable) {
    var release =
        new KubernetesSerialization()
            .unmarshal(fields.replace("COMMIT", "'" + COMMIT + "'"), StagingRelease.class);
    release.getMetadata().getLabels().put("staging.scoliologic.ru/environment", label);
    release.getMetadata().getLabels().put("app.kubernetes.io/managed-by", "staging-operator");

    assertThat(ReleaseCatalog.isReadable(release)).isEqualTo(readable);
  }
}

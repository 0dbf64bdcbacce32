package ru.scoliologic.staging.configuration;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SharedIngress;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Checks that the Secrets and the ConfigMap that spec.gitops names have what the agent needs.
 *
 * @param hide receives every value that was found
 */
record GitopsReferences(Snapshot snapshot, Problems problems, Consumer<String> hide) {
  private static final String FIELD = "spec.gitops.";

  void check() {
    var gitops = snapshot.environment().getSpec().gitops();
    if (gitops == null) {
      return;
    }
    credentials(gitops);
    if (gitops.webhook() != null) {
      key(gitops.webhook().secretKeyRef(), "webhook");
    }
    if (gitops.commitStatus() != null) {
      key(gitops.commitStatus().tokenSecretKeyRef(), "commitStatus");
    }
    if (gitops.build().engine().tls() != null) {
      keys(
          gitops.build().engine().tls(),
          "build.engine.tls",
          List.of("ca.pem", "cert.pem", "key.pem"));
    }
    var external = gitops.registry().external();
    if (external != null && external.credentials() != null) {
      keys(external.credentials(), "registry.external.credentials", List.of(".dockerconfigjson"));
    }
    authority(gitops);
  }

  /** A URL of HTTP needs a token, one of SSH a private key and the server's host key. */
  private void credentials(GitopsSpec gitops) {
    if (gitops.credentials() == null) {
      if (!gitops.overHttp()) {
        problems.missingKey(
            "sshPrivateKey, knownHosts (%scredentials names no Secret, and repository is one of ssh)"
                .formatted(FIELD));
      }
      return;
    }
    keys(
        gitops.credentials(),
        "credentials",
        gitops.overHttp() ? List.of("token") : List.of("sshPrivateKey", "knownHosts"));
  }

  private void keys(SharedIngress.SecretName secret, String field, List<String> keys) {
    keys.forEach(key -> key(new KeyRef(secret.name(), key), field));
  }

  private void key(KeyRef ref, String field) {
    var secret = snapshot.secrets().get(ref.name());
    if (secret == null) {
      problems.missingSecret(ref);
      return;
    }
    var value = Optional.ofNullable(Settings.values(secret).get(ref.key()));
    if (value.isEmpty()) {
      problems.missingKey(
          "%s (in Secret %s, for %s%s)".formatted(ref.key(), ref.name(), FIELD, field));
    } else if (value.get().isBlank() || Placeholders.isPlaceholder(value.get())) {
      problems.invalid(
          "%s in Secret %s is %s (for %s%s)"
              .formatted(
                  ref.key(),
                  ref.name(),
                  value.get().isBlank() ? "empty" : "a placeholder",
                  FIELD,
                  field));
    }
    value.ifPresent(hide);
  }

  private void authority(GitopsSpec gitops) {
    if (gitops.caBundle() == null) {
      return;
    }
    var ref = gitops.caBundle().configMapKeyRef();
    var configMap = snapshot.configMaps().get(ref.name());
    var pem =
        configMap == null || configMap.getData() == null
            ? null
            : configMap.getData().get(ref.key());
    if (pem == null) {
      problems.missingConfigMap(
          "ConfigMap %s with key %s (%scaBundle)".formatted(ref.name(), ref.key(), FIELD));
    } else if (!AuthorityBundle.holdsCertificates(pem)) {
      problems.invalid(
          "key %s of ConfigMap %s holds no PEM certificates (%scaBundle)"
              .formatted(ref.key(), ref.name(), FIELD));
    }
  }
}

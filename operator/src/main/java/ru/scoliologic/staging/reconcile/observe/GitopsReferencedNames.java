package ru.scoliologic.staging.reconcile.observe;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SharedIngress;

/** Names of the objects to which spec.gitops refers. */
final class GitopsReferencedNames {
  private GitopsReferencedNames() {}

  /** Secrets; empty when no branch is followed. */
  static List<String> secrets(GitopsSpec gitops) {
    if (gitops == null) {
      return List.of();
    }
    var external = gitops.registry().external();
    var whole =
        Stream.of(
                gitops.credentials(),
                gitops.build().engine().tls(),
                external == null ? null : external.credentials())
            .filter(Objects::nonNull)
            .map(SharedIngress.SecretName::name);
    var keys =
        Stream.of(
                gitops.webhook() == null ? null : gitops.webhook().secretKeyRef(),
                gitops.commitStatus() == null ? null : gitops.commitStatus().tokenSecretKeyRef())
            .filter(Objects::nonNull)
            .map(KeyRef::name);
    return Stream.concat(whole, keys).toList();
  }

  /** ConfigMaps; empty when no branch is followed. */
  static List<String> configMaps(GitopsSpec gitops) {
    return Stream.ofNullable(gitops)
        .map(GitopsSpec::caBundle)
        .filter(Objects::nonNull)
        .map(bundle -> bundle.configMapKeyRef().name())
        .toList();
  }
}

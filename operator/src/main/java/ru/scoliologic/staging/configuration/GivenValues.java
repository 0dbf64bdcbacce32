package ru.scoliologic.staging.configuration;

import java.util.Optional;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** Values from the Secrets of {@code spec.secrets.from}: the first Secret that has a key counts. */
record GivenValues(Snapshot snapshot) {

  /**
   * A value from a Secret.
   *
   * @param secret name of the Secret
   */
  record Given(String secret, String value) {
    String origin() {
      return "from Secret " + secret;
    }
  }

  /** The value of a key; an empty value of an optional key counts as absent. */
  Optional<Given> of(SecretsSpec.Key key) {
    return first(key.name()).filter(given -> !key.optional() || !given.value().isEmpty());
  }

  private Optional<Given> first(String key) {
    for (var source : snapshot.environment().getSpec().secrets().from()) {
      var name = source.secretRef().name();
      var secret = snapshot.secrets().get(name);
      if (secret != null && secret.getData() != null && secret.getData().containsKey(key)) {
        return Optional.of(new Given(name, Settings.values(secret).get(key)));
      }
    }
    return Optional.empty();
  }
}

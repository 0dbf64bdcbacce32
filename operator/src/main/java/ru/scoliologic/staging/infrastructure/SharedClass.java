package ru.scoliologic.staging.infrastructure;

import java.util.Optional;
import java.util.TreeSet;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.stage.StageResult.Failing;
import ru.scoliologic.staging.stage.StageResult.Waiting;

/** Checks what an environment needs of another ingress controller. */
final class SharedClass {
  private SharedClass() {}

  /** What is missing; empty in mode Own. */
  static Optional<StageResult> problem(Snapshot snapshot) {
    var ingress = snapshot.environment().getSpec().ingress();
    if (!ingress.sharesController()) {
      return Optional.empty();
    }
    var shared = ingress.shared();
    var classes = snapshot.surroundings().ingress().classes();
    if (!exists(snapshot)) {
      return Optional.of(
          new Failing(
              Reason.INGRESS_CLASS_MISSING,
              "spec.ingress.shared.className: ingress class %s does not exist; the cluster has %s"
                  .formatted(
                      shared.className(),
                      classes.isEmpty() ? "none" : String.join(", ", new TreeSet<>(classes)))));
    }
    return shared.tlsSecretRef() == null
        ? Optional.empty()
        : secret(snapshot, shared.tlsSecretRef().name());
  }

  static boolean exists(Snapshot snapshot) {
    var name = snapshot.environment().getSpec().ingress().shared().className();
    return snapshot.surroundings().ingress().classes().contains(name);
  }

  private static Optional<StageResult> secret(Snapshot snapshot, String name) {
    var secret = snapshot.secrets().get(name);
    if (secret == null) {
      return Optional.of(
          new Waiting(
              Reason.TLS_SECRET_MISSING,
              "Secret %s (spec.ingress.shared.tlsSecretRef) does not exist".formatted(name)));
    }
    var data = secret.getData();
    return data != null && data.containsKey("tls.crt") && data.containsKey("tls.key")
        ? Optional.empty()
        : Optional.of(
            new Waiting(
                Reason.TLS_SECRET_MISSING,
                "Secret %s (spec.ingress.shared.tlsSecretRef) lacks tls.crt or tls.key: make it"
                        .formatted(name)
                    + " with `kubectl create secret tls`"));
  }

  /** Why there is no address yet. */
  static StageResult noAddress(Snapshot snapshot) {
    return new Waiting(
        Reason.AWAITING_ADDRESS,
        "Ingress %s has no address yet: see whether a controller serves class %s; where it publishes"
                .formatted(
                    snapshot.names().app(),
                    snapshot.environment().getSpec().ingress().shared().className())
            + " none, set spec.ingress.addresses",
        Waiting.SOON);
  }
}

package ru.scoliologic.staging.configuration;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.RotationState.Step;

/** How the component that checks a value takes part in its rotation, if there is one. */
enum Logins {
  /** Only the application uses the value. */
  NONE(null),

  /**
   * Two roles alternate; each session becomes the owner. The owner's own password is for Jobs, and
   * changes once, when the application stops logging in as the owner.
   */
  POSTGRES(ComponentName.POSTGRES),

  /** The default user has both passwords during a rotation. */
  REDIS(ComponentName.REDIS);

  /** Letters and digits, so that the value needs no quoting anywhere. */
  private static final int PASSWORD_LENGTH = 32;

  /** Longest name of a role, in bytes. */
  private static final int NAME_LENGTH = 63;

  private final ComponentName component;

  Logins(ComponentName component) {
    this.component = component;
  }

  /**
   * A desired state of the component.
   *
   * @param id the same for the same state of the same server
   */
  record Wanted(
      String id, String verb, Map<String, String> variables, Map<String, String> secrets) {}

  static Logins of(String key) {
    return switch (key) {
      case Settings.POSTGRES_PASSWORD -> POSTGRES;
      case Settings.REDIS_PASSWORD -> REDIS;
      default -> NONE;
    };
  }

  Optional<ComponentName> component() {
    return Optional.ofNullable(component);
  }

  /** The values that a rotation begins with; empty when no draw meets the rules of the key. */
  Map<String, String> fresh(Rotation rotation) {
    var key = rotation.key();
    var random = rotation.snapshot().fresh();
    var made = new TreeMap<String, String>();
    if (this == NONE) {
      rotation.snapshot().environment().getSpec().secrets().keys().stream()
          .filter(k -> k.name().equals(key))
          .findFirst()
          .flatMap(k -> KeyValues.drawn(rotation.snapshot(), k))
          .ifPresent(value -> made.put(key + Rotation.NEXT, value));
      return made;
    }
    var characters = SecretsSpec.Alphabet.Alphanumeric.characters();
    made.put(key + Rotation.NEXT, random.next(PASSWORD_LENGTH, characters));
    if (this == POSTGRES && rotation.state().login() == null) {
      made.put(key + Rotation.OWNER, random.next(PASSWORD_LENGTH, characters));
    }
    return made;
  }

  /** The next role with which the application logs in. */
  Optional<String> next(Rotation rotation) {
    if (this != POSTGRES) {
      return Optional.empty();
    }
    var owner = owner(rotation.snapshot());
    var stem = owner.substring(0, Math.min(owner.length(), NAME_LENGTH - 2));
    return Optional.of(stem + ((stem + "_a").equals(rotation.state().login()) ? "_b" : "_a"));
  }

  private static String owner(Snapshot snapshot) {
    return snapshot.environment().getSpec().services().postgres().user();
  }

  /** Uid of the claim whose data has the roles. */
  Optional<String> volume(Snapshot snapshot) {
    return this == POSTGRES
        ? snapshot
            .owned()
            .find(PersistentVolumeClaim.class, snapshot.names().postgres())
            .map(claim -> claim.getMetadata().getUid())
        : Optional.empty();
  }

  /** Whether the data is not that in which the roles were created. */
  boolean onNewData(Rotation rotation) {
    var known = rotation.state().volume();
    return known != null
        && volume(rotation.snapshot()).filter(there -> !there.equals(known)).isPresent();
  }

  /** What a rotation waits for before it begins; empty when nothing. */
  Optional<String> missing(Snapshot snapshot) {
    return this == POSTGRES && volume(snapshot).isEmpty()
        ? Optional.of("the database to be created")
        : Optional.empty();
  }

  /** The desired state of the component; empty when it does not matter or is unknown. */
  Optional<Wanted> wanted(Rotation rotation) {
    return switch (this) {
      case NONE -> Optional.empty();
      case POSTGRES -> postgres(rotation);
      case REDIS -> redis(rotation);
    };
  }

  private static Optional<Wanted> postgres(Rotation rotation) {
    var state = rotation.state();
    if (!rotation.active() || state.is(Step.STARTING)) {
      return Optional.empty();
    }
    var key = rotation.key();
    return Optional.of(
        switch (state.attempt().step()) {
          case PREPARING ->
              role(rotation, "admit", state.attempt().login(), Map.of("NEW", key + Rotation.NEXT));
          case RETIRING ->
              state.login() == null
                  ? role(
                      rotation,
                      "disown",
                      owner(rotation.snapshot()),
                      Map.of("NEW", key + Rotation.OWNER))
                  : role(rotation, "retire", state.login(), Map.of());
          default -> role(rotation, "retire", state.attempt().login(), Map.of());
        });
  }

  private static Wanted role(
      Rotation rotation, String verb, String role, Map<String, String> secrets) {
    var attempt = rotation.state().attempt();
    var id =
        String.join(
            "/",
            verb,
            role,
            String.valueOf(attempt.number()),
            attempt.begun(),
            String.valueOf(rotation.state().volume()));
    var all = new TreeMap<>(secrets);
    all.put("PGPASSWORD", rotation.key());
    return new Wanted(id, verb, Map.of("ROLE", role), all);
  }

  /**
   * Redis loses a changed password at a restart, and reads a file that may lag behind; so a
   * password that was ever changed is set again.
   */
  private static Optional<Wanted> redis(Rotation rotation) {
    var state = rotation.state();
    boolean touched = rotation.active() || state.doneAt() != null || state.live() != null;
    var key = rotation.key();
    return rotation.snapshot().podsOf(REDIS.component).stream()
        .filter(pod -> touched && pod.getStatus() != null)
        .flatMap(pod ->
            pod.getStatus().getContainerStatuses().stream()
                .map(c -> pod.getMetadata().getUid() + "/" + c.getRestartCount()))
        .findFirst()
        .map(server -> {
          if (state.is(Step.PREPARING) || state.is(Step.STARTING)) {
            return accepts(
                server,
                "both/" + state.attempt().number() + "/" + state.attempt().begun(),
                Map.of(),
                Map.of("PASSWORD", key + Rotation.NEXT, "OTHER", key));
          }
          if (state.is(Step.RETIRING)) {
            var switched = Instant.parse(state.attempt().switched()).getEpochSecond();
            return accepts(
                server,
                "only/" + state.attempt().number(),
                Map.of("SINCE", String.valueOf(switched)),
                Map.of("PASSWORD", key + Rotation.NEXT));
          }
          return accepts(server, "only/" + state.done(), Map.of(), Map.of("PASSWORD", key));
        });
  }

  private static Wanted accepts(
      String server, String what, Map<String, String> variables, Map<String, String> secrets) {
    return new Wanted(what + "/" + server, "accept", variables, secrets);
  }

  /** One sentence about the current step. */
  String message(Rotation rotation) {
    var attempt = rotation.state().attempt();
    var cause = attempt.cause() == null ? "" : attempt.cause();
    return switch (attempt.step()) {
      case PREPARING ->
          this == POSTGRES
              ? "PostgreSQL is given the role " + attempt.login()
              : "Redis is given the new password beside the old one";
      case STARTING -> "the application is restarted; the value before stays valid";
      case RETIRING ->
          "the application runs with the new value; the one before is revoked"
              + (cause.isEmpty() ? "" : ", which failed and is tried again: " + cause);
      case REVERTING ->
          "the application goes back to the value before"
              + (cause.isEmpty() ? ", as the spec requests" : ": " + cause);
    };
  }
}

package ru.scoliologic.staging.configuration;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.LoginTask;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.RotationState.Step;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The rotations of all generated keys, one at a time, so that a failure has one possible cause.
 *
 * @param keys one for each key that can be rotated
 * @param app the serving application
 * @param variables hash of its desired variables; null while unknown
 * @param before {@code keys} before the step of this pass
 */
public record Rotations(
    Snapshot snapshot,
    List<Rotation> keys,
    RunningApp app,
    String variables,
    List<Rotation> before) {
  private static final List<String> LOGINS =
      List.of(Settings.POSTGRES_PASSWORD, Settings.REDIS_PASSWORD);
  private static final String THE_APP = "the application to be available";

  public Rotations {
    keys = List.copyOf(keys);
    before = List.copyOf(before);
  }

  static Rotations none(Snapshot snapshot) {
    return new Rotations(snapshot, List.of(), RunningApp.of(snapshot), null, List.of());
  }

  /** The rotations as stored. */
  static Rotations of(Snapshot snapshot, KeyValues values) {
    var asked =
        snapshot.environment().getSpec().secrets().keys().stream()
            .filter(key -> key.generate() != null && !values.isGiven(key))
            .collect(Collectors.toMap(key -> key.name(), key -> key.generate().rotation()));
    var keys = new ArrayList<Rotation>();
    values
        .credentials()
        .forEach((key, value) -> {
          if (asked.containsKey(key) || LOGINS.contains(key)) {
            keys.add(rotation(snapshot, key, value, asked.getOrDefault(key, 0), values.stored()));
          }
        });
    return new Rotations(snapshot, keys, RunningApp.of(snapshot), null, keys);
  }

  private static Rotation rotation(
      Snapshot snapshot, String key, String value, int asked, Map<String, String> stored) {
    var values = new TreeMap<>(Map.of(key, value));
    Stream.of(Rotation.NEXT, Rotation.LOGIN, Rotation.OWNER)
        .map(suffix -> key + suffix)
        .filter(stored::containsKey)
        .forEach(name -> values.put(name, stored.get(name)));
    // A value that was just generated satisfies the requested number.
    var state =
        stored.containsKey(key)
            ? RotationState.of(stored.get(key + Rotation.STATE))
            : RotationState.of(String.valueOf(asked));
    return new Rotation(snapshot, key, asked, Logins.of(key), state, values);
  }

  /** Their entries in the credentials. */
  Map<String, String> entries() {
    var entries = new TreeMap<String, String>();
    keys.forEach(key -> entries.putAll(key.entries()));
    return entries;
  }

  /** Whether an entry of the credentials belongs to a rotation. */
  boolean holds(String name) {
    return keys.stream()
        .flatMap(rotation ->
            Stream.of("", Rotation.STATE, Rotation.NEXT, Rotation.LOGIN, Rotation.OWNER)
                .map(suffix -> rotation.key() + suffix))
        .anyMatch(name::equals);
  }

  /**
   * The current value of every key for the application: the result of a rotation that just ended is
   * stored by this pass only, and the value read before it is the revoked one.
   */
  Map<String, String> values() {
    return keys.stream()
        .filter(rotation -> rotation.value() != null)
        .collect(Collectors.toMap(Rotation::key, Rotation::value));
  }

  /** The PostgreSQL role with which the application must log in. */
  String login(String owner) {
    return of(Settings.POSTGRES_PASSWORD).flatMap(Rotation::login).orElse(owner);
  }

  /** The passwords that Redis must accept; empty while unknown. */
  List<String> redisPasswords() {
    return of(Settings.REDIS_PASSWORD).stream()
        .flatMap(rotation ->
            rotation.state().is(Step.PREPARING) || rotation.state().is(Step.STARTING)
                ? Stream.of(
                    rotation.values().get(rotation.key()),
                    rotation.values().get(rotation.key() + Rotation.NEXT))
                : Stream.of(rotation.value()))
        .toList();
  }

  private Optional<Rotation> of(String key) {
    return keys.stream().filter(rotation -> rotation.key().equals(key)).findFirst();
  }

  /**
   * The rotations after one step, or unchanged.
   *
   * @param variables hash of the desired variables under the present steps
   */
  Rotations advanced(String variables, SecretMasker masking) {
    var next = new ArrayList<Rotation>();
    for (var rotation : keys) {
      next.add(rotation.advanced(app, variables, masking));
    }
    if (next.equals(keys) && keys.stream().noneMatch(Rotation::active)) {
      for (int i = 0; i < next.size(); i++) {
        if (next.get(i).due() && waitsFor(next.get(i), variables).isEmpty()) {
          next.set(i, next.get(i).begun());
          break;
        }
      }
    }
    return new Rotations(snapshot, next, app, variables, keys);
  }

  private Optional<String> waitsFor(Rotation rotation, String variables) {
    var other = keys.stream().filter(Rotation::active).map(Rotation::key).findFirst();
    if (other.isPresent()) {
      return other.map(key -> "the rotation of " + key);
    }
    if (app.isBeingReplaced()) {
      return Optional.of("the version that starts to be rolled out");
    }
    // An application that does not come up anyway has nothing to lose, and may need this value.
    return app.ready(variables) || app.failure(variables).isPresent()
        ? rotation.logins().missing(snapshot)
        : Optional.of(THE_APP);
  }

  /** Whether a value is being replaced or reverted. */
  public boolean active() {
    return keys.stream().anyMatch(Rotation::active);
  }

  /** Whether a step was made in this pass, so that the next one may be due at once. */
  public boolean moved() {
    return !before.equals(keys);
  }

  /** Without the step of this pass, which could not be stored. */
  Rotations asStored(Map<String, String> stored) {
    var kept = before.stream().filter(rotation -> stored.containsKey(rotation.key())).toList();
    return new Rotations(snapshot, kept, app, variables, kept);
  }

  /** The changes that PostgreSQL and Redis need now. */
  public List<LoginTask> tasks() {
    return keys.stream().map(Rotation::task).flatMap(Optional::stream).toList();
  }

  /** The rows of the status; null when no rotation was ever requested. */
  public List<StagingEnvironmentStatus.Rotation> rows() {
    var rows =
        keys.stream()
            .map(rotation ->
                rotation.row(
                    variables == null
                        ? "the configuration to be complete"
                        : waitsFor(rotation, variables).orElse(THE_APP)))
            .flatMap(Optional::stream)
            .toList();
    return rows.isEmpty() ? null : rows;
  }

  /** The first rotation that is unfinished or failed; empty when there is none. */
  public Optional<StageResult> result() {
    var rows = rows() == null ? List.<StagingEnvironmentStatus.Rotation>of() : rows();
    return rows.stream()
        .filter(row -> !List.of("Failed", "Done").contains(row.step()))
        .min(Comparator.comparing(row -> row.step().equals("Waiting")))
        .<StageResult>map(row -> new StageResult.Waiting(Reason.ROTATING, sentence(row)))
        .or(() ->
            rows.stream()
                .filter(row -> row.step().equals("Failed"))
                .findFirst()
                .map(row -> new StageResult.Stalled(Reason.ROTATION_FAILED, sentence(row))));
  }

  private static String sentence(StagingEnvironmentStatus.Rotation row) {
    return "rotation %d of %s: %s".formatted(row.rotation(), row.key(), row.message());
  }
}

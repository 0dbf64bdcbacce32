package ru.scoliologic.staging.configuration;

import static ru.scoliologic.staging.configuration.Settings.CHECK_TOKEN;
import static ru.scoliologic.staging.configuration.Settings.DASHBOARD_PROBE_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.GRAFANA_ADMIN_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.POSTGRES_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.REDIS_OPERATOR_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.REDIS_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.REGISTRY_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.REGISTRY_USERS;

import com.google.re2j.Pattern;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.ImageReferences;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Finds or generates the value of every key: a user's Secret comes first, then what was generated
 * before. The password that data was created with stays in force as long as the data exists.
 */
final class KeyValues {
  private static final int PASSWORD_LENGTH = 32;

  /** Draws until a value meets the rules of its key. */
  private static final int TRIES = 100;

  /** Passwords that a component's data is created with: the application gets them only composed. */
  static final List<String> PASSWORDS =
      List.of(POSTGRES_PASSWORD, REDIS_PASSWORD, GRAFANA_ADMIN_PASSWORD);

  private final Snapshot snapshot;
  private final Problems problems;
  private final GivenValues givenValues;
  private final Map<String, String> stored;
  private final Map<String, String> applied;
  private final Map<String, String> credentials;
  private final Map<String, String> values = new LinkedHashMap<>();
  private final Set<String> absent = new HashSet<>();
  private final List<String> unused = new ArrayList<>();
  private final Origins origins = new Origins();

  KeyValues(Snapshot snapshot, Problems problems) {
    this.snapshot = snapshot;
    this.problems = problems;
    this.givenValues = new GivenValues(snapshot);
    this.stored =
        snapshot.ownedSecret(snapshot.names().credentials()).map(Settings::values).orElse(Map.of());
    this.applied =
        snapshot
            .ownedSecret(snapshot.names().appEnvironment())
            .map(Settings::values)
            .orElse(Map.of());
    // Generated values are kept: their key may leave the Secret that gives it, or come back.
    this.credentials = new TreeMap<>(stored);
  }

  /** What the operator keeps, including what was kept before. */
  Map<String, String> credentials() {
    return credentials;
  }

  Map<String, String> values() {
    return values;
  }

  /** Optional keys that no Secret has. */
  Set<String> absent() {
    return absent;
  }

  /** Values that a Secret gives and that are not in force: they are masked too. */
  List<String> unused() {
    return unused;
  }

  Origins origins() {
    return origins;
  }

  /** Whether the database's password is lost: an existing database must not get a new one. */
  boolean lost() {
    return !stored.containsKey(POSTGRES_PASSWORD) && hasData(POSTGRES_PASSWORD);
  }

  void resolve(SecretsSpec secrets) {
    for (var source : secrets.from()) {
      var name = source.secretRef().name();
      if (!snapshot.secrets().containsKey(name)) {
        problems.missingSecret(name);
      }
    }
    for (var key : secrets.keys()) {
      noteRotation(key);
      if (PASSWORDS.contains(key.name()) && dataWasMadeWith(key.name())) {
        kept(key);
      } else {
        resolve(key);
      }
    }
    passwords();
    credentials.put(
        DASHBOARD_PROBE_PASSWORD, storedOrNew(DASHBOARD_PROBE_PASSWORD, PASSWORD_LENGTH));
    credentials.put(REDIS_OPERATOR_PASSWORD, storedOrNew(REDIS_OPERATOR_PASSWORD, PASSWORD_LENGTH));
    if (snapshot.environment().getSpec().ingress().access() != null) {
      credentials.put(CHECK_TOKEN, storedOrNew(CHECK_TOKEN, PASSWORD_LENGTH));
    }
    if (ImageReferences.isOwn(snapshot.environment())) {
      registryUser();
    }
  }

  /** The password of the registry's user and the matching htpasswd line. */
  private void registryUser() {
    var password = storedOrNew(REGISTRY_PASSWORD, PASSWORD_LENGTH);
    credentials.put(REGISTRY_PASSWORD, password);
    credentials.put(
        REGISTRY_USERS,
        stored.containsKey(REGISTRY_PASSWORD) && stored.containsKey(REGISTRY_USERS)
            ? stored.get(REGISTRY_USERS)
            : RegistryUser.line(
                password,
                snapshot
                    .fresh()
                    .next(
                        RegistryUser.SALT_LENGTH, SecretsSpec.Alphabet.Alphanumeric.characters())));
  }

  /** Passwords that no key lists, but a component needs. */
  private void passwords() {
    var listed =
        snapshot.environment().getSpec().secrets().keys().stream()
            .filter(key -> !key.optional())
            .map(SecretsSpec.Key::name)
            .toList();
    boolean grafana = snapshot.environment().getSpec().grafana().isPresent();
    for (var name : PASSWORDS) {
      boolean used = !name.equals(GRAFANA_ADMIN_PASSWORD) || grafana || stored.containsKey(name);
      if (used && !values.containsKey(name) && !listed.contains(name)) {
        values.put(name, storedOrNew(name, PASSWORD_LENGTH));
        origins.add("generated", name);
        absent.remove(name);
      }
      if (values.containsKey(name)) {
        credentials.put(name, values.get(name));
      }
    }
  }

  private boolean dataWasMadeWith(String password) {
    return stored.containsKey(password) && hasData(password) && !awaitsItsDatabase(password);
  }

  /** Whether no server ever ran with the password, so that another one does no harm. */
  private boolean awaitsItsDatabase(String password) {
    return password.equals(POSTGRES_PASSWORD)
        && snapshot
            .owned()
            .find(PersistentVolumeClaim.class, snapshot.names().postgres())
            .map(claim -> claim.getMetadata().getAnnotations())
            .filter(marks -> marks.containsKey(Labels.FIRST_DEPLOYMENT))
            .filter(marks -> !marks.containsKey(Labels.POSTGRES_MAJOR))
            .isPresent();
  }

  /** Notes a rotation without effect: the operator does not rotate what a Secret gives. */
  private void noteRotation(SecretsSpec.Key key) {
    var given = givenValues.of(key);
    if (given.isPresent() && key.generate() != null && key.generate().rotation() > 0) {
      problems.note(
          ("generate.rotation of %s has no effect while Secret %s provides the key:"
                  + " remove it there and the operator generates the next value%s")
              .formatted(
                  key.name(),
                  given.get().secret(),
                  PASSWORDS.contains(key.name()) ? "" : ", or change the value there"));
    }
  }

  private boolean hasData(String password) {
    var names = snapshot.names();
    var claim =
        switch (password) {
          case POSTGRES_PASSWORD -> names.postgres();
          case REDIS_PASSWORD -> names.redis();
          default -> names.grafana();
        };
    return snapshot.owned().find(PersistentVolumeClaim.class, claim).isPresent();
  }

  /** A password that data was created with: another one in a Secret has no effect. */
  private void kept(SecretsSpec.Key key) {
    var name = key.name();
    var given = givenValues.of(key);
    var value =
        given.map(GivenValues.Given::value).filter(v -> mends(name, v)).orElse(stored.get(name));
    values.put(name, value);
    if (given.isPresent() && given.get().value().equals(value)) {
      origins.add(given.get().origin(), name);
      if (LineEnd.endsWithOne(value)) {
        problems.note("%s in Secret %s %s".formatted(name, given.get().secret(), LineEnd.FAULT));
      }
    } else if (given.isPresent()) {
      unused.add(given.get().value());
      origins.add("kept", name);
      problems.note(
          ("%s of Secret %s is not in force: the data was created with the one in Secret"
                  + " %s; to change it, %s")
              .formatted(name, given.get().secret(), snapshot.names().credentials(), change(name)));
    } else if (key.generate() == null && !key.optional()) {
      origins.add("kept", name);
      problems.note(
          ("no Secret has %s: the one in Secret %s, with which the data was created,"
                  + " stays in force")
              .formatted(name, snapshot.names().credentials()));
    } else {
      origins.add("generated", name);
    }
  }

  /** Whether only a line end goes: the component was created without it, as files are read so. */
  private boolean mends(String name, String given) {
    return LineEnd.endsWithOne(stored.get(name)) && LineEnd.without(stored.get(name)).equals(given);
  }

  private static String change(String name) {
    return name.equals(GRAFANA_ADMIN_PASSWORD)
        ? "do so in Grafana"
        : "remove the key from the Secret and raise its generate.rotation: the operator"
            + " generates the next one";
  }

  private void resolve(SecretsSpec.Key key) {
    var given = givenValues.of(key);
    if (given.isPresent()) {
      given(key, given.get());
    } else if (key.generate() != null) {
      generate(key);
    } else if (key.optional()) {
      absent.add(key.name());
    } else {
      problems.missingKey(key.name());
    }
  }

  private void given(SecretsSpec.Key key, GivenValues.Given given) {
    var fault =
        Placeholders.isPlaceholder(given.value())
            ? Optional.of("is a placeholder")
            : given.value().isEmpty()
                ? Optional.of("is empty")
                : lineEnd(key, given.value()).or(() -> fault(key, given.value()));
    if (fault.isPresent()) {
      problems.invalid("%s in Secret %s %s".formatted(key.name(), given.secret(), fault.get()));
      unused.add(given.value());
    } else {
      values.put(key.name(), given.value());
      origins.add(given.origin(), key.name());
    }
  }

  /** A line end that the application already runs with is accepted. */
  private Optional<String> lineEnd(SecretsSpec.Key key, String value) {
    return LineEnd.endsWithOne(value) && !value.equals(applied.get(key.name()))
        ? Optional.of(LineEnd.FAULT)
        : Optional.empty();
  }

  /** Whether a Secret gives a key: the operator does not change such a value. */
  boolean isGiven(SecretsSpec.Key key) {
    return givenValues.of(key).isPresent();
  }

  /** The credentials before this pass. */
  Map<String, String> stored() {
    return stored;
  }

  /** The rule of a key that a value breaks; quotes no part of the value. */
  private static Optional<String> fault(SecretsSpec.Key key, String value) {
    if (key.minLength() != null && value.length() < key.minLength()) {
      return Optional.of(
          "has %d characters and needs %d".formatted(value.length(), key.minLength()));
    }
    return key.pattern() != null && !Pattern.matches(key.pattern(), value)
        ? Optional.of("does not match " + key.pattern())
        : Optional.empty();
  }

  /** The value generated for a key; {@link Rotations} replaces it. */
  private void generate(SecretsSpec.Key key) {
    var name = key.name();
    var rotation = RotationState.of(stored.get(name + Rotation.STATE));
    boolean isNew = !stored.containsKey(name);
    boolean changes =
        !isNew && (rotation.attempt() != null || rotation.isDue(key.generate().rotation()));
    var value = isNew ? drawn(snapshot, key) : Optional.of(stored.get(name));
    if (value.isEmpty() || (changes && drawn(snapshot, key).isEmpty())) {
      problems.invalid(
          ("%s cannot be generated: no value of %d characters (%s) was found that matches"
                      + " %s; change")
                  .formatted(
                      name, key.generate().length(), key.generate().alphabet(), key.pattern())
              + " its pattern or the characters it is generated from");
      return;
    }
    if (!isNew && !changes) {
      fault(key, value.get())
          .ifPresent(fault ->
              problems.invalid(
                  ("%s, which was generated before, %s: raise its generate.rotation, or lower the"
                          + " requirement")
                      .formatted(name, fault)));
    }
    values.put(name, value.get());
    credentials.put(name, value.get());
    origins.add("generated", name);
  }

  /** A new value for a key; empty when no draw meets the rules of the key. */
  static Optional<String> drawn(Snapshot snapshot, SecretsSpec.Key key) {
    var generate = key.generate();
    for (int i = 0; i < TRIES; i++) {
      var value = snapshot.fresh().next(generate.length(), generate.alphabet().characters());
      if (fault(key, value).isEmpty()) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }

  private String storedOrNew(String name, int length) {
    return stored.containsKey(name)
        ? stored.get(name)
        : snapshot.fresh().next(length, SecretsSpec.Alphabet.Alphanumeric.characters());
  }
}

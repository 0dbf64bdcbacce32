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
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Snapshot;

/**
 * Finds the value of every key, or makes it (pure): a Secret of the user's comes first, then what
 * was made before. The password that data was made with stays in force as long as the data is
 * there.
 */
final class KeyValues {
  private static final int PASSWORD_LENGTH = 32;

  /** Values drawn until one is as asked. */
  private static final int TRIES = 100;

  /** What a component's data was made with: it reaches the application only when composed. */
  static final List<String> PASSWORDS =
      List.of(POSTGRES_PASSWORD, REDIS_PASSWORD, GRAFANA_ADMIN_PASSWORD);

  private final Snapshot snapshot;
  private final Problems problems;
  private final Map<String, String> stored;
  private final Map<String, String> credentials;
  private final Map<String, String> values = new LinkedHashMap<>();
  private final Set<String> absent = new HashSet<>();
  private final List<String> unused = new ArrayList<>();
  private final Origins origins = new Origins();

  KeyValues(Snapshot snapshot, Problems problems) {
    this.snapshot = snapshot;
    this.problems = problems;
    this.stored =
        snapshot.ownedSecret(snapshot.names().credentials()).map(Settings::values).orElse(Map.of());
    // What was made once is kept: its key may leave the Secret that gives it, or come back.
    this.credentials = new TreeMap<>(stored);
  }

  /** What the operator keeps; what was kept before is among it. */
  Map<String, String> credentials() {
    return credentials;
  }

  /** The value of every key that has one. */
  Map<String, String> values() {
    return values;
  }

  /** Optional keys that no Secret has. */
  Set<String> absent() {
    return absent;
  }

  /** Values that a Secret gives and that are not in force: no less secret. */
  List<String> unused() {
    return unused;
  }

  Origins origins() {
    return origins;
  }

  /** A database that was made with a password nobody knows any more must not be given a new one. */
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
    if (ImageRegistry.isOwn(snapshot.environment())) {
      registryUser();
    }
  }

  /** The password of the registry's user, and with it what the registry knows it by. */
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

  /** Those that no key asks for, but a component. */
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
    return stored.containsKey(password) && hasData(password);
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

  /** A password that data was made with: what a Secret says of it now changes nothing. */
  private void kept(SecretsSpec.Key key) {
    var name = key.name();
    var value = stored.get(name);
    var given = lookUp(name);
    values.put(name, value);
    if (given.isPresent() && given.get().value().equals(value)) {
      origins.add(given.get().origin(), name);
    } else if (given.isPresent()) {
      unused.add(given.get().value());
      origins.add("kept", name);
      problems.note(
          "%s of Secret %s is not in force: the data was made with the one in Secret %s"
              .formatted(name, given.get().secret(), snapshot.names().credentials()));
    } else if (key.generate() == null && !key.optional()) {
      origins.add("kept", name);
      problems.note(
          "no Secret has %s: the one in Secret %s, which the data was made with, stays in force"
              .formatted(name, snapshot.names().credentials()));
    } else {
      origins.add("generated", name);
    }
  }

  private void resolve(SecretsSpec.Key key) {
    var given = lookUp(key.name());
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

  private void given(SecretsSpec.Key key, Given given) {
    var fault =
        Placeholders.isPlaceholder(given.value())
            ? Optional.of("is a placeholder")
            : given.value().isEmpty() ? Optional.of("is empty") : fault(key, given.value());
    if (fault.isPresent()) {
      problems.invalid("%s in Secret %s %s".formatted(key.name(), given.secret(), fault.get()));
      unused.add(given.value());
    } else {
      values.put(key.name(), given.value());
      origins.add(given.origin(), key.name());
    }
  }

  /** Whether a Secret gives a key: such a value is not the operator's to change. */
  boolean isGiven(String key) {
    return lookUp(key).isPresent();
  }

  /** What was kept before this pass. */
  Map<String, String> stored() {
    return stored;
  }

  private Optional<Given> lookUp(String key) {
    for (var source : snapshot.environment().getSpec().secrets().from()) {
      var name = source.secretRef().name();
      var secret = snapshot.secrets().get(name);
      if (secret != null && secret.getData() != null && secret.getData().containsKey(key)) {
        return Optional.of(new Given(name, Settings.values(secret).get(key)));
      }
    }
    return Optional.empty();
  }

  /** What a key asks and a value does not have; says no part of it. */
  private static Optional<String> fault(SecretsSpec.Key key, String value) {
    if (key.minLength() != null && value.length() < key.minLength()) {
      return Optional.of(
          "has %d characters and needs %d".formatted(value.length(), key.minLength()));
    }
    return key.pattern() != null && !Pattern.matches(key.pattern(), value)
        ? Optional.of("does not match " + key.pattern())
        : Optional.empty();
  }

  /** The value made for a key; another one is a matter of {@link Rotations}. */
  private void generate(SecretsSpec.Key key) {
    var name = key.name();
    var rotation = RotationState.of(stored.get(name + Rotation.STATE));
    boolean isNew = !stored.containsKey(name);
    boolean changes =
        !isNew && (rotation.attempt() != null || rotation.isDue(key.generate().rotation()));
    var value = isNew ? drawn(snapshot, key) : Optional.of(stored.get(name));
    if (value.isEmpty() || (changes && drawn(snapshot, key).isEmpty())) {
      problems.invalid(
          "%s cannot be generated: no value of %d characters (%s) was found that matches %s; change"
                  .formatted(
                      name, key.generate().length(), key.generate().alphabet(), key.pattern())
              + " its pattern or what it is generated of");
      return;
    }
    if (!isNew && !changes) {
      fault(key, value.get())
          .ifPresent(fault ->
              problems.invalid(
                  "%s, which was generated before, %s: raise its generate.rotation, or ask less"
                      .formatted(name, fault)));
    }
    values.put(name, value.get());
    credentials.put(name, value.get());
    origins.add("generated", name);
  }

  /** A new value for a key; none when none was found that is as the key asks. */
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

  private record Given(String secret, String value) {
    String origin() {
      return "from Secret " + secret;
    }
  }
}

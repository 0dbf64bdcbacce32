package ru.scoliologic.staging.configuration;

import static ru.scoliologic.staging.configuration.Settings.APP_USERS_KEY;
import static ru.scoliologic.staging.configuration.Settings.DASHBOARD_PROBE_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.USERS_KEY;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Resolves stage 2: looks up every key, generates values, composes the application's variables, and
 * lists all that is missing or wrong at once, never a value.
 */
public final class Configuration {
  private final Snapshot snapshot;
  private final Problems problems = new Problems();
  private final KeyValues keys;
  private final List<String> hidden = new ArrayList<>();
  private final Map<KeyRef, String> checkSecrets = new HashMap<>();
  private Rotations rotations;

  private Configuration(Snapshot snapshot) {
    this.snapshot = snapshot;
    this.keys = new KeyValues(snapshot, problems);
    this.rotations = Rotations.none(snapshot);
  }

  public static Settings resolve(Snapshot snapshot) {
    return new Configuration(snapshot).resolve();
  }

  private Settings resolve() {
    var spec = snapshot.environment().getSpec();
    if (keys.lost()) {
      problems.lost(
          "Secret %s is missing, but volume claim %s was created with it"
              .formatted(snapshot.names().credentials(), snapshot.names().postgres()));
    } else {
      keys.resolve(spec.secrets());
      rotations = Rotations.of(snapshot, keys);
    }
    var users =
        spec.ingress().sharesController()
            ? ""
            : dashboardUsers(spec.ingress().dashboardAuth().secretKeyRef());
    var appUsers = appUsers(spec.ingress().access());
    var ca = new AuthorityBundle(snapshot, problems).pem();
    postgres();
    initSql();
    checkSecrets();
    new GitopsReferences(snapshot, problems, hidden::add).check();
    var taken = taken();
    var environment = environment(taken);
    var checks = new CheckTemplates(spec.validation(), parts());
    if (!problems.any()) {
      checks.problems().forEach(problems::invalid);
    }
    if (!problems.any()) {
      rotate(environment, users, appUsers);
      environment = environment(taken);
      checks = new CheckTemplates(spec.validation(), parts());
    }
    return new Settings(
        result(),
        new Settings.Stored(
            keys.credentials(), problems.any() ? lastEnvironment() : environment, users, appUsers),
        new Settings.Checks(checks.composed(), checkSecrets),
        ca,
        secrets(users, appUsers),
        rotations);
  }

  /** Advances a rotation by one step: from here on the values are those of the new step. */
  private void rotate(Map<String, String> environment, String users, String appUsers) {
    rotations =
        rotations.advanced(
            Hash.of(new TreeMap<>(environment)), new SecretMasker(secrets(users, appUsers)));
    keys.credentials().keySet().removeIf(rotations::holds);
    keys.credentials().putAll(rotations.entries());
  }

  private StageResult result() {
    var result = problems.result(found());
    return rotations
        .result()
        .filter(rotation -> result.isReady())
        .<StageResult>map(rotation ->
            new StageResult.Ready(rotation.reason(), result.message() + "; " + rotation.message()))
        .orElse(result);
  }

  /** Every known secret value, for masking. */
  private List<String> secrets(String users, String appUsers) {
    var kept =
        keys.credentials().entrySet().stream()
            .filter(entry -> !entry.getKey().endsWith(Rotation.STATE))
            .map(Map.Entry::getValue)
            .toList();
    return Stream.of(
            kept,
            keys.values().values(),
            keys.unused(),
            users.lines().toList(),
            appUsers.lines().toList(),
            hidden)
        .flatMap(Collection::stream)
        .toList();
  }

  /** Variables of whole Secrets and ConfigMaps, without keys that are no variable names. */
  private Map<String, String> taken() {
    var taken = new TreeMap<String, String>();
    for (var source : snapshot.environment().getSpec().services().app().envFrom()) {
      if (source.secretRef() != null) {
        taken.putAll(ofSecret(source.secretRef().name()));
      } else {
        var name = source.configMapRef().name();
        var configMap = snapshot.configMaps().get(name);
        if (configMap == null) {
          problems.missingConfigMap("ConfigMap %s (spec.services.app.envFrom)".formatted(name));
        } else if (configMap.getData() != null) {
          taken.putAll(configMap.getData());
        }
      }
    }
    taken.keySet().removeIf(name -> !name.matches(SecretsSpec.Key.NAME_PATTERN));
    return taken;
  }

  private Map<String, String> ofSecret(String name) {
    var secret = snapshot.secrets().get(name);
    if (secret == null) {
      problems.missingSecret(name);
      return Map.of();
    }
    var from = Settings.values(secret);
    hidden.addAll(from.values());
    var composed =
        snapshot.environment().getSpec().services().app().env().stream()
            .map(AppSpec.EnvVar::name)
            .toList();
    from.forEach((key, value) -> {
      boolean used =
          key.matches(SecretsSpec.Key.NAME_PATTERN)
              && !KeyValues.PASSWORDS.contains(key)
              && (!isListed(key) || keys.absent().contains(key))
              && !composed.contains(key);
      if (used && Placeholders.isTemplate(value)) {
        problems.invalid(
            "%s in Secret %s is a placeholder (spec.services.app.envFrom)".formatted(key, name));
      } else if (used && LineEnd.endsWithOne(value) && !value.equals(lastEnvironment().get(key))) {
        problems.invalid(
            "%s in Secret %s (spec.services.app.envFrom) %s".formatted(key, name, LineEnd.FAULT));
      }
    });
    return from;
  }

  private boolean isListed(String key) {
    return snapshot.environment().getSpec().secrets().keys().stream()
        .anyMatch(listed -> listed.name().equals(key));
  }

  private String dashboardUsers(KeyRef ref) {
    var last = lastUsers(USERS_KEY);
    var probe = keys.credentials().get(DASHBOARD_PROBE_PASSWORD);
    return users(ref, "the dashboard")
        .filter(lines -> probe != null)
        .map(lines -> String.join("\n", lines) + "\n" + DashboardUsers.probeLine(probe) + "\n")
        .orElse(last);
  }

  private String appUsers(AccessSpec access) {
    return access == null || access.basicAuth() == null
        ? ""
        : users(access.basicAuth().secretKeyRef(), "access to the application")
            .map(lines -> String.join("\n", lines) + "\n")
            .orElse(lastUsers(APP_USERS_KEY));
  }

  private String lastUsers(String key) {
    return snapshot
        .ownedSecret(snapshot.names().traefikUsers())
        .map(secret -> Settings.values(secret).getOrDefault(key, ""))
        .orElse("");
  }

  /** The htpasswd lines of a Secret, if they are usable. */
  private Optional<List<String>> users(KeyRef ref, String purpose) {
    var secret = snapshot.secrets().get(ref.name());
    if (secret == null) {
      problems.missingSecret(ref);
      return Optional.empty();
    }
    var given = Settings.values(secret).get(ref.key());
    if (given == null) {
      problems.missingKey("%s (in Secret %s, for %s)".formatted(ref.key(), ref.name(), purpose));
      return Optional.empty();
    }
    var lines = DashboardUsers.lines(given);
    var problem =
        Placeholders.isPlaceholder(given)
            ? Optional.of("is a placeholder")
            : DashboardUsers.problem(lines);
    if (problem.isPresent()) {
      problems.invalid("%s in Secret %s %s".formatted(ref.key(), ref.name(), problem.get()));
      return Optional.empty();
    }
    return Optional.of(lines);
  }

  private void postgres() {
    if (snapshot.environment().getSpec().services().postgres().major().equals("14")) {
      problems.note(
          "PostgreSQL 14 gets no fixes after November 2026: move the data to a newer version by a"
              + " backup and a new environment");
    }
  }

  private void initSql() {
    var initSql = snapshot.environment().getSpec().services().postgres().initSql();
    if (initSql != null && !snapshot.configMaps().containsKey(initSql.configMapRef().name())) {
      problems.missingConfigMap(
          "ConfigMap %s (spec.services.postgres.initSql)".formatted(initSql.configMapRef().name()));
    }
    var seed = snapshot.environment().getSpec().services().postgres().seed();
    var source = seed == null ? null : seed.configMapRef();
    if (source != null && !snapshot.configMaps().containsKey(source.name())) {
      problems.missingConfigMap(
          "ConfigMap %s (spec.services.postgres.seed)".formatted(source.name()));
    }
  }

  private void checkSecrets() {
    var validation = snapshot.environment().getSpec().validation();
    Stream.concat(
            validation.checks().stream()
                .flatMap(check -> check.headers().stream())
                .map(ValidationSpec.Header::secretKeyRef),
            validation.containers().stream()
                .flatMap(container -> container.env().stream())
                .map(ValidationSpec.Variable::secretKeyRef))
        .filter(Objects::nonNull)
        .distinct()
        .forEach(ref -> {
          var secret = snapshot.secrets().get(ref.name());
          var value = secret == null ? null : Settings.values(secret).get(ref.key());
          if (secret == null) {
            problems.missingSecret(ref);
          } else if (value == null) {
            problems.missingKey("%s (in Secret %s, for a check)".formatted(ref.key(), ref.name()));
          } else {
            checkSecrets.put(ref, value);
            hidden.add(value);
            if (Placeholders.isHeaderPlaceholder(value)) {
              problems.invalid(
                  "%s in Secret %s is a placeholder (for a check)"
                      .formatted(ref.key(), ref.name()));
            } else if (LineEnd.endsWithOne(value)) {
              problems.note(
                  "%s in Secret %s (for a check) %s"
                      .formatted(ref.key(), ref.name(), LineEnd.FAULT));
            }
          }
        });
  }

  /** Names that a composed variable may refer to, and their values. */
  private Map<String, String> parts() {
    var spec = snapshot.environment().getSpec();
    var names = snapshot.names();
    var parts = new TreeMap<>(keys.values());
    parts.putAll(rotations.values());
    parts.put("DOMAIN_APP", spec.domains().app());
    if (spec.domains().traefik() != null) {
      parts.put("DOMAIN_TRAEFIK", spec.domains().traefik());
    }
    ComponentName.requested(spec)
        .forEach((name, component) -> parts.putAll(component.variables(names.component(name))));
    parts.computeIfPresent("POSTGRES_USER", (name, owner) -> rotations.login(owner));
    return parts;
  }

  /** The application's variables; their references are checked whatever else is wrong. */
  private Map<String, String> environment(Map<String, String> taken) {
    var app = snapshot.environment().getSpec().services().app();
    var parts = parts();
    var environment = new TreeMap<>(taken);
    environment.putAll(keys.values());
    environment.putAll(rotations.values());
    environment.keySet().removeAll(KeyValues.PASSWORDS);
    environment.put("PORT", String.valueOf(app.port()));
    for (var variable : app.env()) {
      var without = new TreeSet<String>();
      for (var name : Composition.names(variable.value())) {
        if (keys.absent().contains(name)) {
          without.add(name);
        } else if (!parts.containsKey(name) && !isListed(name)) {
          problems.invalid(
              Composition.unknown(
                  name, "spec.services.app.env[%s]".formatted(variable.name()), parts.keySet()));
        }
      }
      if (without.isEmpty()) {
        environment.put(variable.name(), Composition.compose(variable.value(), parts));
      } else {
        problems.note(
            "variable %s is left out: no Secret has optional key %s"
                .formatted(variable.name(), String.join(", ", without)));
      }
    }
    return environment;
  }

  private Map<String, String> lastEnvironment() {
    return snapshot
        .ownedSecret(snapshot.names().appEnvironment())
        .map(Settings::values)
        .orElse(Map.of());
  }

  /** The message of the ready stage: where the values came from. */
  private String found() {
    var origins = keys.origins().text();
    return "all %d keys are present and acceptable%s"
        .formatted(keys.values().size(), origins.isEmpty() ? "" : " (" + origins + ")");
  }
}

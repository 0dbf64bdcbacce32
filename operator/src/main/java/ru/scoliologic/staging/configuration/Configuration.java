package ru.scoliologic.staging.configuration;

import static ru.scoliologic.staging.configuration.Settings.APP_USERS_KEY;
import static ru.scoliologic.staging.configuration.Settings.CHECK_TOKEN;
import static ru.scoliologic.staging.configuration.Settings.DASHBOARD_PROBE_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.GRAFANA_ADMIN_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.POSTGRES_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.REDIS_OPERATOR_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.REDIS_PASSWORD;
import static ru.scoliologic.staging.configuration.Settings.USERS_KEY;

import com.google.re2j.Pattern;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.CertificateAuthority;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Resolves stage 2 (pure): looks every key up, makes what may be made, composes the application's
 * variables, and lists all that is missing or wrong at once, never a value.
 */
public final class Configuration {
  private static final int PASSWORD_LENGTH = 32;

  /** What a component's data was made with: it reaches the application only when composed. */
  private static final List<String> PASSWORDS =
      List.of(POSTGRES_PASSWORD, REDIS_PASSWORD, GRAFANA_ADMIN_PASSWORD);

  private final Snapshot snapshot;
  private final Map<String, String> stored;
  private final Map<String, String> credentials = new TreeMap<>();
  private final Map<String, String> values = new LinkedHashMap<>();
  private final Problems problems = new Problems();
  private final List<String> hidden = new ArrayList<>();

  /** How many keys each Secret gave, in the order of spec.secrets.from. */
  private final Map<String, Integer> given = new LinkedHashMap<>();

  private int generated;
  private Rotations rotations;
  private final Map<KeyRef, String> checkSecrets = new HashMap<>();

  private Configuration(Snapshot snapshot) {
    this.snapshot = snapshot;
    this.stored =
        snapshot.ownedSecret(snapshot.names().credentials()).map(Settings::values).orElse(Map.of());
    this.rotations = Rotations.none(snapshot);
  }

  public static Settings resolve(Snapshot snapshot) {
    return new Configuration(snapshot).resolve();
  }

  private Settings resolve() {
    var spec = snapshot.environment().getSpec();
    if (credentialsLost()) {
      problems.lost(
          "Secret %s is gone, but volume claim %s was made with it"
              .formatted(snapshot.names().credentials(), snapshot.names().postgres()));
    } else {
      resolveKeys(spec.secrets());
      rotations = Rotations.of(snapshot, stored, credentials, key -> lookUp(key).isPresent());
      credentials.putAll(rotations.entries());
    }
    var users =
        spec.ingress().sharesController()
            ? ""
            : dashboardUsers(spec.ingress().dashboardAuth().secretKeyRef());
    var appUsers = appUsers(spec.ingress().access());
    var ca = caBundle();
    initSql();
    checkSecrets();
    var taken = taken();
    var environment = problems.any() ? lastEnvironment() : composedEnvironment(taken);
    var secrets = new ArrayList<>(secrets(users, appUsers));
    if (!problems.any()) {
      rotations = rotations.advanced(Hash.of(new TreeMap<>(environment)), new Masking(secrets));
      credentials.keySet().removeIf(rotations::holds);
      credentials.putAll(rotations.entries());
      secrets.addAll(secrets(users, appUsers));
      environment = rotations.moved() ? composedEnvironment(taken) : environment;
    }
    return new Settings(
        problems.result(found(), rotations.result()),
        credentials,
        environment,
        users,
        ca,
        secrets,
        checkSecrets,
        appUsers,
        rotations);
  }

  private List<String> secrets(String users, String appUsers) {
    return Stream.of(
            credentials.entrySet().stream()
                .filter(entry -> Rotations.isSecret(entry.getKey()))
                .map(Map.Entry::getValue)
                .toList(),
            values.values(),
            users.lines().toList(),
            appUsers.lines().toList(),
            hidden)
        .flatMap(Collection::stream)
        .toList();
  }

  /** A database that was made with a password nobody knows any more must not be given a new one. */
  private boolean credentialsLost() {
    return !stored.containsKey(POSTGRES_PASSWORD)
        && snapshot
            .owned()
            .find(PersistentVolumeClaim.class, snapshot.names().postgres())
            .isPresent();
  }

  private void resolveKeys(SecretsSpec secrets) {
    for (var source : secrets.from()) {
      var name = source.secretRef().name();
      if (!snapshot.secrets().containsKey(name)) {
        problems.missingSecret(name);
      }
    }
    for (var key : secrets.keys()) {
      resolveKey(key);
    }
    for (var name : passwords()) {
      // The database was made with the stored password: it stays in force whatever a Secret says.
      var value =
          stored.getOrDefault(name, values.getOrDefault(name, generated(name, PASSWORD_LENGTH)));
      values.put(name, value);
      credentials.put(name, value);
    }
    credentials.put(DASHBOARD_PROBE_PASSWORD, generated(DASHBOARD_PROBE_PASSWORD, PASSWORD_LENGTH));
    credentials.put(REDIS_OPERATOR_PASSWORD, generated(REDIS_OPERATOR_PASSWORD, PASSWORD_LENGTH));
    if (snapshot.environment().getSpec().ingress().access() != null
        || stored.containsKey(CHECK_TOKEN)) {
      credentials.put(CHECK_TOKEN, generated(CHECK_TOKEN, PASSWORD_LENGTH));
    }
  }

  /** Those that are in use, or were: a Grafana that is switched on again finds its old one. */
  private List<String> passwords() {
    boolean grafana = snapshot.environment().getSpec().grafana().isPresent();
    return PASSWORDS.stream()
        .filter(name -> !name.equals(GRAFANA_ADMIN_PASSWORD) || grafana || stored.containsKey(name))
        .toList();
  }

  private void resolveKey(SecretsSpec.Key key) {
    var given = lookUp(key.name());
    if (given.isPresent()) {
      check(key, given.get());
      values.put(key.name(), given.get().value());
      this.given.merge(given.get().secret(), 1, Integer::sum);
      return;
    }
    if (key.generate() != null) {
      var value = generated(key);
      values.put(key.name(), value);
      credentials.put(key.name(), value);
      generated++;
      return;
    }
    if (key.optional()) {
      return;
    }
    if (!PASSWORDS.contains(key.name())) {
      problems.missingKey(key.name());
    }
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

  private void check(SecretsSpec.Key key, Given given) {
    if (Placeholders.isPlaceholder(given.value())) {
      problems.invalid("%s in Secret %s is a placeholder".formatted(key.name(), given.secret()));
    } else if (given.value().isEmpty()) {
      problems.invalid("%s in Secret %s is empty".formatted(key.name(), given.secret()));
    } else if (key.minLength() != null && given.value().length() < key.minLength()) {
      problems.invalid(
          "%s in Secret %s has %d characters and needs %d"
              .formatted(key.name(), given.secret(), given.value().length(), key.minLength()));
    } else if (key.pattern() != null && !Pattern.matches(key.pattern(), given.value())) {
      problems.invalid(
          "%s in Secret %s does not match %s".formatted(key.name(), given.secret(), key.pattern()));
    }
  }

  private String generated(String name, int length) {
    return stored.containsKey(name)
        ? stored.get(name)
        : snapshot.fresh().next(length, SecretsSpec.Alphabet.Alphanumeric.characters());
  }

  private String generated(SecretsSpec.Key key) {
    var generate = key.generate();
    return stored.containsKey(key.name())
        ? stored.get(key.name())
        : snapshot.fresh().next(generate.length(), generate.alphabet().characters());
  }

  /** Variables that whole Secrets and ConfigMaps give; keys that no variable can have are left. */
  private Map<String, String> taken() {
    var taken = new TreeMap<String, String>();
    for (var source : snapshot.environment().getSpec().services().app().envFrom()) {
      Map<String, String> from = Map.of();
      if (source.secretRef() != null) {
        var secret = snapshot.secrets().get(source.secretRef().name());
        if (secret == null) {
          problems.missingSecret(source.secretRef().name());
        } else {
          from = Settings.values(secret);
          hidden.addAll(from.values());
        }
      } else {
        var name = source.configMapRef().name();
        var configMap = snapshot.configMaps().get(name);
        if (configMap == null) {
          problems.missingConfigMap("ConfigMap %s (spec.services.app.envFrom)".formatted(name));
        } else if (configMap.getData() != null) {
          from = configMap.getData();
        }
      }
      from.forEach((key, value) -> {
        if (key.matches(SecretsSpec.Key.NAME_PATTERN)) {
          taken.put(key, value);
        }
      });
    }
    return taken;
  }

  private String dashboardUsers(KeyRef ref) {
    var last = lastUsers(USERS_KEY);
    var probe = credentials.get(DASHBOARD_PROBE_PASSWORD);
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

  /** The lines that a Secret gives, if they can be used. */
  private Optional<List<String>> users(KeyRef ref, String purpose) {
    var secret = snapshot.secrets().get(ref.name());
    if (secret == null) {
      problems.missingSecret(ref.name());
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

  /** Beside a certificate, as cert-manager writes it; the system's roots when it is not there. */
  private String sharedAuthority() {
    var shared = snapshot.environment().getSpec().ingress().shared();
    var name =
        shared.tlsSecretRef() == null
            ? Names.tls(snapshot.names().app())
            : shared.tlsSecretRef().name();
    return Optional.ofNullable(snapshot.secrets().get(name))
        .map(secret -> Settings.values(secret).get("ca.crt"))
        .filter(Configuration::holdsCertificates)
        .orElse("");
  }

  private String caBundle() {
    if (snapshot.environment().getSpec().ingress().sharesController()) {
      return sharedAuthority();
    }
    var bundle = CertificateAuthority.inUse(snapshot.environment()).caBundle();
    if (bundle == null) {
      return "";
    }
    var ref = bundle.configMapKeyRef();
    var configMap = snapshot.configMaps().get(ref.name());
    var pem =
        configMap == null || configMap.getData() == null
            ? null
            : configMap.getData().get(ref.key());
    if (pem == null) {
      problems.missingConfigMap(
          "ConfigMap %s with key %s (caBundle of spec.ingress.acme)"
              .formatted(ref.name(), ref.key()));
      return "";
    }
    if (!holdsCertificates(pem)) {
      problems.invalid(
          "key %s of ConfigMap %s holds no PEM certificates (caBundle of spec.ingress.acme)"
              .formatted(ref.key(), ref.name()));
      return "";
    }
    return pem;
  }

  private static boolean holdsCertificates(String pem) {
    try {
      return !CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)))
          .isEmpty();
    } catch (CertificateException e) {
      return false;
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
    snapshot.environment().getSpec().validation().checks().stream()
        .flatMap(check -> check.headers().stream())
        .map(ValidationSpec.Header::secretKeyRef)
        .filter(Objects::nonNull)
        .forEach(ref -> {
          var secret = snapshot.secrets().get(ref.name());
          var value = secret == null ? null : Settings.values(secret).get(ref.key());
          if (secret == null) {
            problems.missingSecret(ref.name());
          } else if (value == null) {
            problems.missingKey("%s (in Secret %s, for a check)".formatted(ref.key(), ref.name()));
          } else {
            checkSecrets.put(ref, value);
            hidden.add(value);
          }
        });
  }

  private Map<String, String> composedEnvironment(Map<String, String> taken) {
    var spec = snapshot.environment().getSpec();
    var names = snapshot.names();
    var current = new TreeMap<>(values);
    current.putAll(rotations.values());
    var parts = new TreeMap<>(current);
    parts.put("DOMAIN_APP", spec.domains().app());
    if (spec.domains().traefik() != null) {
      parts.put("DOMAIN_TRAEFIK", spec.domains().traefik());
    }
    parts.put("POSTGRES_HOST", names.postgres());
    parts.put("POSTGRES_PORT", "5432");
    parts.put("POSTGRES_DB", spec.services().postgres().database());
    parts.put("POSTGRES_USER", rotations.login(spec.services().postgres().user()));
    parts.put("REDIS_HOST", names.redis());
    parts.put("REDIS_PORT", "6379");
    var ollama = spec.services().ollama();
    if (ollama != null) {
      parts.put("OLLAMA_HOST", names.ollama());
      parts.put("OLLAMA_PORT", "11434");
      ollama.models().stream().findFirst().ifPresent(model -> parts.put("OLLAMA_MODEL", model));
    }

    var environment = new TreeMap<>(taken);
    environment.putAll(current);
    environment.keySet().removeAll(PASSWORDS);
    environment.put("PORT", String.valueOf(spec.services().app().port()));
    for (var variable : spec.services().app().env()) {
      for (var name : Composition.names(variable.value())) {
        if (!parts.containsKey(name)) {
          problems.invalid(
              "$(%s) in spec.services.app.env[%s] is not a known name: list it in spec.secrets.keys"
                  .formatted(name, variable.name()));
        }
      }
      environment.put(variable.name(), Composition.compose(variable.value(), parts));
    }
    return problems.any() ? lastEnvironment() : environment;
  }

  private Map<String, String> lastEnvironment() {
    return snapshot
        .ownedSecret(snapshot.names().appEnvironment())
        .map(Settings::values)
        .orElse(Map.of());
  }

  /** Where the values came from. */
  private String found() {
    var sources = new ArrayList<String>();
    given.forEach((secret, count) -> sources.add("%d from Secret %s".formatted(count, secret)));
    if (generated > 0) {
      sources.add(generated + " generated");
    }
    return "all %d keys are present and acceptable%s"
        .formatted(values.size(), sources.isEmpty() ? "" : " (" + String.join(", ", sources) + ")");
  }

  private record Given(String secret, String value) {}

  /** All that is wrong, gathered so that one message names everything. */
  private static final class Problems {
    private final List<String> missingSecrets = new ArrayList<>();
    private final List<String> missingKeys = new ArrayList<>();
    private final List<String> missingConfigMaps = new ArrayList<>();
    private final List<String> invalid = new ArrayList<>();
    private String lost;

    void missingSecret(String name) {
      if (!missingSecrets.contains(name)) {
        missingSecrets.add(name);
      }
    }

    void missingKey(String name) {
      missingKeys.add(name);
    }

    void missingConfigMap(String what) {
      missingConfigMaps.add(what);
    }

    void invalid(String what) {
      invalid.add(what);
    }

    void lost(String what) {
      lost = what;
    }

    boolean any() {
      return lost != null
          || !missingSecrets.isEmpty()
          || !missingKeys.isEmpty()
          || !missingConfigMaps.isEmpty()
          || !invalid.isEmpty();
    }

    StageResult result(String found, Optional<StageResult> rotation) {
      if (lost != null) {
        return new StageResult.Stalled(Reason.CREDENTIALS_LOST, lost);
      }
      var parts = new ArrayList<String>();
      if (!missingSecrets.isEmpty()) {
        parts.add("Secrets that do not exist: " + String.join(", ", missingSecrets));
      }
      if (!missingKeys.isEmpty()) {
        parts.add("keys that no Secret has: " + String.join(", ", missingKeys));
      }
      if (!missingConfigMaps.isEmpty()) {
        parts.add("missing: " + String.join(", ", missingConfigMaps));
      }
      parts.addAll(invalid);
      var message = String.join("; ", parts);
      if (!missingSecrets.isEmpty()) {
        return new StageResult.Waiting(Reason.SECRET_MISSING, message);
      }
      if (!missingKeys.isEmpty()) {
        return new StageResult.Waiting(Reason.KEY_MISSING, message);
      }
      if (!missingConfigMaps.isEmpty()) {
        return new StageResult.Waiting(Reason.CONFIG_MAP_MISSING, message);
      }
      if (!invalid.isEmpty()) {
        return new StageResult.Stalled(Reason.KEY_INVALID, message);
      }
      return rotation
          .map(r -> new StageResult.Ready(r.reason(), found + "; " + r.message()))
          .orElseGet(() -> new StageResult.Ready(Reason.CONFIGURATION_READY, found));
    }
  }
}

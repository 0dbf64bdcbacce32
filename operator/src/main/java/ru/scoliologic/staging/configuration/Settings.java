package ru.scoliologic.staging.configuration;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The resolved configuration of one pass, with all its secret values.
 *
 * @param result of the configuration stage
 * @param caBundle PEM certificates of a custom authority, or empty
 * @param secrets every secret value, for masking
 * @param rotations of generated keys
 */
public record Settings(
    StageResult result,
    Stored stored,
    Checks checks,
    String caBundle,
    List<String> secrets,
    Rotations rotations) {

  /**
   * What the operator writes into Secrets.
   *
   * @param credentials what it keeps in the credentials Secret
   * @param appEnvironment the application's variables; the last applied ones while a value is
   *     missing
   * @param dashboardUsers htpasswd lines; the last applied ones while the given value is unusable
   * @param appUsers like {@code dashboardUsers} for the application's domain; empty without a
   *     password
   */
  public record Stored(
      Map<String, String> credentials,
      Map<String, String> appEnvironment,
      String dashboardUsers,
      String appUsers) {}

  /**
   * The declared checks.
   *
   * @param spec with all $(NAME) replaced
   * @param secrets the values that their headers and variables refer to
   */
  public record Checks(ValidationSpec spec, Map<KeyRef, String> secrets) {}

  private static final ComponentName COMPONENT = ComponentName.CONFIGURATION;
  public static final String POSTGRES_PASSWORD = "POSTGRES_PASSWORD";
  public static final String REDIS_PASSWORD = "REDIS_PASSWORD";
  public static final String GRAFANA_ADMIN_PASSWORD = "GRAFANA_ADMIN_PASSWORD";
  static final String DASHBOARD_PROBE_PASSWORD = "dashboard-probe-password";
  static final String REDIS_OPERATOR_PASSWORD = "redis-operator-password";
  public static final String CHECK_TOKEN = "access-check-token";
  static final String REGISTRY_PASSWORD = "registry-password";
  static final String REGISTRY_USERS = "registry-htpasswd";
  static final String USERS_KEY = "users";
  static final String APP_USERS_KEY = "app";

  /**
   * The settings to use when the credentials could not be written: the next pass would generate
   * another value in place of one that is not stored.
   */
  public Settings asStored(Snapshot snapshot) {
    var names = snapshot.names();
    var there = last(snapshot, names.credentials());
    if (there.equals(credentials())) {
      return this;
    }
    var users = last(snapshot, names.traefikUsers());
    return new Settings(
        result,
        new Stored(
            there,
            last(snapshot, names.appEnvironment()),
            users.getOrDefault(USERS_KEY, ""),
            users.getOrDefault(APP_USERS_KEY, "")),
        checks,
        caBundle,
        secrets,
        rotations.asStored(there));
  }

  /** The same, with more values to mask. */
  public Settings hiding(Collection<String> more) {
    return new Settings(
        result,
        stored,
        checks,
        caBundle,
        Stream.concat(secrets.stream(), more.stream()).distinct().toList(),
        rotations);
  }

  private static Map<String, String> last(Snapshot snapshot, String secret) {
    return snapshot.ownedSecret(secret).map(Settings::values).orElse(Map.of());
  }

  public Map<String, String> credentials() {
    return stored.credentials();
  }

  public Map<String, String> appEnvironment() {
    return stored.appEnvironment();
  }

  public String dashboardUsers() {
    return stored.dashboardUsers();
  }

  public String appUsers() {
    return stored.appUsers();
  }

  public ValidationSpec validation() {
    return checks.spec();
  }

  public Map<KeyRef, String> checkSecrets() {
    return checks.secrets();
  }

  public SecretMasker masking() {
    return new SecretMasker(secrets);
  }

  /** The password that the database is created with; empty while unknown. */
  public String postgresPassword() {
    return credentials().getOrDefault(POSTGRES_PASSWORD, "");
  }

  /** The passwords that Redis must accept; empty while unknown. */
  public List<String> redisPasswords() {
    return rotations.redisPasswords();
  }

  /** The password of the operator's own user in Redis, for probes and for changing the others. */
  public String redisOperatorPassword() {
    return credentials().getOrDefault(REDIS_OPERATOR_PASSWORD, "");
  }

  /** Whether the credentials hold the password of Grafana's administrator. */
  public boolean grafanaPasswordKnown() {
    return credentials().containsKey(GRAFANA_ADMIN_PASSWORD);
  }

  /** The user and the password with which the operator opens the dashboard. */
  public Map.Entry<String, String> dashboardProbe() {
    return Map.entry(
        DashboardUsers.PROBE_USER, credentials().getOrDefault(DASHBOARD_PROBE_PASSWORD, ""));
  }

  /** The only user of the environment's registry. */
  public String registryUser() {
    return RegistryUser.NAME;
  }

  /** The password for the environment's registry; empty while unknown. */
  public String registryPassword() {
    return registryUsers().isEmpty() ? "" : credentials().getOrDefault(REGISTRY_PASSWORD, "");
  }

  /** The htpasswd line of that user; empty while unknown. */
  public String registryUsers() {
    return credentials().getOrDefault(REGISTRY_USERS, "");
  }

  /** The token that marks the operator's own requests to a protected application, or empty. */
  public String checkToken() {
    return credentials().getOrDefault(CHECK_TOKEN, "");
  }

  private Map<String, String> users() {
    return appUsers().isEmpty()
        ? Map.of(USERS_KEY, dashboardUsers())
        : Map.of(USERS_KEY, dashboardUsers(), APP_USERS_KEY, appUsers());
  }

  /** The Secrets of this stage. */
  public List<PlannedObject> plan(Snapshot snapshot) {
    var environment = snapshot.environment();
    var names = snapshot.names();
    var plan =
        new ArrayList<>(
            List.of(
                new PlannedObject(
                    Stage.CONFIGURATION,
                    secret(
                        OwnedMetadata.retained(environment, COMPONENT, names.credentials()),
                        credentials()),
                    credentials().isEmpty()),
                new PlannedObject(
                    Stage.DEPLOYMENT,
                    secret(
                        OwnedMetadata.owned(environment, ComponentName.APP, names.appEnvironment()),
                        appEnvironment()),
                    appEnvironment().isEmpty())));
    if (!environment.getSpec().ingress().sharesController()) {
      plan.add(
          new PlannedObject(
              Stage.DEPLOYMENT,
              secret(
                  OwnedMetadata.owned(environment, ComponentName.TRAEFIK, names.traefikUsers()),
                  users()),
              dashboardUsers().isEmpty()));
    }
    return List.copyOf(plan);
  }

  private static HasMetadata secret(
      io.fabric8.kubernetes.api.model.ObjectMeta metadata, Map<String, String> values) {
    return new SecretBuilder()
        .withMetadata(metadata)
        .withType("Opaque")
        .withData(
            values.entrySet().stream()
                .collect(
                    Collectors.toMap(
                        Map.Entry::getKey,
                        e ->
                            Base64.getEncoder()
                                .encodeToString(e.getValue().getBytes(StandardCharsets.UTF_8)),
                        (a, b) -> a,
                        TreeMap::new)))
        .build();
  }

  /** The values of a Secret, decoded. */
  static Map<String, String> values(Secret secret) {
    var values = new TreeMap<String, String>();
    if (secret.getData() != null) {
      secret
          .getData()
          .forEach((key, data) ->
              values.put(
                  key, new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8)));
    }
    return values;
  }
}

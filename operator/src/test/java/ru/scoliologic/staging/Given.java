package ru.scoliologic.staging;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/** What a pass might read, for tests of what is pure: start from a good state, then change it. */
public final class Given {
  public static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  /** In the form of htpasswd; nobody signs in with it. */
  public static final String DASHBOARD_USER = "admin:$apr1$stagingx$aaaaaaaaaaaaaaaaaaaaaa";

  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private StagingEnvironment environment = environment("demo");
  private final List<StagingEnvironment> others = new ArrayList<>();
  private final List<HasMetadata> owned = new ArrayList<>();
  private final List<Pod> pods = new ArrayList<>();
  private final Map<String, Secret> secrets = new HashMap<>();
  private final Map<String, ConfigMap> configMaps = new HashMap<>();
  private Map<String, Boolean> storageClasses = Map.of("local-path", true);
  private Set<String> growingClasses = Set.of();
  private List<String> portHolders = List.of();
  private Map<String, ProgramLog> logTails = Map.of();
  private Snapshot.RandomValues fresh =
      (length, alphabet) ->
          (alphabet.contains("g") ? "g" : alphabet.substring(0, 1)).repeat(length);
  private Instant now = NOW;
  private ClusterFacts surroundings =
      ClusterFacts.assumedGood(List.of("app.staging.test", "traefik.staging.test"));

  private Given() {
    secret("given", Map.of("ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", DASHBOARD_USER));
  }

  /** An environment that has all it needs, on a cluster where nothing of it exists yet. */
  public static Given aGoodStart() {
    return new Given();
  }

  /** Status of a release of which nothing more is known. */
  public static StagingReleaseStatus releaseStatus(String state, List<Condition> conditions) {
    return new StagingReleaseStatus(
        1L, state, null, conditions, null, null, null, null, null, null, null, null, null, null);
  }

  /** How the application is asked at a port; {@code health} as in a spec. */
  public static HealthCheck healthCheck(int port, String health) {
    return new HealthCheck(
        "app.staging.test", port, YAML.unmarshal("---\n" + health, AppSpec.Health.class));
  }

  /** A pod of a component that is ready since then. */
  public static Pod ready(ComponentName component, Instant since) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("demo-" + component)
        .withLabels(Map.of(Labels.COMPONENT, component.label()))
        .endMetadata()
        .withNewStatus()
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .withLastTransitionTime(since.toString())
        .endCondition()
        .endStatus()
        .build();
  }

  /** PostgreSQL as the cluster shows it when it is available. */
  public static HasMetadata servingPostgres() {
    return new StatefulSetBuilder()
        .withNewMetadata()
        .withName("demo-postgres")
        .withGeneration(1L)
        .endMetadata()
        .withNewStatus()
        .withObservedGeneration(1L)
        .withReadyReplicas(1)
        .withUpdatedReplicas(1)
        .endStatus()
        .build();
  }

  /** The environment of {@code environments/<name>.yaml}. */
  public static StagingEnvironment environment(String name) {
    return YAML.unmarshal(resource("/environments/" + name + ".yaml"), StagingEnvironment.class);
  }

  public static String resource(String path) {
    try (var input = Given.class.getResourceAsStream(path)) {
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The environment with parts of its YAML replaced. */
  public Given edited(String what, String with) {
    return edited(yaml -> replaced(yaml, what, with));
  }

  public Given edited(UnaryOperator<String> edit) {
    var status = environment.getStatus();
    environment =
        YAML.unmarshal(edit.apply(resource("/environments/demo.yaml")), StagingEnvironment.class);
    environment.setStatus(status);
    return this;
  }

  /** The environment behind a controller that is there already: no Traefik, no authority. */
  public Given behindSharedIngress(String shared) {
    return edited(yaml ->
        yaml.replaceAll(
                "(?s)    acme:.*?  secrets:\n",
                "    mode: Shared\n    shared: {%s}\n  secrets:\n".formatted(shared))
            .replace("    traefik: traefik.staging.test\n", ""));
  }

  private static String replaced(String yaml, String what, String with) {
    if (!yaml.contains(what)) {
      throw new IllegalArgumentException("not in the environment: " + what);
    }
    return yaml.replace(what, with);
  }

  public Given secret(String name, Map<String, String> values) {
    secrets.put(name, secretOf(name, values));
    return this;
  }

  public Given withoutSecret(String name) {
    secrets.remove(name);
    return this;
  }

  public Given configMap(String name, Map<String, String> values) {
    configMaps.put(
        name,
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("team")
            .endMetadata()
            .withData(values)
            .build());
    return this;
  }

  public Given owning(HasMetadata... objects) {
    owned.addAll(List.of(objects));
    return this;
  }

  public Given beside(StagingEnvironment other) {
    others.add(other);
    return this;
  }

  /** A status that says which version serves, if any, and which domains are held. */
  public static StagingEnvironmentStatus status(String serving, String... claims) {
    return status(serving, List.of(), claims);
  }

  private static StagingEnvironmentStatus status(
      String serving, List<Condition> conditions, String... claims) {
    return new StagingEnvironmentStatus(
        1L,
        null,
        null,
        conditions,
        List.of(),
        null,
        serving == null
            ? null
            : new StagingEnvironmentStatus.AppVersions(
                serving, null, null, null, null, null, null, null),
        List.of(claims),
        null,
        null,
        null,
        null,
        null,
        null);
  }

  /** The version that the status says serves. */
  public Given serving(String image) {
    environment.setStatus(status(image));
    return this;
  }

  /** The version that the status says is to serve, while nothing has been deployed yet. */
  public Given firstDeploying(String image) {
    var awaiting =
        new ConditionBuilder()
            .withType(Stage.VALIDATION.condition())
            .withStatus("Unknown")
            .withReason(Reason.AWAITING_PREVIOUS_STAGE.camelCase())
            .build();
    environment.setStatus(status(image, List.of(awaiting)));
    return this;
  }

  private String release(String image) {
    return Names.of(environment).release(AppVersion.ofImage(image).id());
  }

  /** A release asked to serve that image while the spec named the other one. */
  public Given pinned(String image, String against) {
    var status = status(image);
    environment.setStatus(
        new StagingEnvironmentStatus(
            status.observedGeneration(),
            null,
            null,
            List.of(),
            List.of(),
            null,
            new StagingEnvironmentStatus.AppVersions(
                image, null, null, release(image), release(against), null, null, null),
            List.of(),
            null,
            null,
            null,
            null,
            null,
            null));
    return this;
  }

  public Given pod(Pod pod) {
    pods.add(pod);
    return this;
  }

  public Given storageClasses(Map<String, Boolean> classes) {
    storageClasses = classes;
    return this;
  }

  public Given growingClasses(String... classes) {
    growingClasses = Set.of(classes);
    return this;
  }

  public Given portHolders(String... holders) {
    portHolders = List.of(holders);
    return this;
  }

  public Given logTail(String pod, String lines) {
    logTails = Map.of(pod, ProgramLog.of(lines, "app"));
    return this;
  }

  /** New values that come one after the other, the last one for ever. */
  public Given drawing(String... values) {
    var left = new ArrayDeque<>(List.of(values));
    fresh = (length, alphabet) -> left.size() > 1 ? left.poll() : left.peek();
    return this;
  }

  /** What the cluster's events last said of an object, by its kind and name. */
  public Given warned(String object, String words) {
    surroundings = surroundings.withWarnings(Map.of(object, words));
    return this;
  }

  public Given amid(ClusterFacts seen) {
    surroundings = seen;
    return this;
  }

  /** What the status records of certificates. */
  public Given recorded(StagingEnvironmentStatus.Acme acme) {
    environment.setStatus(statusOf(acme));
    return this;
  }

  /** What the status says of a deployment, and of one that is removed. */
  public Given told(List<Condition> conditions, StagingEnvironmentStatus.Wiped wiped) {
    environment.setStatus(
        new StagingEnvironmentStatus(
            3L,
            null,
            null,
            conditions,
            List.of(),
            null,
            null,
            List.of(),
            null,
            null,
            null,
            null,
            wiped,
            null));
    return this;
  }

  /** A status that says nothing but that. */
  public static StagingEnvironmentStatus statusOf(StagingEnvironmentStatus.Acme acme) {
    return new StagingEnvironmentStatus(
        1L, null, null, List.of(), List.of(), null, null, List.of(), null, null, null, acme, null,
        null);
  }

  public Given at(Instant time) {
    now = time;
    return this;
  }

  public Snapshot snapshot() {
    return new Snapshot(
        environment,
        others,
        new Snapshot.Own(new OwnedObjects(owned), pods, logTails),
        new Snapshot.Named(secrets, configMaps),
        new Snapshot.Moment(now, fresh),
        surroundings());
  }

  private ClusterFacts surroundings() {
    var storage = surroundings.storage();
    var ingress = surroundings.ingress();
    return surroundings
        .with(
            new ClusterFacts.Storage(
                storageClasses,
                growingClasses,
                storage.staticClasses(),
                storage.freeVolumes(),
                storage.absentClaims()))
        .with(
            new ClusterFacts.IngressFacts(ingress.classes(), portHolders, ingress.certificates()));
  }

  public static PersistentVolumeClaim claimOf(String name) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("team")
        .endMetadata()
        .build();
  }

  public static Secret secretOf(String name, Map<String, String> values) {
    var data = new TreeMap<String, String>();
    values.forEach((key, value) ->
        data.put(key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("team")
        .endMetadata()
        .withData(data)
        .build();
  }
}

package ru.scoliologic.staging.redis;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.RedisSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.StartupLimit;
import ru.scoliologic.staging.cluster.kube.StatefulWorkload;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.LoginJob;
import ru.scoliologic.staging.cluster.model.LoginTask;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds Redis' objects. */
public final class RedisResources {
  private static final ComponentName COMPONENT = ComponentName.REDIS;

  /** A server that still loads its file responds LOADING: it is alive. */
  private static final String LIVES = "^PONG|^LOADING";

  private static final String OPERATOR_PASSWORD = "redis-operator-password";
  private static final String CONFIGURATION = "redis.conf";

  private final StagingEnvironment environment;
  private final RedisSpec spec;
  private final Names names;
  private final StatefulWorkload store;
  private final List<String> passwords;
  private final String operatorPassword;

  /**
   * Builds the objects of one environment.
   *
   * @param passwords that Redis accepts; empty while unknown; objects that hold them are not
   *     created then
   * @param operatorPassword of the operator's own user, which no rotation changes
   */
  public RedisResources(
      StagingEnvironment environment, List<String> passwords, String operatorPassword) {
    this.environment = environment;
    this.spec = environment.getSpec().services().redis();
    this.names = Names.of(environment);
    this.store = new StatefulWorkload(environment, COMPONENT, names.redis(), RedisSpec.PORT);
    this.passwords = List.copyOf(passwords);
    this.operatorPassword = operatorPassword;
  }

  /**
   * Redis' part of the plan.
   *
   * @param logins changes of the accepted passwords
   */
  public List<PlannedObject> plan(List<LoginTask> logins, Snapshot snapshot) {
    boolean held = passwords.isEmpty();
    var plan = new ArrayList<PlannedObject>();
    plan.add(
        new PlannedObject(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(
                OwnedMetadata.retained(environment, COMPONENT, names.redis()),
                spec.storage(),
                spec.storageClassName())));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, configuration(), held));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, store.service()));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, store.networkPolicy(LoginTask.podsOf(COMPONENT))));
    // A password is changed in the running server, so it does not trigger a restart.
    plan.add(
        new PlannedObject(Stage.DEPLOYMENT, store.statefulSet(pod(), Hash.of(settings())), held));
    plan.addAll(loginJob().plan(logins, snapshot, observe(snapshot).ready()));
    return plan;
  }

  private LoginJob loginJob() {
    return new LoginJob(
        environment,
        COMPONENT,
        spec,
        spec.runAsUser(),
        List.of(
            LoginJob.variable("REDIS_HOST", names.redis()),
            LoginJob.credential(environment, "REDISCLI_AUTH", OPERATOR_PASSWORD)));
  }

  public static ComponentHealth observe(Snapshot snapshot) {
    return ComponentHealth.ofStateful(
        snapshot,
        COMPONENT,
        snapshot.environment().getSpec().services().redis().effectiveImage(),
        snapshot.owned().find(StatefulSet.class, snapshot.names().redis()));
  }

  private Secret configuration() {
    return new SecretBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.redis()))
        .withType("Opaque")
        .withData(
            Map.of(
                CONFIGURATION,
                Base64.getEncoder()
                    .encodeToString(configurationFile().getBytes(StandardCharsets.UTF_8))))
        .build();
  }

  private String configurationFile() {
    return settings()
        + "user default on %s ~* &* +@all\n"
            .formatted(
                passwords.stream().map(RedisResources::verifier).collect(Collectors.joining(" ")))
        + "user operator on %s ~* &* +@all\n".formatted(verifier(operatorPassword));
  }

  /** The SHA-256 of a password, as Redis stores it. */
  private static String verifier(String password) {
    try {
      var digest =
          MessageDigest.getInstance("SHA-256").digest(password.getBytes(StandardCharsets.UTF_8));
      return "#" + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  /** The configuration without logins. */
  private String settings() {
    return """
    dir /data
    %s
    maxmemory %d
    maxmemory-policy %s
    """
        .formatted(
            spec.persistence() == RedisSpec.Persistence.AppendOnly
                ? "appendonly yes\nappendfsync everysec"
                : "appendonly no\nsave \"\"",
            Quantity.getAmountInBytes(new Quantity(spec.maxMemory())).longValue(),
            spec.memoryPolicy().inRedisWords());
  }

  private PodSpec pod() {
    return HardenedPod.pod(spec, spec.runAsUser())
        .withTerminationGracePeriodSeconds(30L)
        .withContainers(container())
        .withVolumes(
            claim("data", names.redis()),
            emptyDir("tmp"),
            new VolumeBuilder()
                .withName("configuration")
                .withNewSecret()
                .withSecretName(names.redis())
                .endSecret()
                .build())
        .build();
  }

  private Container container() {
    return HardenedPod.container(
            COMPONENT.label(), spec, HardenedPod.resources("50m", "64Mi", memoryLimit()))
        .withArgs("/etc/redis/" + CONFIGURATION)
        .withEnv(
            // redis-cli in the probes reads the password from here, not from an argument.
            LoginJob.credential(environment, "REDISCLI_AUTH", OPERATOR_PASSWORD))
        .addNewPort()
        .withName(COMPONENT.label())
        .withContainerPort(RedisSpec.PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(StartupLimit.of(probe(LIVES), spec.deadline()))
        .withReadinessProbe(times(probe("^PONG"), 5, 3))
        .withLivenessProbe(times(probe(LIVES), 15, 4))
        .withVolumeMounts(
            mount("data", "/data"), mount("tmp", "/tmp"), readOnly("configuration", "/etc/redis"))
        .build();
  }

  /** A third above the data, for buffers and copy-on-write while the file is rewritten. */
  private String memoryLimit() {
    long bytes = Quantity.getAmountInBytes(new Quantity(spec.maxMemory())).longValue();
    return Math.max(128, bytes / (1 << 20) * 4 / 3) + "Mi";
  }

  /** Prints an unexpected response, which appears in the pod's events. */
  private static ProbeBuilder probe(String answer) {
    return new ProbeBuilder()
        .withNewExec()
        .withCommand(
            "sh",
            "-c",
            "a=$(redis-cli -h 127.0.0.1 --user operator ping 2>&1); echo \"$a\"; echo \"$a\" | grep"
                + " -qE '"
                + answer
                + "'")
        .endExec();
  }

  private static Probe times(ProbeBuilder probe, int period, int failures) {
    return probe
        .withPeriodSeconds(period)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }
}

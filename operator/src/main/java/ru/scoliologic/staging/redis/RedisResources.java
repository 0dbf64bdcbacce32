package ru.scoliologic.staging.redis;

import static ru.scoliologic.staging.cluster.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.HardenedPod.readOnly;

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
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.DataStore;
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.LoginJob;
import ru.scoliologic.staging.cluster.LoginTask;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds Redis' objects (pure). */
public final class RedisResources {
  public static final String COMPONENT = Needs.REDIS;
  private static final int PORT = 6379;
  private static final String OPERATOR_PASSWORD = "redis-operator-password";
  private static final String CONFIGURATION = "redis.conf";

  private final StagingEnvironment environment;
  private final RedisSpec spec;
  private final Names names;
  private final DataStore store;
  private final List<String> passwords;
  private final String operatorPassword;

  /**
   * Objects of one environment.
   *
   * @param passwords that Redis accepts; empty while they are not known, and then nothing that
   *     holds them is made
   * @param operatorPassword of the operator's own user, which no rotation changes
   */
  public RedisResources(
      StagingEnvironment environment, List<String> passwords, String operatorPassword) {
    this.environment = environment;
    this.spec = environment.getSpec().services().redis();
    this.names = Names.of(environment);
    this.store = new DataStore(environment, COMPONENT, names.redis(), PORT);
    this.passwords = List.copyOf(passwords);
    this.operatorPassword = operatorPassword;
  }

  /**
   * Redis' part of the plan.
   *
   * @param logins changes of the passwords that it accepts
   */
  public List<Planned> plan(List<LoginTask> logins, Snapshot snapshot) {
    boolean held = passwords.isEmpty();
    var plan = new ArrayList<Planned>();
    plan.add(
        new Planned(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(
                Ownership.retained(environment, COMPONENT, names.redis()),
                spec.storage(),
                spec.storageClassName())));
    plan.add(new Planned(Stage.DEPLOYMENT, configuration(), held));
    plan.add(new Planned(Stage.DEPLOYMENT, store.service()));
    plan.add(new Planned(Stage.DEPLOYMENT, store.networkPolicy(LoginTask.podsOf(COMPONENT))));
    // A password is changed in the running server: it is no reason for a restart.
    plan.add(new Planned(Stage.DEPLOYMENT, store.statefulSet(pod(), Hash.of(settings())), held));
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

  public static Component observe(Snapshot snapshot) {
    return Component.ofStateful(
        snapshot,
        COMPONENT,
        snapshot.environment().getSpec().services().redis().effectiveImage(),
        snapshot.owned().find(StatefulSet.class, snapshot.names().redis()));
  }

  private Secret configuration() {
    return new SecretBuilder()
        .withMetadata(Ownership.owned(environment, COMPONENT, names.redis()))
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

  /** As Redis keeps a password: its SHA-256. */
  private static String verifier(String password) {
    try {
      var digest =
          MessageDigest.getInstance("SHA-256").digest(password.getBytes(StandardCharsets.UTF_8));
      return "#" + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  /** All but who may log in. */
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
            COMPONENT, spec, HardenedPod.resources("50m", "64Mi", memoryLimit()))
        .withArgs("/etc/redis/" + CONFIGURATION)
        .withEnv(
            // redis-cli takes the password of the probes from here, not from an argument.
            LoginJob.credential(environment, "REDISCLI_AUTH", OPERATOR_PASSWORD))
        .addNewPort()
        .withName("redis")
        .withContainerPort(PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(probe("^PONG", 2, 60))
        .withReadinessProbe(probe("^PONG", 5, 3))
        // A server that still reads its file answers LOADING: it lives.
        .withLivenessProbe(probe("^PONG|^LOADING", 15, 4))
        .withVolumeMounts(
            mount("data", "/data"), mount("tmp", "/tmp"), readOnly("configuration", "/etc/redis"))
        .build();
  }

  /** A third above the data, for buffers and for the copy while the file is rewritten. */
  private String memoryLimit() {
    long bytes = Quantity.getAmountInBytes(new Quantity(spec.maxMemory())).longValue();
    return Math.max(128, bytes / (1 << 20) * 4 / 3) + "Mi";
  }

  private static Probe probe(String answer, int period, int failures) {
    return new ProbeBuilder()
        .withNewExec()
        .withCommand(
            "sh", "-c", "redis-cli -h 127.0.0.1 --user operator ping | grep -qE '" + answer + "'")
        .endExec()
        .withPeriodSeconds(period)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }
}

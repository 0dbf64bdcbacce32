package ru.scoliologic.staging.postgres;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.math.BigDecimal;
import java.math.RoundingMode;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.ComponentName;

/** PostgreSQL's pod: the image's own entry point, with settings that make it safe to kill. */
record PostgresPod(PostgresSpec spec, Names names) {
  /** Assembles the init scripts and checks the version of the data. */
  static final String PREPARE = "prepare";

  /** A checkpoint at shutdown takes time; a killed server has to recover at start. */
  static final long GRACE_SECONDS = 120;

  /** From this version on, the image keeps its data in a folder of the version. */
  private static final int FOLDER_OF_ITS_OWN = 18;

  private static final String PASSWORD = "/run/secrets/postgres";
  private static final String START = "/run/postgres-start";
  private static final int STARTUP_PERIOD = 2;

  /** Divisor of the memory limit for the size of /dev/shm. */
  private static final BigDecimal SHARED_PARTS = BigDecimal.TWO;

  /** Whether a StatefulSet has this form; those of older operators keep theirs. */
  static boolean isFormOf(StatefulSet set) {
    return set.getSpec() != null
        && set.getSpec().getTemplate().getSpec().getInitContainers().stream()
            .anyMatch(container -> PREPARE.equals(container.getName()));
  }

  PodSpec build() {
    return HardenedPod.pod(spec, spec.runAsUser())
        .withTerminationGracePeriodSeconds(GRACE_SECONDS)
        .withInitContainers(prepare())
        .withContainers(server())
        .withVolumes(
            claim("data", names.postgres()),
            emptyDir("run"),
            emptyDir("tmp"),
            password(names),
            sharedMemory(),
            emptyDir("init"),
            configMap("init-given", names.postgresInit()),
            configMap("start", names.postgresStart()))
        .build();
  }

  private Container prepare() {
    return HardenedPod.container(PREPARE, spec, resources())
        .withCommand("sh", START + "/prepare.sh")
        .withEnv(variable("PGDATA", folder()), variable("VOLUME", volume()))
        // The message has the end of the log: the operator does not read this container's log.
        .withTerminationMessagePolicy("FallbackToLogsOnError")
        .withVolumeMounts(
            readOnly("data", volume()),
            readOnly("init-given", "/run/postgres-init"),
            mount("init", "/run/init"),
            readOnly("start", START))
        .build();
  }

  private Container server() {
    return HardenedPod.container(ComponentName.POSTGRES.label(), spec, resources())
        .withEnv(
            variable("POSTGRES_DB", spec.database()),
            variable("POSTGRES_USER", spec.user()),
            variable("POSTGRES_PASSWORD_FILE", PASSWORD + "/password"),
            variable("PGDATA", folder()),
            variable("BASH_ENV", START + "/guard.sh"))
        .addNewPort()
        .withName(ComponentName.POSTGRES.label())
        .withContainerPort(PostgresSpec.PORT)
        .withProtocol("TCP")
        .endPort()
        // The kubelet never ends an initialisation or a recovery: the operator reports a missed
        // deadline.
        .withStartupProbe(
            probe(
                STARTUP_PERIOD,
                30,
                ComponentSpec.MAX_DEADLINE_SECONDS / STARTUP_PERIOD,
                "sh",
                START + "/up.sh"))
        .withReadinessProbe(
            probe(
                5, 5, 3, "pg_isready", "-h", "127.0.0.1", "-U", spec.user(), "-d", spec.database()))
        // Exit code 1: the server runs but rejects sessions, for example during recovery.
        .withLivenessProbe(
            probe(
                15,
                5,
                6,
                "sh",
                "-c",
                "pg_isready -h 127.0.0.1 -U \"$POSTGRES_USER\" -d \"$POSTGRES_DB\"; [ $? -le 1 ]"))
        .withVolumeMounts(
            mount("data", volume()),
            mount("run", "/var/run/postgresql"),
            mount("tmp", "/tmp"),
            readOnly("password", PASSWORD),
            mount("shm", "/dev/shm"),
            readOnly("init", "/docker-entrypoint-initdb.d"),
            readOnly("start", START))
        .build();
  }

  private ResourceRequirements resources() {
    return spec.resources() == null ? defaults() : spec.resources();
  }

  static ResourceRequirements defaults() {
    return HardenedPod.resources("100m", "128Mi", "1Gi");
  }

  /** Mount path of the volume. */
  private String volume() {
    return Integer.parseInt(spec.major()) < FOLDER_OF_ITS_OWN
        ? "/var/lib/postgresql/data"
        : "/var/lib/postgresql";
  }

  /** A folder in the volume: initdb rejects the root, which may contain lost+found. */
  String folder() {
    return Integer.parseInt(spec.major()) < FOLDER_OF_ITS_OWN
        ? volume() + "/pgdata"
        : volume() + "/" + spec.major() + "/docker";
  }

  private static Probe probe(int period, int timeout, int failures, String... command) {
    return new ProbeBuilder()
        .withNewExec()
        .withCommand(command)
        .endExec()
        .withPeriodSeconds(period)
        .withTimeoutSeconds(timeout)
        .withFailureThreshold(failures)
        .build();
  }

  static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  static Volume password(Names names) {
    return new VolumeBuilder()
        .withName("password")
        .withNewSecret()
        .withSecretName(names.credentials())
        .addNewItem()
        .withKey("POSTGRES_PASSWORD")
        .withPath("password")
        .endItem()
        .endSecret()
        .build();
  }

  /** Parallel queries use shared memory; the runtime's default is 64 MiB. */
  private Volume sharedMemory() {
    var limits = resources().getLimits();
    var limit = limits == null ? null : limits.get("memory");
    var size =
        limit == null
            ? null
            : new Quantity(
                Quantity.getAmountInBytes(limit)
                    .divide(SHARED_PARTS, 0, RoundingMode.DOWN)
                    .toPlainString());
    return new VolumeBuilder()
        .withName("shm")
        .withNewEmptyDir()
        .withMedium("Memory")
        .withSizeLimit(size)
        .endEmptyDir()
        .build();
  }

  static Volume configMap(String volume, String name) {
    return new VolumeBuilder()
        .withName(volume)
        .withNewConfigMap()
        .withName(name)
        .endConfigMap()
        .build();
  }
}

package ru.scoliologic.staging.postgres;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;
import static ru.scoliologic.staging.postgres.PostgresPod.variable;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.ComponentName;

/**
 * The pod in the form before {@link PostgresPod}. Existing databases keep it, so that an upgrade
 * restarts none; another image or another ConfigMap of scripts brings the present form.
 */
record FormerPod(PostgresSpec spec, Names names) {
  private static final String DATA = "/var/lib/postgresql/data";
  private static final String INIT = "init";

  /** Whether the StatefulSet has this form and the spec has the same image and scripts. */
  boolean stays(StatefulSet there) {
    return there.getSpec() != null
        && !PostgresPod.isFormOf(there)
        && there.getSpec().getTemplate().getSpec().getContainers().stream()
            .allMatch(container -> spec.effectiveImage().equals(container.getImage()))
        && Objects.equals(scripts().orElse(null), scripts(there).orElse(null));
  }

  private Optional<String> scripts() {
    return Optional.ofNullable(spec.initSql()).map(sql -> sql.configMapRef().name());
  }

  private static Optional<String> scripts(StatefulSet there) {
    return there.getSpec().getTemplate().getSpec().getVolumes().stream()
        .filter(volume -> INIT.equals(volume.getName()))
        .findFirst()
        .map(volume -> volume.getConfigMap().getName());
  }

  PodSpec build() {
    return HardenedPod.pod(spec, spec.runAsUser())
        .withTerminationGracePeriodSeconds(PostgresPod.GRACE_SECONDS)
        .withContainers(container())
        .withVolumes(volumes())
        .build();
  }

  private Container container() {
    return HardenedPod.container(ComponentName.POSTGRES.label(), spec, PostgresPod.defaults())
        .withEnv(
            variable("POSTGRES_DB", spec.database()),
            variable("POSTGRES_USER", spec.user()),
            variable("POSTGRES_PASSWORD_FILE", "/run/secrets/postgres/password"),
            // initdb rejects the volume's root, because it may contain lost+found.
            variable("PGDATA", DATA + "/pgdata"))
        .addNewPort()
        .withName(ComponentName.POSTGRES.label())
        .withContainerPort(PostgresSpec.PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(probe(2, 150))
        .withReadinessProbe(probe(5, 3))
        .withLivenessProbe(probe(15, 6))
        .withVolumeMounts(mounts())
        .build();
  }

  private Probe probe(int period, int failures) {
    return new ProbeBuilder()
        .withNewExec()
        .withCommand(
            "pg_isready", "-q", "-h", "127.0.0.1", "-U", spec.user(), "-d", spec.database())
        .endExec()
        .withPeriodSeconds(period)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }

  private List<VolumeMount> mounts() {
    var mounts =
        new ArrayList<>(
            List.of(
                mount("data", DATA),
                mount("run", "/var/run/postgresql"),
                mount("tmp", "/tmp"),
                readOnly("password", "/run/secrets/postgres")));
    scripts().ifPresent(name -> mounts.add(readOnly(INIT, "/docker-entrypoint-initdb.d")));
    return mounts;
  }

  private List<Volume> volumes() {
    var volumes =
        new ArrayList<>(
            List.of(
                claim("data", names.postgres()),
                emptyDir("run"),
                emptyDir("tmp"),
                PostgresPod.password(names)));
    scripts().ifPresent(name -> volumes.add(PostgresPod.configMap(INIT, name)));
    return volumes;
  }
}

package ru.scoliologic.staging.postgres;

import static ru.scoliologic.staging.cluster.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.DataStore;
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.LoginJob;
import ru.scoliologic.staging.cluster.LoginTask;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/** Builds PostgreSQL's objects (pure). */
public final class PostgresResources {
  public static final String COMPONENT = Needs.POSTGRES;
  private static final int PORT = 5432;
  private static final String DATA = "/var/lib/postgresql/data";

  /** On the claim: the major version that its data was made with. */
  static final String MAJOR = "staging.scoliologic.ru/postgres-major";

  /** A checkpoint at shutdown can take its time; a killed server has to recover at start. */
  private static final long GRACE_SECONDS = 120;

  private final StagingEnvironment environment;
  private final PostgresSpec spec;
  private final Names names;
  private final DataStore store;

  public PostgresResources(StagingEnvironment environment) {
    this.environment = environment;
    this.spec = environment.getSpec().services().postgres();
    this.names = Names.of(environment);
    this.store = new DataStore(environment, COMPONENT, names.postgres(), PORT);
  }

  /**
   * PostgreSQL's part of the plan.
   *
   * @param tasks what is to be done to the database
   * @param logins changes of who may log in
   */
  public List<Planned> plan(DatabaseTasks tasks, List<LoginTask> logins, Snapshot snapshot) {
    var claim = Ownership.retained(environment, COMPONENT, names.postgres());
    claim.setAnnotations(marks(tasks, snapshot));
    var plan = new ArrayList<Planned>();
    plan.add(
        new Planned(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(claim, spec.storage(), spec.storageClassName())));
    plan.add(new Planned(Stage.DEPLOYMENT, store.service()));
    plan.add(
        new Planned(
            Stage.DEPLOYMENT,
            store.networkPolicy(DatabaseTaskResources.COMPONENT, LoginTask.podsOf(COMPONENT))));
    plan.add(
        new Planned(
            Stage.DEPLOYMENT, store.statefulSet(pod(), null), unreadable(snapshot).isPresent()));
    plan.addAll(new DatabaseTaskResources(environment).plan(tasks, snapshot));
    // What is being replaced, or read for a backup, is not the place to end sessions in.
    boolean free = observe(snapshot).ready() && !DatabaseTasks.anyRuns(snapshot);
    plan.addAll(loginJob().plan(logins, snapshot, free));
    return plan;
  }

  private LoginJob loginJob() {
    return new LoginJob(
        environment,
        COMPONENT,
        spec,
        spec.runAsUser(),
        List.of(
            LoginJob.variable("PGHOST", names.postgres()),
            LoginJob.variable("PGUSER", spec.user()),
            LoginJob.variable("PGDATABASE", spec.database())));
  }

  /** The version is noted once the server has run on the data: before, there may be none. */
  private Map<String, String> marks(DatabaseTasks tasks, Snapshot snapshot) {
    var marks = new TreeMap<>(Map.of(TaskMemory.ANNOTATION, tasks.memory().text()));
    dataVersion(snapshot)
        .or(() -> observe(snapshot).ready() ? Optional.of(spec.major()) : Optional.empty())
        .ifPresent(major -> marks.put(MAJOR, major));
    return marks;
  }

  public static Component observe(Snapshot snapshot) {
    var image = snapshot.environment().getSpec().services().postgres().effectiveImage();
    return unreadable(snapshot)
        .map(why -> new Component(COMPONENT, false, image, Reason.DATA_OF_OTHER_VERSION, why))
        .orElseGet(() ->
            Component.ofStateful(
                snapshot,
                COMPONENT,
                image,
                snapshot.owned().find(StatefulSet.class, snapshot.names().postgres())));
  }

  /** The major version of the data that is there, if it was noted. */
  private static Optional<String> dataVersion(Snapshot snapshot) {
    return snapshot
        .owned()
        .find(PersistentVolumeClaim.class, snapshot.names().postgres())
        .map(claim -> claim.getMetadata().getAnnotations())
        .map(annotations -> annotations.get(MAJOR));
  }

  /** Why the server could not read the data; it would end again and again. */
  private static Optional<String> unreadable(Snapshot snapshot) {
    var wanted = snapshot.environment().getSpec().services().postgres().major();
    return dataVersion(snapshot)
        .filter(found -> !found.equals(wanted))
        .map(found ->
            "volume claim %s holds data of PostgreSQL %s, and spec.services.postgres.version asks for %s: set it to %s"
                    .formatted(snapshot.names().postgres(), found, wanted, found)
                + ", or move the data by a backup");
  }

  private PodSpec pod() {
    return HardenedPod.pod(spec, spec.runAsUser())
        .withTerminationGracePeriodSeconds(GRACE_SECONDS)
        .withContainers(container())
        .withVolumes(volumes())
        .build();
  }

  private Container container() {
    return HardenedPod.container(COMPONENT, spec, HardenedPod.resources("100m", "128Mi", "1Gi"))
        .withEnv(
            variable("POSTGRES_DB", spec.database()),
            variable("POSTGRES_USER", spec.user()),
            variable("POSTGRES_PASSWORD_FILE", "/run/secrets/postgres/password"),
            // The volume's root may hold lost+found, which initdb refuses.
            variable("PGDATA", DATA + "/pgdata"))
        .addNewPort()
        .withName("postgres")
        .withContainerPort(PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(probe(2, 150))
        .withReadinessProbe(probe(5, 3))
        .withLivenessProbe(probe(15, 6))
        .withVolumeMounts(mounts())
        .build();
  }

  /** Over TCP: while the data directory is made, the server listens on its socket only. */
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

  private static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  private List<VolumeMount> mounts() {
    var mounts =
        new ArrayList<>(
            List.of(
                mount("data", DATA),
                mount("run", "/var/run/postgresql"),
                mount("tmp", "/tmp"),
                readOnly("password", "/run/secrets/postgres")));
    if (spec.initSql() != null) {
      mounts.add(readOnly("init", "/docker-entrypoint-initdb.d"));
    }
    return mounts;
  }

  private List<Volume> volumes() {
    var volumes =
        new ArrayList<>(
            List.of(
                claim("data", names.postgres()),
                emptyDir("run"),
                emptyDir("tmp"),
                new VolumeBuilder()
                    .withName("password")
                    .withNewSecret()
                    .withSecretName(names.credentials())
                    .addNewItem()
                    .withKey("POSTGRES_PASSWORD")
                    .withPath("password")
                    .endItem()
                    .endSecret()
                    .build()));
    if (spec.initSql() != null) {
      volumes.add(
          new VolumeBuilder()
              .withName("init")
              .withNewConfigMap()
              .withName(spec.initSql().configMapRef().name())
              .endConfigMap()
              .build());
    }
    return volumes;
  }
}

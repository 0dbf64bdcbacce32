package ru.scoliologic.staging.postgres;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;

import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.StatefulWorkload;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.LoginJob;
import ru.scoliologic.staging.cluster.model.LoginTask;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/** Builds PostgreSQL's objects. */
public final class PostgresResources {
  private static final ComponentName COMPONENT = ComponentName.POSTGRES;

  /** On the claim: the major version that created its data. */
  static final String MAJOR = Labels.POSTGRES_MAJOR;

  private final StagingEnvironment environment;
  private final PostgresSpec spec;
  private final Names names;
  private final StatefulWorkload store;
  private final String password;

  /**
   * Builds the objects of one environment.
   *
   * @param password of a new database
   */
  public PostgresResources(StagingEnvironment environment, String password) {
    this.environment = environment;
    this.password = password;
    this.spec = environment.getSpec().services().postgres();
    this.names = Names.of(environment);
    this.store = new StatefulWorkload(environment, COMPONENT, names.postgres(), PostgresSpec.PORT);
  }

  /**
   * PostgreSQL's part of the plan.
   *
   * @param tasks the database tasks
   * @param logins changes of logins
   */
  public List<PlannedObject> plan(DatabaseTasks tasks, List<LoginTask> logins, Snapshot snapshot) {
    var initialisation = Initialisation.of(snapshot);
    var server = observe(snapshot);
    var claim = OwnedMetadata.retained(environment, COMPONENT, names.postgres());
    claim.setAnnotations(marks(tasks, initialisation, server));
    var plan = new ArrayList<PlannedObject>();
    plan.add(
        new PlannedObject(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(claim, spec.storage(), spec.storageClassName())));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, store.service()));
    plan.add(
        new PlannedObject(
            Stage.DEPLOYMENT,
            store.networkPolicy(ComponentName.POSTGRES_TASK, LoginTask.podsOf(COMPONENT))));
    plan.addAll(initialisation.plan(server));
    plan.add(
        new PlannedObject(
            Stage.DEPLOYMENT, server(snapshot, initialisation), unreadable(snapshot).isPresent()));
    plan.addAll(new DatabaseTaskResources(environment).plan(tasks, snapshot));
    // Sessions must not be ended while the database is replaced or read for a backup.
    boolean free = server.ready() && !DatabaseTasks.anyRuns(snapshot);
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

  private StatefulSet server(Snapshot snapshot, Initialisation initialisation) {
    var there = snapshot.owned().find(StatefulSet.class, names.postgres());
    var former = new FormerPod(spec, names);
    return there.filter(former::stays).isPresent()
        ? store.statefulSet(former.build(), null)
        : store.statefulSet(
            new PostgresPod(spec, names).build(),
            initialisation.configuration(
                password, observe(snapshot), there.filter(PostgresPod::isFormOf)));
  }

  /** The version is recorded once the server ran on the data: before, there may be none. */
  private Map<String, String> marks(
      DatabaseTasks tasks, Initialisation initialisation, ComponentHealth server) {
    var marks = new TreeMap<>(Map.of(TaskMemory.ANNOTATION, tasks.memory().text()));
    initialisation
        .dataVersion()
        .or(() ->
            server.ready()
                ? initialisation.foundVersion().or(() -> Optional.of(spec.major()))
                : Optional.empty())
        .ifPresent(major -> marks.put(MAJOR, major));
    return marks;
  }

  public static ComponentHealth observe(Snapshot snapshot) {
    var image = snapshot.environment().getSpec().services().postgres().effectiveImage();
    return unreadable(snapshot)
        .map(why -> new ComponentHealth(COMPONENT, false, image, Reason.DATA_OF_OTHER_VERSION, why))
        .orElseGet(() ->
            ComponentHealth.ofStateful(
                snapshot,
                COMPONENT,
                image,
                snapshot.owned().find(StatefulSet.class, snapshot.names().postgres())));
  }

  /** Folder of the data in the container. */
  public static String dataFolder(StagingEnvironment environment) {
    return new PostgresPod(environment.getSpec().services().postgres(), Names.of(environment))
        .folder();
  }

  /** The recorded major version of the existing data, if any. */
  public static Optional<String> dataVersion(Snapshot snapshot) {
    return Initialisation.of(snapshot).dataVersion();
  }

  /** Why the server cannot read the data; it would exit repeatedly. */
  private static Optional<String> unreadable(Snapshot snapshot) {
    var spec = snapshot.environment().getSpec().services().postgres();
    var wanted = spec.major();
    return Initialisation.of(snapshot)
        .dataVersion()
        // For an image whose reference has no version, the pod compares it with the data.
        .filter(found -> spec.imageTellsVersion() && !found.equals(wanted))
        .map(found ->
            "volume claim %s holds data of PostgreSQL %s, and spec.services.postgres.version asks for %s: set it to %s"
                    .formatted(snapshot.names().postgres(), found, wanted, found)
                + ", or move the data by a backup");
  }
}

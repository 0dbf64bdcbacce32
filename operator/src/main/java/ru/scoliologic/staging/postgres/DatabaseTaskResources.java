package ru.scoliologic.staging.postgres;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpecBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.NoMesh;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/**
 * Builds the objects of the database tasks: the script, the backup volume, the CronJob of the
 * regular backups, and a Job for the current task.
 */
final class DatabaseTaskResources {
  /** Differs from PostgreSQL's, because its Service selects pods by component. */
  private static final ComponentName COMPONENT = ComponentName.POSTGRES_TASK;

  private static final String TASK = "staging.scoliologic.ru/task";
  private static final String BACKUP = "backup";
  private static final String SCRIPT = "task.sh";

  /** The script's exit code for errors that a retry cannot fix. */
  private static final int REFUSED = 3;

  private static final int RETRIES = 2;

  /** A backup that was missed while a node was down is started within this time. */
  private static final long STARTING_SECONDS = 3_600;

  private final StagingEnvironment environment;
  private final PostgresSpec spec;
  private final Names names;

  DatabaseTaskResources(StagingEnvironment environment) {
    this.environment = environment;
    this.spec = environment.getSpec().services().postgres();
    this.names = Names.of(environment);
  }

  /** The tasks' part of the plan; an existing Job stays unchanged. */
  List<PlannedObject> plan(DatabaseTasks tasks, Snapshot snapshot) {
    var plan = new ArrayList<PlannedObject>();
    if (spec.backup() != null) {
      plan.add(
          new PlannedObject(
              Stage.DEPLOYMENT,
              HardenedPod.volumeClaim(
                  OwnedMetadata.retained(environment, ComponentName.POSTGRES, backupVolume()),
                  spec.backup().storage(),
                  spec.backup().storageClassName())));
      plan.add(new PlannedObject(Stage.DEPLOYMENT, cronJob(tasks)));
    }
    if (spec.backup() != null || spec.seed() != null || spec.reset() != null) {
      plan.add(new PlannedObject(Stage.DEPLOYMENT, script()));
    }
    tasks
        .step()
        .filter(DatabaseTasks.Step::due)
        .ifPresent(step -> plan.add(new PlannedObject(Stage.DEPLOYMENT, job(step))));
    var begins =
        tasks.step().filter(DatabaseTasks.Step::begins).map(DatabaseTasks.Step::job).orElse("");
    DatabaseTasks.jobs(snapshot).stream()
        .filter(job -> tasks.kept().contains(job.getMetadata().getName()))
        .forEach(job ->
            plan.add(
                job.getMetadata().getName().equals(begins)
                    ? new PlannedObject(Stage.DEPLOYMENT, begun(job))
                    : new PlannedObject(Stage.DEPLOYMENT, job, true)));
    return plan;
  }

  /** A Job that stops the application is created suspended and begins when that has stopped. */
  private Job job(DatabaseTasks.Step step) {
    var job = job(step.command(), step.id(), step.job());
    if (step.stops()) {
      job.getSpec().setSuspend(true);
    }
    return job;
  }

  /** An existing Job, resumed; its other fields are immutable. */
  private static Job begun(Job there) {
    return new JobBuilder()
        .withNewMetadata()
        .withNamespace(there.getMetadata().getNamespace())
        .withName(there.getMetadata().getName())
        .withLabels(there.getMetadata().getLabels())
        .withOwnerReferences(there.getMetadata().getOwnerReferences())
        .endMetadata()
        .withSpec(new JobSpecBuilder(there.getSpec()).withSuspend(false).build())
        .build();
  }

  /** Whether a Job makes a backup, regular or requested. */
  static boolean makesBackup(Job job) {
    return BACKUP.equals(job.getMetadata().getLabels().get(TASK));
  }

  private String backupVolume() {
    return names.postgresBackup();
  }

  private ConfigMap script() {
    return new ConfigMapBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.postgresTask()))
        .withData(Map.of(SCRIPT, text()))
        .build();
  }

  private static String text() {
    try (var input = DatabaseTaskResources.class.getResourceAsStream("/postgres/" + SCRIPT)) {
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, String> labels(String command) {
    var labels = new TreeMap<>(Labels.of(environment, COMPONENT));
    labels.put(TASK, command);
    return labels;
  }

  private CronJob cronJob(DatabaseTasks tasks) {
    return new CronJobBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.backupSchedule()))
        .withNewSpec()
        .withSchedule(spec.backup().schedule())
        .withTimeZone("Etc/UTC")
        // A database that is being replaced is not worth a backup.
        .withSuspend(spec.backup().suspend() || tasks.holdTheApp())
        .withConcurrencyPolicy("Forbid")
        .withStartingDeadlineSeconds(STARTING_SECONDS)
        .withSuccessfulJobsHistoryLimit(1)
        .withFailedJobsHistoryLimit(1)
        .withNewJobTemplate()
        .withNewMetadata()
        .withLabels(labels(BACKUP))
        .endMetadata()
        .withSpec(jobSpec(BACKUP, "scheduled"))
        .endJobTemplate()
        .endSpec()
        .build();
  }

  /**
   * Builds a Job.
   *
   * @param command the script's command
   * @param id hash of the request and the volume
   */
  Job job(String command, String id, String name) {
    var metadata = OwnedMetadata.owned(environment, COMPONENT, name);
    metadata.setLabels(labels(command));
    return new JobBuilder().withMetadata(metadata).withSpec(jobSpec(command, id)).build();
  }

  private JobSpec jobSpec(String command, String id) {
    return new JobSpecBuilder()
        .withBackoffLimit(RETRIES)
        .withActiveDeadlineSeconds(spec.tasks().timeoutSeconds().longValue())
        .withNewPodFailurePolicy()
        .addNewRule()
        .withAction("FailJob")
        .withNewOnExitCodes()
        .withContainerName(COMPONENT.label())
        .withOperator("In")
        .withValues(REFUSED)
        .endOnExitCodes()
        .endRule()
        .endPodFailurePolicy()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(NoMesh.labels(labels(command)))
        .withAnnotations(NoMesh.ANNOTATIONS)
        .endMetadata()
        .withSpec(
            HardenedPod.pod(spec, spec.runAsUser())
                .withRestartPolicy("Never")
                .withContainers(container(command, id))
                .withVolumes(volumes(command))
                .build())
        .endTemplate()
        .build();
  }

  private Container container(String command, String id) {
    var given = spec.tasks().resources();
    var resources = given == null ? HardenedPod.resources("50m", "64Mi", "512Mi") : given;
    return HardenedPod.container(COMPONENT.label(), spec, resources)
        .withResources(resources)
        .withCommand("sh", "/run/task/" + SCRIPT, command)
        .withEnv(variables(command, id))
        // The script writes its result there; without one, the end of the log is used.
        .withTerminationMessagePolicy("FallbackToLogsOnError")
        .withVolumeMounts(mounts(command))
        .build();
  }

  private List<EnvVar> variables(String command, String id) {
    var variables =
        new ArrayList<>(
            List.of(
                variable("PGHOST", names.postgres()),
                variable("PGUSER", spec.user()),
                variable("PGDATABASE", spec.database()),
                new EnvVarBuilder()
                    .withName("PGPASSWORD")
                    .withNewValueFrom()
                    .withNewSecretKeyRef("POSTGRES_PASSWORD", names.credentials(), false)
                    .endValueFrom()
                    .build(),
                taskId(command, id)));
    if (command.equals(BACKUP)) {
      variables.add(variable("KEEP", String.valueOf(spec.backup().keep())));
    }
    if (loadsSeed(command) && spec.seed().volume() != null) {
      variables.add(variable("FILE", spec.seed().volume().file()));
    }
    if (readsBackup(command)) {
      variables.add(variable("FILE", spec.restore().file()));
    }
    return variables;
  }

  /**
   * A copy before a migration belongs to one Job; other tasks have the same id at every attempt.
   */
  private static EnvVar taskId(String command, String id) {
    return command.equals(DatabaseCopies.COMMAND)
        ? new EnvVarBuilder()
            .withName("TASK_ID")
            .withNewValueFrom()
            .withNewFieldRef()
            .withFieldPath("metadata.labels['" + DatabaseTasks.JOB_UID + "']")
            .endFieldRef()
            .endValueFrom()
            .build()
        : variable("TASK_ID", id);
  }

  private static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  private static boolean readsBackup(String command) {
    return command.equals("restore") || command.equals("check");
  }

  private boolean loadsSeed(String command) {
    return spec.seed() != null && (command.equals("seed") || resets(command));
  }

  private boolean runsInitSql(String command) {
    return spec.initSql() != null && resets(command);
  }

  /** Includes the trial: its pod has the same volumes. */
  private static boolean resets(String command) {
    return command.equals("reset") || TaskKind.RESET.trial().filter(command::equals).isPresent();
  }

  private boolean usesBackupVolume(String command) {
    return spec.backup() != null && !command.equals("seed");
  }

  private List<VolumeMount> mounts(String command) {
    var mounts = new ArrayList<>(List.of(readOnly("task", "/run/task"), mount("tmp", "/tmp")));
    if (usesBackupVolume(command)) {
      mounts.add(mount("backups", "/backups"));
    }
    if (loadsSeed(command)) {
      mounts.add(readOnly("seed", "/seed"));
    }
    if (runsInitSql(command)) {
      mounts.add(readOnly("init", "/init"));
    }
    return mounts;
  }

  private List<Volume> volumes(String command) {
    var volumes =
        new ArrayList<>(List.of(configMap("task", names.postgresTask()), emptyDir("tmp")));
    if (usesBackupVolume(command)) {
      volumes.add(claim("backups", backupVolume()));
    }
    if (loadsSeed(command)) {
      volumes.add(
          spec.seed().volume() == null
              ? configMap("seed", spec.seed().configMapRef().name())
              : foreignClaim("seed", spec.seed().volume().claimName()));
    }
    if (runsInitSql(command)) {
      volumes.add(configMap("init", spec.initSql().configMapRef().name()));
    }
    return volumes;
  }

  /**
   * Mounts another claim read-only: for a writable claim the kubelet changes the group of its
   * files, and the other database then rejects them.
   */
  private static Volume foreignClaim(String volume, String claim) {
    return new VolumeBuilder()
        .withName(volume)
        .withNewPersistentVolumeClaim()
        .withClaimName(claim)
        .withReadOnly(true)
        .endPersistentVolumeClaim()
        .build();
  }

  private static Volume configMap(String volume, String name) {
    return new VolumeBuilder()
        .withName(volume)
        .withNewConfigMap()
        .withName(name)
        .endConfigMap()
        .build();
  }
}

package ru.scoliologic.staging.app;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.Map;
import java.util.TreeMap;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.NoMesh;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ImageReferences;

/** Builds the migration Job. */
final class MigrationResources {
  /** Time for a stopped migration to roll back. */
  private static final long GRACE_SECONDS = 10;

  private static final int NOBODYS_PORT = 1;

  private final StagingEnvironment environment;
  private final AppSpec spec;
  private final Names names;

  MigrationResources(StagingEnvironment environment) {
    this.environment = environment;
    this.spec = environment.getSpec().services().app();
    this.names = Names.of(environment);
  }

  /**
   * Builds the Job that migrates to a version; the volumes stay with the application.
   *
   * @param copy name of the preceding database copy, or empty
   */
  Job job(AppVersion version, String name, String copy) {
    var metadata = OwnedMetadata.owned(environment, ComponentName.MIGRATION, name);
    metadata.setAnnotations(
        copy.isEmpty()
            ? Map.of(Labels.IMAGE, version.title())
            : Map.of(Labels.IMAGE, version.title(), MigrationJob.COPY, copy));
    var labels = new TreeMap<>(Labels.of(environment, ComponentName.MIGRATION));
    labels.put(Labels.VERSION, version.id());
    metadata.setLabels(labels);
    return new JobBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .withBackoffLimit(0)
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(NoMesh.labels(labels))
        .withAnnotations(NoMesh.ANNOTATIONS)
        .endMetadata()
        .withSpec(
            HardenedPod.pod(spec, spec.runAsUser())
                .addAllToImagePullSecrets(ImageReferences.pullSecrets(environment, version))
                .withRestartPolicy("Never")
                .withTerminationGracePeriodSeconds(GRACE_SECONDS)
                .withContainers(container(version))
                .withVolumes(emptyDir("tmp"))
                .build())
        .endTemplate()
        .endSpec()
        .build();
  }

  private Container container(AppVersion version) {
    var migration = spec.migration();
    var container =
        HardenedPod.container(
                ComponentName.MIGRATION.label(),
                spec,
                HardenedPod.resources("100m", "256Mi", "1Gi"))
            .withImage(version.image())
            .withImagePullPolicy(version.pullPolicy())
            .withCommand(migration.command())
            .withArgs(migration.args())
            .addNewEnvFrom()
            .withNewSecretRef(names.appEnvironment(), false)
            .endEnvFrom()
            .withTerminationMessagePolicy("FallbackToLogsOnError")
            .withLivenessProbe(endAfter(migration.timeoutSeconds()))
            .withVolumeMounts(mount("tmp", "/tmp"));
    return migration.resources() == null
        ? container.build()
        : container.withResources(migration.resources()).build();
  }

  /**
   * Ends a container after so many seconds by a probe of a closed port. A Job's deadline would
   * include the image pull and delete the pod with its log.
   */
  private static Probe endAfter(int seconds) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath("/")
        .withPort(new IntOrString(NOBODYS_PORT))
        .endHttpGet()
        .withInitialDelaySeconds(seconds)
        .withPeriodSeconds(1)
        .withTimeoutSeconds(1)
        .withFailureThreshold(1)
        .build();
  }
}

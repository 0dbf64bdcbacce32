package ru.scoliologic.staging.app;

import static ru.scoliologic.staging.cluster.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.HardenedPod.mount;

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
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Version;

/** Builds what prepares the database for a version (pure). */
final class MigrationResources {
  /** For a migration that is stopped to take back what it was at. */
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
   * The Job that migrates to a version; its volumes stay with the application.
   *
   * @param copy name of the copy of the database that was made before, or empty
   */
  Job job(Version version, String name, String copy) {
    var metadata = Ownership.owned(environment, Migration.COMPONENT, name);
    metadata.setAnnotations(
        copy.isEmpty()
            ? Map.of(Labels.IMAGE, version.title())
            : Map.of(Labels.IMAGE, version.title(), MigrationJob.COPY, copy));
    var labels = new TreeMap<>(Labels.of(environment, Migration.COMPONENT));
    labels.put(Labels.VERSION, version.id());
    metadata.setLabels(labels);
    return new JobBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .withBackoffLimit(0)
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(labels)
        .endMetadata()
        .withSpec(
            HardenedPod.pod(spec, spec.runAsUser())
                .addAllToImagePullSecrets(ImageRegistry.pullSecrets(environment, version))
                .withRestartPolicy("Never")
                .withTerminationGracePeriodSeconds(GRACE_SECONDS)
                .withContainers(container(version))
                .withVolumes(emptyDir("tmp"))
                .build())
        .endTemplate()
        .endSpec()
        .build();
  }

  private Container container(Version version) {
    var migration = spec.migration();
    var container =
        HardenedPod.container(
                Migration.COMPONENT, spec, HardenedPod.resources("100m", "256Mi", "1Gi"))
            .withImage(version.image())
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
   * Ends a container that has run for so many seconds, by asking it where nobody listens. A
   * deadline of the Job would count from before the image is there and take the pod with its log
   * away.
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

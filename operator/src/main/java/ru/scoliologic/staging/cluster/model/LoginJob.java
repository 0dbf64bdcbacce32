package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.NoMesh;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.stage.Stage;

/**
 * Builds the Job of a {@link LoginTask}: a component's own image, its script, and passwords in
 * variables only.
 *
 * @param component whose logins are changed
 * @param spec of the component
 * @param user that its image runs as
 * @param variables of every run, beside the task's
 */
public record LoginJob(
    StagingEnvironment environment,
    ComponentName component,
    ComponentSpec spec,
    long user,
    List<EnvVar> variables) {

  /** The script's exit code for errors that a retry cannot fix. */
  private static final int REFUSED = 3;

  private static final int RETRIES = 4;
  private static final long SECONDS = 600;

  public LoginJob {
    variables = List.copyOf(variables);
  }

  /**
   * The component's tasks as part of the plan; an existing Job stays unchanged.
   *
   * @param free whether a Job may be created now
   */
  public List<PlannedObject> plan(List<LoginTask> tasks, Snapshot snapshot, boolean free) {
    return tasks.stream()
        .filter(task -> task.component() == component)
        .map(task ->
            task.made(snapshot)
                .map(there -> new PlannedObject(Stage.DEPLOYMENT, there, true))
                .orElseGet(() -> new PlannedObject(Stage.DEPLOYMENT, job(task), !free)))
        .toList();
  }

  private Job job(LoginTask task) {
    var pods = LoginTask.podsOf(component);
    var container =
        HardenedPod.container(component.label(), spec, null)
            .withName("login")
            .withResources(HardenedPod.resources("10m", "32Mi", "128Mi"))
            .withCommand("sh", "-c", script(), "login.sh", task.verb())
            .withEnv(environment(task))
            .withTerminationMessagePolicy("FallbackToLogsOnError")
            .withVolumeMounts(HardenedPod.mount("tmp", "/tmp"))
            .build();
    return new JobBuilder()
        .withMetadata(OwnedMetadata.owned(environment, pods, task.job()))
        .withNewSpec()
        .withBackoffLimit(RETRIES)
        .withActiveDeadlineSeconds(SECONDS)
        .withNewPodFailurePolicy()
        .addNewRule()
        .withAction("FailJob")
        .withNewOnExitCodes()
        .withContainerName(container.getName())
        .withOperator("In")
        .withValues(REFUSED)
        .endOnExitCodes()
        .endRule()
        .endPodFailurePolicy()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(NoMesh.labels(Labels.of(environment, pods)))
        .withAnnotations(NoMesh.ANNOTATIONS)
        .endMetadata()
        .withSpec(
            HardenedPod.pod(spec, user)
                .withRestartPolicy("Never")
                .withContainers(container)
                .withVolumes(HardenedPod.emptyDir("tmp"))
                .build())
        .endTemplate()
        .endSpec()
        .build();
  }

  private List<EnvVar> environment(LoginTask task) {
    var all = new ArrayList<>(variables);
    new TreeMap<>(task.variables()).forEach((name, value) -> all.add(variable(name, value)));
    new TreeMap<>(task.secrets())
        .forEach((name, key) -> all.add(credential(environment, name, key)));
    return all;
  }

  public static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  /** A variable with a value of the credentials Secret. */
  public static EnvVar credential(StagingEnvironment environment, String name, String key) {
    return new EnvVarBuilder()
        .withName(name)
        .withNewValueFrom()
        .withNewSecretKeyRef(key, Names.of(environment).credentials(), false)
        .endValueFrom()
        .build();
  }

  private String script() {
    try (var input = LoginJob.class.getResourceAsStream("/" + component + "/login.sh")) {
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

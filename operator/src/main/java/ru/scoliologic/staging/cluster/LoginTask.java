package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Map;
import java.util.Optional;

/**
 * One change of who may log in to a component that keeps data; a Job makes it.
 *
 * @param component whose logins they are, for example {@code postgres}
 * @param verb the script's word for it
 * @param job name of the Job, another one for every change and every attempt
 * @param variables what the script is told
 * @param secrets variables by the key of the credentials Secret that holds their value
 */
public record LoginTask(
    String component,
    String verb,
    String job,
    Map<String, String> variables,
    Map<String, String> secrets) {

  public LoginTask {
    variables = Map.copyOf(variables);
    secrets = Map.copyOf(secrets);
  }

  /** The component that the Job's pods are of. */
  public static String podsOf(String component) {
    return component + "-login";
  }

  /** The Job, if it is there. */
  public Optional<HasMetadata> made(Snapshot snapshot) {
    return snapshot.owned().find(Job.class, job).map(HasMetadata.class::cast);
  }
}

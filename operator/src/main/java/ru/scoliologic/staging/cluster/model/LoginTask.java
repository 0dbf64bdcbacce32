package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Map;
import java.util.Optional;

/**
 * One change of the logins of a component that keeps data, done by a Job.
 *
 * @param component whose logins change, for example {@code postgres}
 * @param verb the script's command
 * @param job name of the Job, unique for every change and attempt
 * @param variables for the script
 * @param secrets variables by the key of the credentials Secret that holds their value
 */
public record LoginTask(
    ComponentName component,
    String verb,
    String job,
    Map<String, String> variables,
    Map<String, String> secrets) {

  public LoginTask {
    variables = Map.copyOf(variables);
    secrets = Map.copyOf(secrets);
  }

  /** The component that the Job's pods are labelled with. */
  public static ComponentName podsOf(ComponentName component) {
    return switch (component) {
      case POSTGRES -> ComponentName.POSTGRES_LOGIN;
      case REDIS -> ComponentName.REDIS_LOGIN;
      default -> throw new IllegalArgumentException(component + " has no logins");
    };
  }

  /** The existing Job, if any. */
  public Optional<HasMetadata> made(Snapshot snapshot) {
    return snapshot.owned().find(Job.class, job).map(HasMetadata.class::cast);
  }
}

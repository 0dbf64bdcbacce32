package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.cluster.model.ComponentName;

/** Labels and annotations of objects that the operator owns. */
public final class Labels {
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  public static final String OPERATOR = "staging-operator";
  public static final String NAME = "app.kubernetes.io/name";
  public static final String PART_OF = "app.kubernetes.io/part-of";
  public static final String ENVIRONMENT = "staging.scoliologic.ru/environment";
  public static final String COMPONENT = "app.kubernetes.io/component";

  /** Version of the application that a pod runs: a hash of its image or of its commit. */
  public static final String VERSION = "staging.scoliologic.ru/version";

  /** Selects everything the operator owns. */
  public static final String SELECTOR = MANAGED_BY + "=" + OPERATOR;

  /** Hash of the planned object. */
  public static final String PLANNED_HASH = "staging.scoliologic.ru/planned-hash";

  /** On a pod template: hash of the configuration that the containers read at start. */
  public static final String CONFIG_HASH = "staging.scoliologic.ru/config-hash";

  /** On the application's Service: when it was switched to the serving version. */
  public static final String SWITCHED_AT = "staging.scoliologic.ru/switched-at";

  /** On the application's Service: the version that receives traffic. */
  public static final String SERVING = "staging.scoliologic.ru/serving";

  /** On the application's Service: the version that received traffic before and is still kept. */
  public static final String PREVIOUS = "staging.scoliologic.ru/previous";

  /** On a Deployment of the application: the image of its version. */
  public static final String IMAGE = "staging.scoliologic.ru/image";

  /**
   * On a volume claim that was created for the first deployment of an environment: its uid. It is
   * removed once every component has been available. A claim without it is never deleted.
   */
  public static final String FIRST_DEPLOYMENT = "staging.scoliologic.ru/first-deployment";

  /** On the database's claim: the major version of its data, set once a server ran on it. */
  public static final String POSTGRES_MAJOR = "staging.scoliologic.ru/postgres-major";

  /** On a Job that checks the environment: a hash of the check's name. */
  public static final String CHECK = "staging.scoliologic.ru/check";

  /** On such a Job: hash of all inputs of its result. */
  public static final String SUBJECT = "staging.scoliologic.ru/subject";

  /** On the application's pod template: hash of the last retry request. */
  public static final String ATTEMPT = "staging.scoliologic.ru/attempt";

  private Labels() {}

  /** Selector of a component's pods. */
  public static Map<String, String> selector(HasMetadata environment, ComponentName component) {
    return selector(environment.getMetadata().getName(), component);
  }

  private static Map<String, String> selector(String environment, ComponentName component) {
    return new TreeMap<>(Map.of(ENVIRONMENT, environment, COMPONENT, component.label()));
  }

  /** The labels of every object of a component. */
  public static Map<String, String> of(HasMetadata environment, ComponentName component) {
    return of(environment.getMetadata().getName(), component);
  }

  public static Map<String, String> of(String environment, ComponentName component) {
    var labels = selector(environment, component);
    labels.put(MANAGED_BY, OPERATOR);
    labels.put(NAME, component.label());
    labels.put(PART_OF, "staging-environment");
    return labels;
  }

  /** Name of the environment that an object belongs to, by its labels. */
  public static Optional<String> environmentOf(HasMetadata object) {
    var labels = object.getMetadata().getLabels();
    return labels != null && OPERATOR.equals(labels.get(MANAGED_BY))
        ? Optional.ofNullable(labels.get(ENVIRONMENT))
        : Optional.empty();
  }
}

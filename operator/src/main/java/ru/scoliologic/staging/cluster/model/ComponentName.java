package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.MonitoringSpec;
import ru.scoliologic.staging.api.StagingEnvironmentSpec;
import ru.scoliologic.staging.cluster.kube.Labels;

/**
 * Every component, by the name that its objects and pods carry as a label, with its block of the
 * spec. Constants are in the order of the names, which is that of messages about several of them.
 */
public enum ComponentName {
  APP("app"),
  CHECK("check"),
  CONFIGURATION("configuration"),
  AGENT("gitops-agent"),
  GRAFANA("grafana"),
  INGRESS("ingress"),
  /** Not the application's, because Services and Deployments select its pods by component. */
  MIGRATION("migration"),
  OLLAMA("ollama"),
  POSTGRES("postgres"),
  POSTGRES_LOGIN("postgres-login"),
  POSTGRES_TASK("postgres-task"),
  PROMETHEUS("prometheus"),
  REDIS("redis"),
  REDIS_LOGIN("redis-login"),
  REGISTRY("registry"),
  TRAEFIK("traefik");

  private final String label;

  ComponentName(String label) {
    this.label = label;
  }

  /** The component with this label; empty for a label that the operator does not set. */
  public static Optional<ComponentName> of(String label) {
    return Stream.of(values()).filter(name -> name.label.equals(label)).findFirst();
  }

  /** Several names as part of a sentence. */
  public static String joined(List<ComponentName> names) {
    return names.stream().map(ComponentName::label).collect(Collectors.joining(", "));
  }

  /** The requested components that have a block in the spec. */
  public static Map<ComponentName, ComponentSpec> requested(StagingEnvironmentSpec spec) {
    var requested = new EnumMap<ComponentName, ComponentSpec>(ComponentName.class);
    for (var name : values()) {
      name.spec(spec).ifPresent(block -> requested.put(name, block));
    }
    return requested;
  }

  /** Its block of the spec; empty while it is not requested, or if it has none. */
  public Optional<ComponentSpec> spec(StagingEnvironmentSpec spec) {
    return Optional.ofNullable(
        switch (this) {
          case APP -> spec.services().app();
          case GRAFANA -> spec.grafana().orElse(null);
          case OLLAMA -> spec.services().ollama();
          case POSTGRES -> spec.services().postgres();
          case PROMETHEUS -> spec.monitored().map(MonitoringSpec::prometheus).orElse(null);
          case REDIS -> spec.services().redis();
          case REGISTRY ->
              spec.gitops() != null && spec.gitops().ownRegistry()
                  ? spec.gitops().registry()
                  : null;
          case TRAEFIK -> spec.ingress();
          case AGENT, CHECK, CONFIGURATION, INGRESS, MIGRATION -> null;
          case POSTGRES_LOGIN, POSTGRES_TASK, REDIS_LOGIN -> null;
        });
  }

  /** Value of the label {@link Labels#COMPONENT}; also used in names of objects and in messages. */
  public String label() {
    return label;
  }

  /** Whether an object is labelled as part of this component. */
  public boolean owns(HasMetadata object) {
    var labels = object.getMetadata().getLabels();
    return labels != null && label.equals(labels.get(Labels.COMPONENT));
  }

  @Override
  public String toString() {
    return label;
  }
}

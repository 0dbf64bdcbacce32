package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
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
  APP("app", spec -> spec.services().app()),
  CHECK("check"),
  CONFIGURATION("configuration"),
  AGENT("gitops-agent"),
  GRAFANA("grafana", spec -> spec.grafana().orElse(null)),
  INGRESS("ingress"),
  MIGRATION("migration"),
  OLLAMA("ollama", spec -> spec.services().ollama()),
  POSTGRES("postgres", spec -> spec.services().postgres()),
  POSTGRES_LOGIN("postgres-login"),
  POSTGRES_TASK("postgres-task"),
  PROMETHEUS("prometheus", spec -> spec.monitored().map(MonitoringSpec::prometheus).orElse(null)),
  REDIS("redis", spec -> spec.services().redis()),
  REDIS_LOGIN("redis-login"),
  REGISTRY(
      "registry",
      spec ->
          spec.gitops() != null && spec.gitops().ownRegistry() ? spec.gitops().registry() : null),
  TRAEFIK("traefik", StagingEnvironmentSpec::ingress);

  private final String label;
  private final Function<StagingEnvironmentSpec, ComponentSpec> spec;

  ComponentName(String label) {
    this(label, spec -> null);
  }

  /**
   * A component with a block of its own in the spec.
   *
   * @param spec finds the block; null while the component is not requested
   */
  ComponentName(String label, Function<StagingEnvironmentSpec, ComponentSpec> spec) {
    this.label = label;
    this.spec = spec;
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
  public Optional<ComponentSpec> spec(StagingEnvironmentSpec environment) {
    return Optional.ofNullable(spec.apply(environment));
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

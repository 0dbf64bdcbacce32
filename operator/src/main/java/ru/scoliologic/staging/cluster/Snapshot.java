package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;

/**
 * All that one pass reads, gathered once before anything is decided.
 *
 * @param environment the resource itself
 * @param others every other environment of the cluster
 * @param owned the objects that belong to the environment
 * @param pods the environment's pods
 * @param secrets the user's Secrets that the spec names, by name; one that does not exist is absent
 * @param configMaps the user's ConfigMaps that the spec names, by name
 * @param storageClasses every storage class: its name, and whether it is the default
 * @param portHolders Services and pods that keep the ingress Service from ports 80 and 443; read
 *     only while it has no address
 * @param logTails the last lines of containers that crashed, by pod name
 * @param fresh makes a random value of the given number of letters and digits; asked only for a
 *     credential that does not exist yet
 * @param now the time of the pass
 * @param growingClasses names of the storage classes that let a volume grow
 * @param surroundings nodes, DNS records, served certificates
 */
public record Snapshot(
    StagingEnvironment environment,
    List<StagingEnvironment> others,
    Observed owned,
    List<Pod> pods,
    Map<String, Secret> secrets,
    Map<String, ConfigMap> configMaps,
    Map<String, Boolean> storageClasses,
    List<String> portHolders,
    Map<String, String> logTails,
    RandomValues fresh,
    Instant now,
    Set<String> growingClasses,
    Surroundings surroundings) {

  /** The Deployment controller's label: pods of one template have the same. */
  private static final String TEMPLATE = "pod-template-hash";

  /** Where new credentials come from. */
  @FunctionalInterface
  public interface RandomValues {
    /** A value of so many of these characters. */
    String next(int length, String alphabet);
  }

  public Names names() {
    return Names.of(environment);
  }

  public String namespace() {
    return environment.getMetadata().getNamespace();
  }

  /** Pods of one component that are not on their way out. */
  public List<Pod> podsOf(String component) {
    return pods.stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> component.equals(pod.getMetadata().getLabels().get(Labels.COMPONENT)))
        .toList();
  }

  /**
   * The same view after objects were written. Releases stay as they were seen first: what people
   * ask of one meanwhile was not decided upon, and would count as answered.
   */
  public Snapshot after(Observed written) {
    return new Snapshot(
        environment,
        others,
        written.keeping(StagingRelease.class, owned),
        pods,
        secrets,
        configMaps,
        storageClasses,
        portHolders,
        logTails,
        fresh,
        now,
        growingClasses,
        surroundings);
  }

  /**
   * The same view with only the pods of one version of a component, and of its newest template:
   * what pods of an older one met is no matter any more.
   */
  public Snapshot ofVersion(String component, String version) {
    var runs =
        podsOf(component).stream()
            .filter(pod -> version.equals(pod.getMetadata().getLabels().get(Labels.VERSION)))
            .toList();
    var newest =
        runs.stream()
            .max(
                Comparator.comparing(
                    pod -> Objects.toString(pod.getMetadata().getCreationTimestamp(), "")))
            .map(Snapshot::template);
    return new Snapshot(
        environment,
        others,
        owned,
        runs.stream().filter(pod -> template(pod).equals(newest.orElse(""))).toList(),
        secrets,
        configMaps,
        storageClasses,
        portHolders,
        logTails,
        fresh,
        now,
        growingClasses,
        surroundings);
  }

  private static String template(Pod pod) {
    return pod.getMetadata().getLabels().getOrDefault(TEMPLATE, "");
  }

  public Optional<Secret> ownedSecret(String name) {
    return owned.find(Secret.class, name);
  }
}

package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnContainer;
import ru.scoliologic.staging.cluster.log.ProgramLog;

/**
 * All input of one pass, read once before any decision.
 *
 * @param environment the resource itself
 * @param others every other environment of the cluster
 * @param surroundings nodes, DNS records, served certificates
 */
public record Snapshot(
    StagingEnvironment environment,
    List<StagingEnvironment> others,
    Own own,
    Named named,
    Moment moment,
    ClusterFacts surroundings) {

  /**
   * What is there of the environment.
   *
   * @param objects that belong to the environment
   * @param pods the environment's pods
   * @param logTails quoted logs of containers that crashed, are late or start, by pod name
   */
  public record Own(OwnedObjects objects, List<Pod> pods, Map<String, ProgramLog> logTails) {
    public Own {
      var seen = objects;
      objects = OwnContainer.jobs(seen, pods);
      pods = OwnContainer.pods(pods, seen);
    }
  }

  /** The user's objects that the spec names, by name; a missing one is absent. */
  public record Named(Map<String, Secret> secrets, Map<String, ConfigMap> configMaps) {}

  /**
   * The input of a pass that no object shows.
   *
   * @param now the time of the pass
   * @param fresh makes a random value of the given number of letters and digits; called only for a
   *     missing credential
   */
  public record Moment(Instant now, RandomValues fresh) {}

  /** Set by the Deployment controller; equal for pods of one template. */
  private static final String TEMPLATE = "pod-template-hash";

  /** Source of new credentials. */
  @FunctionalInterface
  public interface RandomValues {
    /** A random value of the given length. */
    String next(int length, String alphabet);
  }

  public OwnedObjects owned() {
    return own.objects();
  }

  public List<Pod> pods() {
    return own.pods();
  }

  public Map<String, ProgramLog> logTails() {
    return own.logTails();
  }

  public Map<String, Secret> secrets() {
    return named.secrets();
  }

  public Map<String, ConfigMap> configMaps() {
    return named.configMaps();
  }

  public Instant now() {
    return moment.now();
  }

  public RandomValues fresh() {
    return moment.fresh();
  }

  public Names names() {
    return Names.of(environment);
  }

  public String namespace() {
    return environment.getMetadata().getNamespace();
  }

  /** Pods of one component that are not being deleted. */
  public List<Pod> podsOf(ComponentName component) {
    return pods().stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> component.owns(pod))
        .toList();
  }

  /**
   * The view after objects were written. Releases stay as first seen: a user's request that arrived
   * meanwhile was not part of the decision and would count as handled.
   */
  public Snapshot after(OwnedObjects written) {
    return with(new Own(written.keeping(StagingRelease.class, owned()), pods(), logTails()));
  }

  /** A copy with these releases instead of the present ones. */
  public Snapshot withReleases(List<StagingRelease> releases) {
    var there = owned().keeping(StagingRelease.class, new OwnedObjects(List.copyOf(releases)));
    return with(new Own(there, pods(), logTails()));
  }

  /** A copy with other surroundings. */
  public Snapshot amid(ClusterFacts seen) {
    return new Snapshot(environment, others, own, named, moment, seen);
  }

  /**
   * A copy with only the pods of one version of a component and of its newest template; pods of
   * older templates are no longer relevant.
   */
  public Snapshot ofVersion(ComponentName component, String version) {
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
    return with(
        new Own(
            owned(),
            runs.stream().filter(pod -> template(pod).equals(newest.orElse(""))).toList(),
            logTails()));
  }

  /** A copy with these quoted logs, by pod name. */
  public Snapshot quoting(Map<String, ProgramLog> logs) {
    return with(new Own(owned(), pods(), logs));
  }

  private Snapshot with(Own other) {
    return new Snapshot(environment, others, other, named, moment, surroundings);
  }

  private static String template(Pod pod) {
    return pod.getMetadata().getLabels().getOrDefault(TEMPLATE, "");
  }

  public Optional<Secret> ownedSecret(String name) {
    return owned().find(Secret.class, name);
  }
}

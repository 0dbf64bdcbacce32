package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.validation.JUnitReport;

/** A cluster in memory: what is applied is there at once, and does its work unless it is broken. */
final class FakeCluster implements Cluster {
  /** Kind and name of what was created, changed or deleted, in order. */
  final List<String> writes = new ArrayList<>();

  private final Map<String, HasMetadata> objects = new LinkedHashMap<>();
  private final Map<String, String> hashes = new HashMap<>();
  private Given given = Given.aGoodStart();
  private Predicate<HasMetadata> broken = object -> false;
  private Predicate<HasMetadata> refused = object -> false;

  /** What stays as it is around the environment: referenced Secrets, classes, DNS. */
  void surroundings(Given surroundings) {
    given = surroundings;
  }

  /** Objects that never become available. */
  void breaks(Predicate<HasMetadata> which) {
    broken = which;
  }

  /** Objects that admission refuses. */
  void refuses(Predicate<HasMetadata> which) {
    refused = which;
  }

  boolean has(String key) {
    return objects.containsKey(key);
  }

  /** As the operator's own publishing does it. */
  void release(StagingRelease release) {
    objects.put(Applier.key(release), release);
  }

  @Override
  public Snapshot snapshot(StagingEnvironment environment, List<StagingEnvironment> others) {
    var start = given.snapshot();
    return new Snapshot(
        environment,
        others,
        new Snapshot.Own(
            owned(environment),
            objects.values().stream()
                .filter(Deployment.class::isInstance)
                .map(Deployment.class::cast)
                .filter(deployment -> !broken.test(deployment))
                .map(FakeCluster::pod)
                .toList(),
            Map.of()),
        start.named(),
        start.moment(),
        start.surroundings());
  }

  private static Pod pod(Deployment deployment) {
    var template = deployment.getSpec().getTemplate();
    return new PodBuilder()
        .withNewMetadata()
        .withName(deployment.getMetadata().getName() + "-0")
        .withNamespace(deployment.getMetadata().getNamespace())
        .withUid("uid-of-" + deployment.getMetadata().getName())
        .withLabels(template.getMetadata().getLabels())
        .endMetadata()
        .withSpec(template.getSpec())
        .withNewStatus()
        .withPhase("Running")
        .withPodIP("10.42.0.7")
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .withLastTransitionTime(Given.NOW.minusSeconds(600).toString())
        .endCondition()
        .endStatus()
        .build();
  }

  @Override
  public Snapshot diagnosed(Snapshot snapshot, SecretMasker masking) {
    return snapshot;
  }

  @Override
  public OwnedObjects owned(StagingEnvironment environment) {
    return new OwnedObjects(List.copyOf(objects.values()));
  }

  @Override
  public List<NetworkPolicy> networkPolicies(String namespace) {
    return List.of();
  }

  @Override
  public Map<String, JUnitReport> reports(
      Snapshot snapshot, List<Job> ended, SecretMasker masking) {
    return Map.of();
  }

  @Override
  public List<Refusal> apply(List<HasMetadata> planned) {
    var refusals = new ArrayList<Refusal>();
    for (var object : planned) {
      var key = Applier.key(object);
      if (refused.test(object)) {
        refusals.add(new Refusal(Reason.ADMISSION_REFUSED, key + ": not here", key));
      } else if (!Hash.of(object).equals(hashes.put(key, Hash.of(object)))) {
        writes.add(key);
        objects.put(key, broken.test(object) ? object : available(object));
      }
    }
    return refusals;
  }

  @Override
  public List<Refusal> prune(OwnedObjects present, Set<String> planned, Set<String> abandoned) {
    present.objects().stream()
        .filter(object -> !(object instanceof StagingRelease))
        .map(Applier::key)
        .filter(key -> !planned.contains(key))
        .forEach(this::delete);
    return List.of();
  }

  @Override
  public List<Refusal> wipe(List<HasMetadata> doomed) {
    doomed.stream().map(Applier::key).forEach(this::delete);
    return List.of();
  }

  private void delete(String key) {
    writes.add("-" + key);
    objects.remove(key);
    hashes.remove(key);
  }

  @Override
  public void endFinishedJobs(Snapshot snapshot, SecretMasker masking) {}

  /** What was planned, once it is there and does its work. */
  static HasMetadata available(HasMetadata planned) {
    return switch (planned) {
      case Deployment deployment ->
          new DeploymentBuilder(deployment)
              .editMetadata()
              .withGeneration(1L)
              .endMetadata()
              .withNewStatus()
              .withObservedGeneration(1L)
              .withReplicas(deployment.getSpec().getReplicas())
              .withUpdatedReplicas(deployment.getSpec().getReplicas())
              .withReadyReplicas(deployment.getSpec().getReplicas())
              .withAvailableReplicas(deployment.getSpec().getReplicas())
              .endStatus()
              .build();
      case StatefulSet set ->
          new StatefulSetBuilder(set)
              .editMetadata()
              .withGeneration(1L)
              .endMetadata()
              .withNewStatus()
              .withObservedGeneration(1L)
              .withReadyReplicas(1)
              .withUpdatedReplicas(1)
              .endStatus()
              .build();
      case Service service when "LoadBalancer".equals(service.getSpec().getType()) ->
          new ServiceBuilder(service)
              .withNewStatus()
              .withNewLoadBalancer()
              .addNewIngress()
              .withIp("192.0.2.1")
              .endIngress()
              .endLoadBalancer()
              .endStatus()
              .build();
      case PersistentVolumeClaim claim ->
          new PersistentVolumeClaimBuilder(claim)
              .withNewStatus()
              .withPhase("Bound")
              .endStatus()
              .build();
      default -> planned;
    };
  }
}

package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.reconcile.assess.RolloutOutcome;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.reconcile.validate.SpecValidator;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/**
 * All that is ever planned for an environment with every feature on: the golden inputs, which hold
 * every field, are played from an empty cluster on, where all goes well at once, and once more with
 * everything asked for that can be asked for again.
 */
public final class EveryPlan {
  /** As an image, from commits, and behind a controller that is there already. */
  public enum Shape {
    IMAGE,
    COMMITS,
    SHARED
  }

  private static final KubernetesSerialization CLIENT = new KubernetesSerialization();
  private static final int PASSES = 60;

  /** Passes without anything new after which nothing comes any more. */
  private static final int QUIET = 4;

  private static final String DIGEST = "sha256:" + "a".repeat(64);
  private static final String BUILD = "c0ffeec0ffee";

  private final Shape shape;
  private final Names names;
  private final Map<String, HasMetadata> owned = new LinkedHashMap<>();
  private final Map<String, HasMetadata> planned = new LinkedHashMap<>();
  private StagingEnvironment environment;
  private int drawn;

  private EveryPlan(Shape shape, String name) {
    this.shape = shape;
    this.names = new Names(name);
  }

  /** Names of environments of every length, with dashes anywhere and digits at the end. */
  public static Stream<String> environments() {
    return IntStream.rangeClosed(1, 40)
        .mapToObj(length -> "a-b--c-preview-integration-of-scoliologic-7".substring(0, length))
        .map(name -> name.endsWith("-") ? name.substring(0, name.length() - 1) + "9" : name);
  }

  /** Every object that is planned for an environment of that name, in whichever pass. */
  public static List<HasMetadata> of(Shape shape, String name) {
    var world = new EveryPlan(shape, name);
    world.asks(0);
    world.pass();
    world.forgets();
    world.plays();
    world.asks(1);
    world.plays();
    return List.copyOf(world.planned.values());
  }

  /** What a database task, a migration, a check or a change of logins is, by its labels. */
  private static String taskOf(Job job) {
    var labels = job.getMetadata().getLabels();
    return labels.getOrDefault("staging.scoliologic.ru/task", labels.get(Labels.COMPONENT));
  }

  /** A volume that has seen no request yet: each is due. */
  private void forgets() {
    owned
        .get("PersistentVolumeClaim/" + names.postgres())
        .getMetadata()
        .setAnnotations(Map.of("staging.scoliologic.ru/database-tasks", "seed=todo"));
  }

  private void asks(int rotation) {
    environment = EverythingOn.environment(shape, names.environment(), rotation);
    environment.getMetadata().setGeneration(1L);
    assertThat(SpecValidator.problems(environment)).isEmpty();
    if (shape == Shape.COMMITS) {
      var release = built();
      planned.put(Applier.key(release), release);
      owned.put(Applier.key(release), made(release));
    }
  }

  private StagingRelease built() {
    var commit = "0".repeat(40);
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder()
            .withName(names.release(Names.commitVersion(commit, BUILD)))
            .withNamespace("team")
            .withLabels(Labels.of(names.environment(), ComponentName.APP))
            .build());
    release.setSpec(
        new StagingReleaseSpec(
            names.environment(),
            null,
            new StagingReleaseSpec.Commit(commit, "release/1.2", "A. Author", "a change", null),
            BUILD,
            null,
            null,
            null,
            null,
            List.of()));
    var build =
        new BuildStatus(BuildState.Built, null, null, DIGEST, 1, null, null, null, null, null);
    release.setStatus(
        new StagingReleaseStatus(
            1L,
            null,
            null,
            List.of(),
            Timings.NONE,
            null,
            null,
            null,
            null,
            null,
            null,
            build,
            null,
            null));
    return release;
  }

  private void plays() {
    int quiet = 0;
    for (int pass = 0; quiet < QUIET; pass++) {
      assertThat(pass).as("passes until nothing is new").isLessThan(PASSES);
      int before = planned.size();
      pass();
      quiet = planned.size() == before ? quiet + 1 : 0;
    }
  }

  private void pass() {
    var snapshot = snapshot();
    var settings = Configuration.resolve(snapshot);
    assertThat(settings.result().isReady()).as(settings.result().message()).isTrue();
    var plan = Plan.of(snapshot, settings, Checks.PASSED);
    owned.values().forEach(EveryPlan::goesOn);
    plan.objects().forEach(p -> planned.putIfAbsent(Applier.key(p.object()), p.object()));
    Stream.concat(
            plan.objects().stream().filter(p -> !p.held()).map(p -> p.object()),
            plan.containers().due().stream())
        .forEach(object -> owned.put(Applier.key(object), made(object)));
    owned
        .values()
        .removeIf(object -> object instanceof Job && !plan.keys().contains(Applier.key(object)));
    var starts = new StageResult.Waiting(Reason.COMPONENTS_STARTING, "it starts");
    var facts =
        new RolloutOutcome(
                snapshot,
                plan,
                plan.forecast(),
                new RolloutOutcome.States(Optional.of(starts), Optional.empty()),
                Optional.empty(),
                List.of())
            .facts();
    for (var release : ReleaseLedger.of(snapshot, facts)) {
      planned.putIfAbsent(Applier.key(release), release);
      owned.put(Applier.key(release), made(withBuild(release)));
    }
  }

  /** What the agent wrote stays beside what the operator writes. */
  private StagingRelease withBuild(StagingRelease release) {
    if (owned.get(Applier.key(release)) instanceof StagingRelease before) {
      var status = release.getStatus();
      release.setStatus(
          new StagingReleaseStatus(
              status.observedGeneration(),
              status.state(),
              status.message(),
              status.conditions(),
              status.timings(),
              status.handled(),
              status.failedWith(),
              status.report(),
              status.migrated(),
              status.databaseCopy(),
              status.image(),
              before.getStatus().build(),
              status.told(),
              status.failure()));
    }
    return release;
  }

  private Snapshot snapshot() {
    return new Snapshot(
        environment,
        List.of(),
        new Snapshot.Own(new OwnedObjects(List.copyOf(owned.values())), List.of(redis()), Map.of()),
        new Snapshot.Named(EverythingOn.given(Secret.class), EverythingOn.given(ConfigMap.class)),
        new Snapshot.Moment(
            Given.NOW, (length, alphabet) -> "%s%05d".formatted("1".repeat(length - 5), ++drawn)),
        ClusterFacts.assumedGood(Claims.served(environment))
            .with(
                new ClusterFacts.Storage(
                    Map.of("fast", true, "slow", false),
                    Set.of("fast", "slow"),
                    Set.of(),
                    Map.of(),
                    Set.of())));
  }

  private Pod redis() {
    return new PodBuilder()
        .withNewMetadata()
        .withName(names.redis() + "-0")
        .withUid("redis-1")
        .withLabels(Labels.of(names.environment(), ComponentName.REDIS))
        .endMetadata()
        .withNewStatus()
        .addNewContainerStatus()
        .withRestartCount(0)
        .endContainerStatus()
        .endStatus()
        .build();
  }

  /** The object as the cluster shows it a moment after it was written. */
  private static HasMetadata made(HasMetadata written) {
    var object = CLIENT.clone(written);
    object.getMetadata().setUid("uid-of-" + object.getMetadata().getName());
    object.getMetadata().setGeneration(1L);
    object.getMetadata().setCreationTimestamp(Given.NOW.toString());
    switch (object) {
      case StatefulSet set ->
          set.setStatus(
              new StatefulSetStatusBuilder()
                  .withObservedGeneration(1L)
                  .withReadyReplicas(1)
                  .withUpdatedReplicas(1)
                  .build());
      case Deployment deployment -> {
        int replicas = Objects.requireNonNullElse(deployment.getSpec().getReplicas(), 1);
        deployment.setStatus(
            new DeploymentStatusBuilder()
                .withObservedGeneration(1L)
                .withReplicas(replicas)
                .withReadyReplicas(replicas)
                .withUpdatedReplicas(replicas)
                .withAvailableReplicas(replicas)
                .addNewCondition()
                .withType("Progressing")
                .withStatus("True")
                .withReason("NewReplicaSetAvailable")
                .endCondition()
                .build());
      }
      case Service service -> service.getSpec().getPorts().forEach(port -> port.setNodePort(30123));
      default -> {
        // Nothing of its status counts.
      }
    }
    return object;
  }

  /** A Job that is not suspended ends well. */
  private static void goesOn(HasMetadata object) {
    if (object instanceof Job job && !Boolean.TRUE.equals(job.getSpec().getSuspend())) {
      job.setStatus(
          new JobStatusBuilder()
              .withStartTime(Given.NOW.toString())
              .addNewCondition()
              .withType("Complete")
              .withStatus("True")
              .withLastTransitionTime(Given.NOW.toString())
              .endCondition()
              .build());
    }
  }

  static Set<String> tasks(Collection<HasMetadata> objects) {
    return objects.stream()
        .filter(Job.class::isInstance)
        .map(object -> taskOf((Job) object))
        .collect(Collectors.toSet());
  }
}

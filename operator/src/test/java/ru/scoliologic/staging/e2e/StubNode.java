package ru.scoliologic.staging.e2e;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import ru.scoliologic.staging.cluster.kube.Labels;

/**
 * A node without a machine, on a real API server: every pod that is scheduled to it is ready at
 * once, or done if it is a Job's, and every claim of its storage class gets a volume. So whole
 * environments come and go in a second, and what is tested is the operator and the controllers, not
 * containers.
 */
final class StubNode implements AutoCloseable {
  static final String NAME = "stub";

  /** Of pods that run here: what a component's nodeSelector and tolerations have to say. */
  static final String SELECTOR = "staging-test/stub";

  static final String STORAGE_CLASS = "stub";

  private static final PatchContext APPLIED =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager("stub-kubelet")
          .withForce(true)
          .build();

  private static final int HEARTBEAT_SECONDS = 8;
  private static final int RETRY_MILLIS = 500;

  private final KubernetesClient admin;
  private final String address;
  private final String app;
  private final ScheduledExecutorService heart = Executors.newScheduledThreadPool(2);
  private final ScheduledFuture<?> beats;
  private final SharedIndexInformer<Pod> pods;
  private final SharedIndexInformer<PersistentVolumeClaim> claims;

  /**
   * Makes the node.
   *
   * @param address of a machine that refuses connections at once, which all pods get but the
   *     application's
   */
  StubNode(KubernetesClient admin, String address) {
    this.address = address;
    this.app = StubApp.address(address);
    this.admin = admin;
    admin.resource(node()).serverSideApply();
    beat();
    this.beats = heart.scheduleAtFixedRate(this::beat, 0, HEARTBEAT_SECONDS, TimeUnit.SECONDS);
    admin
        .resource(
            new StorageClassBuilder()
                .withNewMetadata()
                .withName(STORAGE_CLASS)
                .endMetadata()
                .withProvisioner("staging-test/stub")
                .withVolumeBindingMode("Immediate")
                .withAllowVolumeExpansion(true)
                .build())
        .serverSideApply();
    this.pods =
        admin
            .pods()
            .inAnyNamespace()
            .withField("spec.nodeName", NAME)
            .inform(new Each<>(this::runs));
    this.claims =
        admin.persistentVolumeClaims().inAnyNamespace().inform(new Each<>(this::provided));
  }

  private static Node node() {
    var room =
        Map.of(
            "cpu", new Quantity("64"),
            "memory", new Quantity("256Gi"),
            "pods", new Quantity("10000"),
            "ephemeral-storage", new Quantity("1Ti"),
            "nvidia.com/gpu", new Quantity("4"));
    return new NodeBuilder()
        .withNewMetadata()
        .withName(NAME)
        .addToLabels(SELECTOR, "true")
        .addToLabels("kubernetes.io/hostname", NAME)
        .endMetadata()
        .withNewSpec()
        .addNewTaint()
        .withKey(SELECTOR)
        .withEffect("NoSchedule")
        .endTaint()
        .endSpec()
        .withNewStatus()
        .withCapacity(room)
        .withAllocatable(room)
        .endStatus()
        .build();
  }

  /** Without it the node would count as lost. */
  private void beat() {
    try {
      var now = Instant.now().toString();
      var node = node();
      node.getStatus()
          .setConditions(
              List.of(
                  new NodeConditionBuilder()
                      .withType("Ready")
                      .withStatus("True")
                      .withReason("Stub")
                      .withMessage("it is no machine")
                      .withLastHeartbeatTime(now)
                      .withLastTransitionTime(now)
                      .build()));
      admin.resource(node).subresource("status").patch(APPLIED);
      admin
          .resource(
              new LeaseBuilder()
                  .withNewMetadata()
                  .withName(NAME)
                  .withNamespace("kube-node-lease")
                  .endMetadata()
                  .withNewSpec()
                  .withHolderIdentity(NAME)
                  .withLeaseDurationSeconds(HEARTBEAT_SECONDS * 5)
                  .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
                  .endSpec()
                  .build())
          .forceConflicts()
          .serverSideApply();
    } catch (RuntimeException e) {
      // One that got out would end the beats; a node that stays lost shows in the tests.
      System.err.println("stub node: " + e.getMessage());
    }
  }

  private void runs(Pod pod) {
    if (pod.isMarkedForDeletion()) {
      admin.resource(pod).withGracePeriod(0).delete();
      return;
    }
    boolean ends =
        pod.getMetadata().getOwnerReferences().stream()
            .anyMatch(owner -> owner.getKind().equals("Job"));
    if (ends ? "Succeeded".equals(phase(pod)) : isReady(pod)) {
      return;
    }
    var now = Instant.now().toString();
    var ready = ends ? "False" : "True";
    admin
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(pod.getMetadata().getName())
                .withNamespace(pod.getMetadata().getNamespace())
                .endMetadata()
                .withNewStatus()
                .withPhase(ends ? "Succeeded" : "Running")
                .withPodIP(isApp(pod) ? app : address)
                .withStartTime(now)
                .withConditions(
                    condition("Initialized", "True", now),
                    condition("ContainersReady", ready, now),
                    condition("Ready", ready, now))
                .withContainerStatuses(
                    pod.getSpec().getContainers().stream()
                        .map(c -> status(c.getName(), c.getImage(), !ends, since(now, ends)))
                        .toList())
                .endStatus()
                .build())
        .subresource("status")
        .patch(APPLIED);
  }

  private static boolean isApp(Pod pod) {
    return "app".equals(pod.getMetadata().getLabels().get(Labels.COMPONENT));
  }

  private static String phase(Pod pod) {
    return pod.getStatus() == null ? null : pod.getStatus().getPhase();
  }

  /** False as well when the node counted as lost for a while: its pods are then said to be so. */
  private static boolean isReady(Pod pod) {
    return "Running".equals(phase(pod))
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  private static PodCondition condition(String type, String status, String since) {
    return new PodConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withLastTransitionTime(since)
        .build();
  }

  private static ContainerState since(String time, boolean ended) {
    return ended
        ? new ContainerStateBuilder()
            .withNewTerminated()
            .withExitCode(0)
            .withReason("Completed")
            .withStartedAt(time)
            .withFinishedAt(time)
            .endTerminated()
            .build()
        : new ContainerStateBuilder().withNewRunning().withStartedAt(time).endRunning().build();
  }

  private static ContainerStatus status(
      String name, String image, boolean ready, ContainerState state) {
    return new ContainerStatusBuilder()
        .withName(name)
        .withImage(image)
        .withImageID(image)
        .withContainerID("stub://" + name)
        .withReady(ready)
        .withStarted(ready)
        .withRestartCount(0)
        .withState(state)
        .build();
  }

  private void provided(PersistentVolumeClaim claim) {
    var bound = claim.getSpec().getVolumeName();
    if (!STORAGE_CLASS.equals(claim.getSpec().getStorageClassName())
        || claim.isMarkedForDeletion()
        || (bound != null && !bound.isEmpty())) {
      return;
    }
    admin
        .resource(
            new PersistentVolumeBuilder()
                .withNewMetadata()
                .withName("stub-" + claim.getMetadata().getUid())
                .addToLabels(SELECTOR, "true")
                .endMetadata()
                .withNewSpec()
                .withStorageClassName(STORAGE_CLASS)
                .withAccessModes("ReadWriteOnce")
                .withCapacity(claim.getSpec().getResources().getRequests())
                .withPersistentVolumeReclaimPolicy("Retain")
                .withNewHostPath()
                .withPath("/stub")
                .endHostPath()
                .withNewClaimRef()
                .withApiVersion("v1")
                .withKind("PersistentVolumeClaim")
                .withNamespace(claim.getMetadata().getNamespace())
                .withName(claim.getMetadata().getName())
                .withUid(claim.getMetadata().getUid())
                .endClaimRef()
                .endSpec()
                .build())
        .serverSideApply();
  }

  @Override
  public void close() {
    pods.stop();
    claims.stop();
    beats.cancel(true);
    heart.shutdownNow();
    admin.nodes().withName(NAME).delete();
    admin.persistentVolumes().withLabel(SELECTOR).delete();
    admin.storage().v1().storageClasses().withName(STORAGE_CLASS).delete();
  }

  /** Does one thing with each object whenever it is new or changed, and again until it is done. */
  private final class Each<T extends HasMetadata> implements ResourceEventHandler<T> {
    private final Consumer<T> action;

    private Each(Consumer<T> action) {
      this.action = action;
    }

    @Override
    public void onAdd(T object) {
      attempt(object);
    }

    @Override
    public void onUpdate(T before, T now) {
      attempt(now);
    }

    @Override
    public void onDelete(T object, boolean finalStateUnknown) {}

    private void attempt(T object) {
      try {
        action.accept(object);
      } catch (KubernetesClientException e) {
        // It is gone or changed meanwhile: then another event comes.
        if (e.getCode() != 404 && e.getCode() != 409) {
          later(object, e);
        }
      } catch (RuntimeException e) {
        later(object, e);
      }
    }

    private void later(T object, RuntimeException why) {
      System.err.println("stub node: " + why.getMessage());
      try {
        var _ = heart.schedule(() -> again(object), RETRY_MILLIS, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException e) {
        // The node is being removed.
      }
    }

    private void again(T object) {
      try {
        var now = admin.resource(object).get();
        if (now != null) {
          attempt(now);
        }
      } catch (RuntimeException e) {
        later(object, e);
      }
    }
  }
}

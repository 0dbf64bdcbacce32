package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClass;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.processing.event.Event;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Stage;

/**
 * Watches shared objects, which are few: nodes, storage classes and ingress classes. A relevant
 * change triggers the environments whose first stage is not done; others are left at rest.
 */
public final class ClusterWatch extends AbstractEventSource<HasMetadata, StagingEnvironment> {
  private final SharedIndexInformer<Node> nodes;
  private final SharedIndexInformer<StorageClass> storageClasses;
  private final SharedIndexInformer<IngressClass> ingressClasses;
  private volatile Supplier<Stream<StagingEnvironment>> environments = Stream::empty;

  public ClusterWatch(KubernetesClient client) {
    super(HasMetadata.class, "cluster");
    this.nodes = client.nodes().inform(new Notify<>());
    this.storageClasses = client.storage().v1().storageClasses().inform(new Notify<>());
    this.ingressClasses = client.network().v1().ingressClasses().inform(new Notify<>());
  }

  /** Sets the source of the environments that a change may help. */
  public void tells(Supplier<Stream<StagingEnvironment>> all) {
    environments = all;
  }

  List<Node> nodes() {
    return nodes.getStore().list();
  }

  List<StorageClass> storageClasses() {
    return storageClasses.getStore().list();
  }

  List<IngressClass> ingressClasses() {
    return ingressClasses.getStore().list();
  }

  static boolean done(StagingEnvironment environment) {
    var status = environment.getStatus();
    return status != null
        && Conditions.isTrue(status.conditions(), Stage.INFRASTRUCTURE.condition());
  }

  /** Whether an update is more than a heartbeat. */
  static boolean matters(HasMetadata before, HasMetadata now) {
    if (before instanceof Node last && now instanceof Node node) {
      return !Room.of(last).equals(Room.of(node));
    }
    return !Objects.equals(
        before.getMetadata().getResourceVersion(), now.getMetadata().getResourceVersion());
  }

  @Override
  public Set<HasMetadata> getSecondaryResources(StagingEnvironment primary) {
    return Set.of();
  }

  @Override
  public void stop() {
    Stream.of(nodes, storageClasses, ingressClasses).forEach(SharedIndexInformer::stop);
    super.stop();
  }

  /** Triggers every environment, whatever it waits for. */
  public void tellAll() {
    if (isRunning()) {
      environments
          .get()
          .forEach(e -> getEventHandler().handleEvent(new Event(ResourceID.fromResource(e))));
    }
  }

  private void tell() {
    // Objects of the initial list are no change.
    if (isRunning()) {
      environments
          .get()
          .filter(environment -> !done(environment))
          .forEach(e -> getEventHandler().handleEvent(new Event(ResourceID.fromResource(e))));
    }
  }

  /** The fields of a node that the first stage reads. */
  private record Room(
      Map<String, String> labels,
      Boolean unschedulable,
      List<Taint> taints,
      Map<String, Quantity> allocatable,
      List<NodeAddress> addresses,
      boolean ready) {
    static Room of(Node node) {
      var spec = Optional.ofNullable(node.getSpec());
      var status = Optional.ofNullable(node.getStatus());
      return new Room(
          node.getMetadata().getLabels(),
          spec.map(s -> s.getUnschedulable()).orElse(false),
          spec.map(s -> s.getTaints()).orElse(List.of()),
          status.map(s -> s.getAllocatable()).orElse(Map.of()),
          status.map(s -> s.getAddresses()).orElse(List.of()),
          Infrastructure.isReady(node));
    }
  }

  private final class Notify<T extends HasMetadata> implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T object) {
      tell();
    }

    @Override
    public void onUpdate(T before, T now) {
      if (matters(before, now)) {
        tell();
      }
    }

    @Override
    public void onDelete(T object, boolean finalStateUnknown) {
      tell();
    }
  }
}

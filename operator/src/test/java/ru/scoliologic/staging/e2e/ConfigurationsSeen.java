package ru.scoliologic.staging.e2e;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretList;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.RollableScalableResource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import ru.scoliologic.staging.cluster.kube.Labels;

/**
 * Every configuration that the application was ever given: each write of its Deployment and Secret.
 */
final class ConfigurationsSeen implements AutoCloseable {
  private final KubernetesClient client;
  private final String namespace;
  private final Map<String, List<String>> seen = new TreeMap<>();
  private final Map<String, String> versions = new HashMap<>();
  private final List<Watch> watches;

  ConfigurationsSeen(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
    present().forEach(this::sees);
    watches =
        List.of(deployments().watch(new Each<Deployment>()), secrets().watch(new Each<Secret>()));
  }

  /** By object, in the order of the writes; what is written twice alike counts once. */
  Map<String, List<String>> all() {
    await("the watch to have come to the present")
        .atMost(Duration.ofSeconds(30))
        .until(() -> present().stream().allMatch(this::isLast));
    synchronized (this) {
      return Map.copyOf(seen);
    }
  }

  private synchronized boolean isLast(HasMetadata object) {
    return object
        .getMetadata()
        .getResourceVersion()
        .equals(versions.get(object.getMetadata().getUid()));
  }

  private List<HasMetadata> present() {
    var objects = new ArrayList<HasMetadata>();
    objects.addAll(deployments().list().getItems());
    objects.addAll(secrets().list().getItems());
    return objects;
  }

  private FilterWatchListDeletable<Deployment, DeploymentList, RollableScalableResource<Deployment>>
      deployments() {
    return client.apps().deployments().inNamespace(namespace).withLabel(Labels.COMPONENT, "app");
  }

  private FilterWatchListDeletable<Secret, SecretList, Resource<Secret>> secrets() {
    return client.secrets().inNamespace(namespace).withLabel(Labels.COMPONENT, "app");
  }

  private synchronized void sees(HasMetadata object) {
    var metadata = object.getMetadata();
    versions.put(metadata.getUid(), metadata.getResourceVersion());
    var list = seen.computeIfAbsent(metadata.getName(), name -> new ArrayList<>());
    var configuration =
        switch (object) {
          case Deployment d ->
              d.getSpec().getTemplate().getMetadata().getAnnotations().get(Labels.CONFIG_HASH);
          default -> String.valueOf(((Secret) object).getData());
        };
    if (list.isEmpty() || !list.getLast().equals(configuration)) {
      list.add(configuration);
    }
  }

  @Override
  public void close() {
    watches.forEach(Watch::close);
  }

  private final class Each<T extends HasMetadata> implements Watcher<T> {
    @Override
    public void eventReceived(Action action, T object) {
      if (action != Action.DELETED) {
        sees(object);
      }
    }

    @Override
    public void onClose(WatcherException cause) {
      throw new AssertionError("the watch of configurations ended", cause);
    }
  }
}

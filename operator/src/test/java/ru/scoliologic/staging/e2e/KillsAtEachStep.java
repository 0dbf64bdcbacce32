package ru.scoliologic.staging.e2e;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Labels;

/**
 * Kills the operator whenever it has taken a step with a version: a release that says something
 * else, a version's Deployment that comes or goes, a Service that selects another version. So no
 * operator takes two steps, but for those that come as one.
 */
final class KillsAtEachStep implements AutoCloseable {
  private final GitopsWorld world;
  private final Map<String, String> seen = new HashMap<>();
  private final Semaphore steps = new Semaphore(0);
  private final AtomicInteger kills = new AtomicInteger();
  private final List<Watch> watches;
  private final Thread killer = Thread.ofVirtual().unstarted(this::kill);

  KillsAtEachStep(GitopsWorld world) {
    this.world = world;
    var client = world.staging().admin();
    var releases = client.resources(StagingRelease.class).inNamespace(world.namespace());
    var deployments =
        client
            .apps()
            .deployments()
            .inNamespace(world.namespace())
            .withLabel(Labels.COMPONENT, "app");
    var service =
        client.services().inNamespace(world.namespace()).withName(GitopsWorld.NAME + "-app");
    releases.list().getItems().forEach(release -> seen.put(key(release), said(release)));
    deployments.list().getItems().forEach(deployment -> seen.put(key(deployment), "there"));
    seen.put(key(service.get()), selected(service.get()));
    killer.start();
    watches =
        List.of(
            releases.watch(new Steps<StagingRelease>()),
            deployments.watch(new Steps<Deployment>()),
            service.watch(new Steps<Service>()));
  }

  int kills() {
    return kills.get();
  }

  private static String key(HasMetadata object) {
    return object.getKind() + "/" + object.getMetadata().getName();
  }

  /** What the operator says of a version; the agent's part is left out. */
  private static String said(StagingRelease release) {
    var status = release.getStatus();
    return status == null || status.conditions() == null
        ? ""
        : status.conditions().stream()
            .map(c -> c.getType() + c.getStatus() + c.getReason())
            .collect(Collectors.joining(" ", status.state() + " ", " " + status.failedWith()));
  }

  private static String selected(Service service) {
    return String.valueOf(service.getSpec().getSelector().get(Labels.VERSION));
  }

  private synchronized void sees(String key, String state) {
    var before = seen.put(key, state);
    if (!state.equals(before == null ? "" : before)) {
      steps.release();
    }
  }

  private void kill() {
    try {
      while (true) {
        steps.acquire();
        steps.drainPermits();
        world.killOperator();
        kills.incrementAndGet();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** From now on an operator lives. */
  @Override
  public void close() {
    watches.forEach(Watch::close);
    killer.interrupt();
    world.awaitOperator();
  }

  private final class Steps<T extends HasMetadata> implements Watcher<T> {
    @Override
    public void eventReceived(Action action, T object) {
      if (action == Action.DELETED) {
        sees(key(object), "");
      } else {
        sees(
            key(object),
            switch (object) {
              case StagingRelease release -> said(release);
              case Service service -> selected(service);
              default -> "there";
            });
      }
    }

    @Override
    public void onClose(WatcherException cause) {
      System.err.println("the watch of steps ended: " + cause.getMessage());
    }
  }
}

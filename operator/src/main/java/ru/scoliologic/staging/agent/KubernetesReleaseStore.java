package ru.scoliologic.staging.agent;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.ResourceVersions;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;

/**
 * Releases in the API server: read by a watch, written by server-side apply of the agent's fields.
 * A write is visible at once, also before the watch shows it.
 */
final class KubernetesReleaseStore implements ReleaseStore {
  static final String MANAGER = "staging-agent";
  private static final Duration SYNC = Duration.ofSeconds(60);

  /** A written release that the watch has not shown by then was deleted. */
  private static final long UNSEEN_NANOS = Duration.ofMinutes(15).toNanos();

  private final KubernetesClient client;
  private final Config config;
  private final SharedIndexInformer<StagingRelease> informer;
  private final Map<String, Written> written = new ConcurrentHashMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  private record Written(StagingRelease release, long at) {}

  /**
   * Waits until the releases were read once.
   *
   * @throws TimeoutException when that takes more than a minute: permissions may be missing
   */
  KubernetesReleaseStore(KubernetesClient client, Config config)
      throws InterruptedException, TimeoutException {
    this.client = client;
    this.config = config;
    this.informer =
        client
            .resources(StagingRelease.class)
            .inNamespace(config.namespace())
            .withLabel(Labels.ENVIRONMENT, config.environment())
            .runnableInformer(0)
            .addEventHandler(new Listener())
            .exceptionHandler((started, failure) -> true);
    try {
      informer.start().toCompletableFuture().get(SYNC.toSeconds(), TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException("the releases cannot be watched", e.getCause());
    }
  }

  @Override
  public List<StagingRelease> releases() {
    var all =
        informer.getStore().list().stream()
            .collect(Collectors.toMap(KubernetesReleaseStore::name, Function.identity()));
    written.forEach((name, own) -> {
      var seen = all.get(name);
      boolean over =
          seen == null
              ? System.nanoTime() - own.at() > UNSEEN_NANOS
              : !ResourceVersions.isNewer(own.release(), seen);
      if (over) {
        written.remove(name, own);
      } else {
        all.put(name, own.release());
      }
    });
    return new ArrayList<>(all.values());
  }

  private static String name(StagingRelease release) {
    return release.getMetadata().getName();
  }

  @Override
  public void create(StagingRelease release) {
    remember(client.resource(release).fieldManager(MANAGER).forceConflicts().serverSideApply());
  }

  @Override
  public void write(String release, BuildStatus build) {
    var fresh = new StagingRelease();
    fresh.setMetadata(metadata(release));
    fresh.setStatus(StagingReleaseStatus.ofBuild(build));
    try {
      remember(client.resource(fresh).subresource("status").patch(apply()));
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
      written.remove(release);
    }
  }

  private void remember(StagingRelease release) {
    written.put(name(release), new Written(release, System.nanoTime()));
  }

  private static PatchContext apply() {
    return new PatchContext.Builder()
        .withPatchType(PatchType.SERVER_SIDE_APPLY)
        .withFieldManager(MANAGER)
        .withForce(true)
        .build();
  }

  @Override
  public Optional<AgentContract.State> state() {
    return Optional.ofNullable(
            client.configMaps().inNamespace(config.namespace()).withName(stateName()).get())
        .flatMap(AgentContract.State::of);
  }

  @Override
  public void write(AgentContract.State state) {
    client
        .resource(
            new ConfigMapBuilder()
                .withMetadata(metadata(stateName()))
                .withData(state.data())
                .build())
        .patch(apply());
  }

  private String stateName() {
    return new Names(config.environment()).agentState();
  }

  private ObjectMeta metadata(String name) {
    return new ObjectMetaBuilder().withName(name).withNamespace(config.namespace()).build();
  }

  @Override
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  @Override
  public void close() {
    informer.stop();
  }

  private final class Listener implements ResourceEventHandler<StagingRelease> {
    @Override
    public void onAdd(StagingRelease release) {
      listeners.forEach(Runnable::run);
    }

    @Override
    public void onUpdate(StagingRelease before, StagingRelease release) {
      listeners.forEach(Runnable::run);
    }

    @Override
    public void onDelete(StagingRelease release, boolean unknown) {
      written.remove(name(release));
      listeners.forEach(Runnable::run);
    }
  }
}

package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.release.ReleaseCatalog;

/** One watch per kind on objects with our label, in all watched namespaces. */
public final class OwnedObjectCache implements Applier.Cache {
  /**
   * How many objects one answer of a list has. All kinds are listed at the same time: with every
   * object in one answer, a start with a thousand environments takes more memory than there is.
   */
  public static final long LIST_PAGE = 100;

  /** The kinds of an environment's objects. */
  public static final List<Class<? extends HasMetadata>> KINDS =
      List.of(
          ServiceAccount.class,
          Role.class,
          RoleBinding.class,
          Secret.class,
          ConfigMap.class,
          PersistentVolumeClaim.class,
          Service.class,
          NetworkPolicy.class,
          StatefulSet.class,
          Deployment.class,
          CronJob.class,
          Job.class,
          Ingress.class,
          Pod.class,
          StagingRelease.class);

  private static final Logger LOG = LoggerFactory.getLogger(OwnedObjectCache.class);

  /** Logged unreadable releases of an environment; a user may create any number of them. */
  private static final int MOST_TOLD = 100;

  private final Map<String, ReadYourWritesInformer> sources = new LinkedHashMap<>();

  /** Uids of unreadable releases that were logged. */
  private final EnvironmentMemories.Slot<Set<String>> passedOver;

  public OwnedObjectCache(EnvironmentMemories memories) {
    this.passedOver = memories.slot();
  }

  public List<EventSource<?, StagingEnvironment>> eventSources(
      EventSourceContext<StagingEnvironment> context) {
    KINDS.forEach(kind -> watch(kind, context));
    return new ArrayList<>(sources.values());
  }

  @SuppressWarnings("unchecked")
  private void watch(
      Class<? extends HasMetadata> kind, EventSourceContext<StagingEnvironment> context) {
    var configuration =
        InformerEventSourceConfiguration.from((Class<HasMetadata>) kind, StagingEnvironment.class)
            .withName(HasMetadata.getPlural(kind))
            .withNamespacesInheritedFromController()
            .withLabelSelector(Labels.SELECTOR)
            .withInformerListLimit(LIST_PAGE)
            .withItemStore(new CompactItemStore<>(context.getClient().getKubernetesSerialization()))
            .withSecondaryToPrimaryMapper(OwnedObjectCache::environmentOf)
            .build();
    sources.put(HasMetadata.getKind(kind), new ReadYourWritesInformer(configuration, context));
  }

  private static Set<ResourceID> environmentOf(HasMetadata object) {
    return Labels.environmentOf(object)
        .map(name -> Set.of(new ResourceID(name, object.getMetadata().getNamespace())))
        .orElse(Set.of());
  }

  /** All of the environment's objects except its pods and unreadable releases. */
  public OwnedObjects observe(StagingEnvironment environment) {
    return new OwnedObjects(
        sources.entrySet().stream()
            .filter(entry -> !entry.getKey().equals(HasMetadata.getKind(Pod.class)))
            .flatMap(entry -> entry.getValue().getSecondaryResources(environment).stream())
            .filter(object -> !(object instanceof StagingRelease r) || isReadable(environment, r))
            .toList());
  }

  private boolean isReadable(StagingEnvironment environment, StagingRelease release) {
    if (ReleaseCatalog.isReadable(release)) {
      return true;
    }
    var told = passedOver.get(environment.getMetadata().getUid(), ConcurrentHashMap::newKeySet);
    if (told.size() < MOST_TOLD && told.add(release.getMetadata().getUid())) {
      LOG.atWarn()
          .addKeyValue("namespace", release.getMetadata().getNamespace())
          .addKeyValue("release", release.getMetadata().getName())
          .log("ignored: it names no version of the environment of its label; delete it");
    }
    return false;
  }

  List<Pod> pods(StagingEnvironment environment) {
    return sources.get(HasMetadata.getKind(Pod.class)).getSecondaryResources(environment).stream()
        .map(Pod.class::cast)
        .toList();
  }

  @Override
  public Optional<HasMetadata> find(HasMetadata like) {
    return sources.get(like.getKind()).get(ResourceID.fromResource(like));
  }

  @Override
  public void wrote(HasMetadata now, Optional<HasMetadata> before) {
    sources.get(now.getKind()).wrote(now, before);
  }
}

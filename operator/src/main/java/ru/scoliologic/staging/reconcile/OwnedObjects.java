package ru.scoliologic.staging.reconcile;

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
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.Applier;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Observed;

/** One watch a kind on what carries our label, in all watched namespaces. */
final class OwnedObjects implements Applier.Cache {
  private static final List<Class<? extends HasMetadata>> APPLIED =
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
          Ingress.class);

  private final Map<String, KindWatch> sources = new LinkedHashMap<>();

  List<EventSource<?, StagingEnvironment>> eventSources(
      EventSourceContext<StagingEnvironment> context) {
    APPLIED.forEach(kind -> watch(kind, context));
    watch(Pod.class, context);
    watch(StagingRelease.class, context);
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
            .withSecondaryToPrimaryMapper(OwnedObjects::environmentOf)
            .build();
    sources.put(HasMetadata.getKind(kind), new KindWatch(configuration, context));
  }

  private static Set<ResourceID> environmentOf(HasMetadata object) {
    return Labels.environmentOf(object)
        .map(name -> Set.of(new ResourceID(name, object.getMetadata().getNamespace())))
        .orElse(Set.of());
  }

  /** All that belongs to the environment but its pods. */
  Observed observe(StagingEnvironment environment) {
    return new Observed(
        sources.entrySet().stream()
            .filter(entry -> !entry.getKey().equals(HasMetadata.getKind(Pod.class)))
            .flatMap(entry -> entry.getValue().getSecondaryResources(environment).stream())
            .toList());
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

package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.processing.event.Event;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Names;

/**
 * Watches the Secrets and ConfigMaps that users name, one by one: a cluster's other Secrets are
 * neither read nor kept in memory, and one that is created late is noticed at once.
 */
final class References extends AbstractEventSource<HasMetadata, StagingEnvironment> {
  private final KubernetesClient client;
  private final Map<Reference, Watched> watches = new ConcurrentHashMap<>();

  References(KubernetesClient client) {
    super(HasMetadata.class, "references");
    this.client = client;
  }

  /** Names of the Secrets that the spec names. */
  static Set<String> secrets(StagingEnvironment environment) {
    var names = new TreeSet<String>();
    var spec = environment.getSpec();
    spec.secrets().from().stream()
        .map(SecretsSpec.Source::secretRef)
        .map(SecretsSpec.SecretRef::name)
        .forEach(names::add);
    spec.services().app().envFrom().stream()
        .filter(source -> source.secretRef() != null)
        .forEach(source -> names.add(source.secretRef().name()));
    spec.validation().checks().stream()
        .flatMap(check -> check.headers().stream())
        .filter(header -> header.secretKeyRef() != null)
        .forEach(header -> names.add(header.secretKeyRef().name()));
    spec.validation().containers().stream()
        .flatMap(container -> container.env().stream())
        .filter(variable -> variable.secretKeyRef() != null)
        .forEach(variable -> names.add(variable.secretKeyRef().name()));
    if (spec.ingress().sharesController()) {
      certificates(environment).forEach(names::add);
    } else {
      names.add(spec.ingress().dashboardAuth().secretKeyRef().name());
    }
    var access = spec.ingress().access();
    if (access != null && access.basicAuth() != null) {
      names.add(access.basicAuth().secretKeyRef().name());
    }
    GitopsNames.secrets(spec.gitops()).forEach(names::add);
    return names;
  }

  /** Secrets with the certificates that a shared controller serves. */
  private static Stream<String> certificates(StagingEnvironment environment) {
    var shared = environment.getSpec().ingress().shared();
    var names = Names.of(environment);
    return shared.tlsSecretRef() != null
        ? Stream.of(shared.tlsSecretRef().name())
        : shared.issued()
            ? Stream.of(Names.tls(names.app()), Names.tls(names.grafana()))
            : Stream.empty();
  }

  /** Names of the ConfigMaps that the spec names. */
  static Set<String> configMaps(StagingEnvironment environment) {
    var names = new TreeSet<String>();
    var acme = environment.getSpec().ingress().acme();
    Stream.ofNullable(acme)
        .flatMap(a -> Stream.of(a.caBundle(), a.first() == null ? null : a.first().caBundle()))
        .filter(Objects::nonNull)
        .forEach(bundle -> names.add(bundle.configMapKeyRef().name()));
    var sql = environment.getSpec().services().postgres().initSql();
    if (sql != null) {
      names.add(sql.configMapRef().name());
    }
    environment.getSpec().services().app().envFrom().stream()
        .filter(source -> source.configMapRef() != null)
        .forEach(source -> names.add(source.configMapRef().name()));
    var seed = environment.getSpec().services().postgres().seed();
    if (seed != null && seed.configMapRef() != null) {
      names.add(seed.configMapRef().name());
    }
    GitopsNames.configMaps(environment.getSpec().gitops()).forEach(names::add);
    return names;
  }

  Optional<Secret> secret(StagingEnvironment environment, String name) {
    return get(environment, new Reference("Secret", namespace(environment), name))
        .map(Secret.class::cast);
  }

  Optional<ConfigMap> configMap(StagingEnvironment environment, String name) {
    return get(environment, new Reference("ConfigMap", namespace(environment), name))
        .map(ConfigMap.class::cast);
  }

  Optional<PersistentVolumeClaim> claim(StagingEnvironment environment, String name) {
    return get(environment, new Reference("PersistentVolumeClaim", namespace(environment), name))
        .map(PersistentVolumeClaim.class::cast);
  }

  private Optional<HasMetadata> get(StagingEnvironment environment, Reference reference) {
    var watched = watches.computeIfAbsent(reference, this::watch);
    watched.environments().add(ResourceID.fromResource(environment));
    return watched.informer().getStore().list().stream().map(HasMetadata.class::cast).findFirst();
  }

  /** Ends the watches of environments that are gone. */
  void keepOnly(Set<ResourceID> environments) {
    watches.values().forEach(watched -> watched.environments().retainAll(environments));
    watches
        .values()
        .removeIf(watched -> {
          boolean unused = watched.environments().isEmpty();
          if (unused) {
            watched.informer().stop();
          }
          return unused;
        });
  }

  private Watched watch(Reference reference) {
    var environments = ConcurrentHashMap.<ResourceID>newKeySet();
    var informer =
        switch (reference.kind()) {
          case "Secret" ->
              client
                  .secrets()
                  .inNamespace(reference.namespace())
                  .withName(reference.name())
                  .inform(new Notify<>(environments));
          case "PersistentVolumeClaim" ->
              client
                  .persistentVolumeClaims()
                  .inNamespace(reference.namespace())
                  .withName(reference.name())
                  .inform(new Notify<>(environments));
          default ->
              client
                  .configMaps()
                  .inNamespace(reference.namespace())
                  .withName(reference.name())
                  .inform(new Notify<>(environments));
        };
    return new Watched(informer, environments);
  }

  private static String namespace(StagingEnvironment environment) {
    return environment.getMetadata().getNamespace();
  }

  @Override
  public Set<HasMetadata> getSecondaryResources(StagingEnvironment primary) {
    return Set.of();
  }

  @Override
  public void stop() {
    watches.values().forEach(watched -> watched.informer().stop());
    super.stop();
  }

  private record Reference(String kind, String namespace, String name) {}

  private record Watched(
      SharedIndexInformer<? extends HasMetadata> informer, Set<ResourceID> environments) {}

  private final class Notify<T> implements ResourceEventHandler<T> {
    private final Set<ResourceID> environments;

    private Notify(Set<ResourceID> environments) {
      this.environments = environments;
    }

    @Override
    public void onAdd(T object) {
      tell();
    }

    @Override
    public void onUpdate(T before, T now) {
      tell();
    }

    @Override
    public void onDelete(T object, boolean finalStateUnknown) {
      tell();
    }

    private void tell() {
      environments.forEach(id -> getEventHandler().handleEvent(new Event(id)));
    }
  }
}

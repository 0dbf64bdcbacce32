package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
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
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.notification.Channels;

/**
 * Watches the Secrets and ConfigMaps that users name, one by one: a cluster's other Secrets are
 * neither read nor kept in memory, and one that is created late is noticed at once.
 */
public final class ReferencedObjects extends AbstractEventSource<HasMetadata, StagingEnvironment> {
  /** Secrets and ConfigMaps that one spec may name: each is watched and kept in memory. */
  public static final int MOST = 50;

  private final KubernetesClient client;
  private final Map<Reference, Watched> watches = new ConcurrentHashMap<>();
  private final EnvironmentMemories.Slot<Reader> readers;

  public ReferencedObjects(KubernetesClient client, EnvironmentMemories memories) {
    super(HasMetadata.class, "references");
    this.client = client;
    this.readers = memories.slot(reader -> reader.references.forEach(each -> leave(each, reader)));
  }

  /** Names of the Secrets that the spec names. */
  public static Set<String> secrets(StagingEnvironment environment) {
    var names = new TreeSet<String>();
    var spec = environment.getSpec();
    spec.secrets().from().stream()
        .map(SecretsSpec.Source::secretRef)
        .map(SecretsSpec.SecretRef::name)
        .forEach(names::add);
    Stream.ofNullable(spec.services().app().imagePullSecrets())
        .flatMap(List::stream)
        .map(LocalObjectReference::getName)
        .filter(Objects::nonNull)
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
    GitopsReferencedNames.secrets(spec.gitops()).forEach(names::add);
    return names;
  }

  /** How many Secrets and ConfigMaps the spec names. */
  public static int count(StagingEnvironment environment) {
    var secrets = secrets(environment);
    secrets.addAll(Channels.secrets(environment));
    return secrets.size() + configMaps(environment).size();
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
  public static Set<String> configMaps(StagingEnvironment environment) {
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
    GitopsReferencedNames.configMaps(environment.getSpec().gitops()).forEach(names::add);
    return names;
  }

  public Optional<Secret> secret(StagingEnvironment environment, String name) {
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
    var reader = readers.get(uid(environment), () -> new Reader(environment));
    reader.references.add(reference);
    var watched =
        watches.compute(
            reference,
            (r, there) -> {
              var used = there == null ? watch(r) : there;
              used.readers().add(reader);
              return used;
            });
    return watched.informer().getStore().list().stream().map(HasMetadata.class::cast).findFirst();
  }

  /** Ends the watches of objects that an environment's spec no longer names. */
  void keepNamed(StagingEnvironment environment) {
    var reader = readers.find(uid(environment));
    if (reader.isEmpty()) {
      return;
    }
    var secrets = secrets(environment);
    secrets.addAll(Channels.secrets(environment));
    var configMaps = configMaps(environment);
    var seed = environment.getSpec().services().postgres().seed();
    var claim = seed == null || seed.volume() == null ? null : seed.volume().claimName();
    for (var reference : reader.get().references) {
      boolean named =
          switch (reference.kind()) {
            case "Secret" -> secrets.contains(reference.name());
            case "PersistentVolumeClaim" -> reference.name().equals(claim);
            default -> configMaps.contains(reference.name());
          };
      if (!named) {
        reader.get().references.remove(reference);
        leave(reference, reader.get());
      }
    }
  }

  Set<String> watched() {
    return watches.keySet().stream().map(Reference::name).collect(Collectors.toSet());
  }

  /** The last reader ends the watch. */
  private void leave(Reference reference, Reader reader) {
    watches.computeIfPresent(
        reference,
        (r, watched) -> {
          watched.readers().remove(reader);
          if (!watched.readers().isEmpty()) {
            return watched;
          }
          watched.informer().stop();
          return null;
        });
  }

  private Watched watch(Reference reference) {
    var readers = ConcurrentHashMap.<Reader>newKeySet();
    var informer =
        switch (reference.kind()) {
          case "Secret" ->
              client
                  .secrets()
                  .inNamespace(reference.namespace())
                  .withName(reference.name())
                  .inform(new Notify<>(readers));
          case "PersistentVolumeClaim" ->
              client
                  .persistentVolumeClaims()
                  .inNamespace(reference.namespace())
                  .withName(reference.name())
                  .inform(new Notify<>(readers));
          default ->
              client
                  .configMaps()
                  .inNamespace(reference.namespace())
                  .withName(reference.name())
                  .inform(new Notify<>(readers));
        };
    return new Watched(informer, readers);
  }

  private static String uid(StagingEnvironment environment) {
    return environment.getMetadata().getUid();
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

  /** One environment, with the objects that are watched for it. */
  private static final class Reader {
    private final ResourceID environment;
    private final Set<Reference> references = ConcurrentHashMap.newKeySet();

    private Reader(StagingEnvironment environment) {
      this.environment = ResourceID.fromResource(environment);
    }
  }

  private record Watched(
      SharedIndexInformer<? extends HasMetadata> informer, Set<Reader> readers) {}

  private final class Notify<T> implements ResourceEventHandler<T> {
    private final Set<Reader> readers;

    private Notify(Set<Reader> readers) {
      this.readers = readers;
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
      readers.forEach(reader -> getEventHandler().handleEvent(new Event(reader.environment)));
    }
  }
}

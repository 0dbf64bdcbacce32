package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.health.Status;
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
 * Reads the Secrets, ConfigMaps and volume claims that users name: the contents of others are not
 * kept in memory, and one that is created late is noticed at once.
 */
public final class ReferencedObjects extends AbstractEventSource<HasMetadata, StagingEnvironment> {
  /** Secrets and ConfigMaps that one spec may name: each is kept in memory. */
  public static final int MOST = 50;

  private final NamedObjects<Secret, Reader> secrets;
  private final NamedObjects<ConfigMap, Reader> configMaps;
  private final NamedObjects<PersistentVolumeClaim, Reader> claims;
  private final EnvironmentMemories.Slot<Reader> readers;
  private Set<String> namespaces = Constants.DEFAULT_NAMESPACES_SET;

  public ReferencedObjects(KubernetesClient client, EnvironmentMemories memories) {
    super(HasMetadata.class, "references");
    this.secrets = new NamedObjects<>(client, Secret.class, this::tell);
    this.configMaps = new NamedObjects<>(client, ConfigMap.class, this::tell);
    this.claims = new NamedObjects<>(client, PersistentVolumeClaim.class, this::tell);
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
    return get(secrets, environment, name);
  }

  Optional<ConfigMap> configMap(StagingEnvironment environment, String name) {
    return get(configMaps, environment, name);
  }

  Optional<PersistentVolumeClaim> claim(StagingEnvironment environment, String name) {
    return get(claims, environment, name);
  }

  private <T extends HasMetadata> Optional<T> get(
      NamedObjects<T, Reader> objects, StagingEnvironment environment, String name) {
    var reader = readers.get(uid(environment), () -> new Reader(environment));
    reader.references.add(new Reference(objects, name));
    return objects.get(reader.namespace(), name, reader);
  }

  /** Forgets the objects that an environment's spec no longer names. */
  void keepNamed(StagingEnvironment environment) {
    var reader = readers.find(uid(environment));
    if (reader.isEmpty()) {
      return;
    }
    var named = secrets(environment);
    named.addAll(Channels.secrets(environment));
    var seed = environment.getSpec().services().postgres().seed();
    var claim =
        Stream.ofNullable(seed == null ? null : seed.volume())
            .map(volume -> volume.claimName())
            .collect(Collectors.toSet());
    var names = Map.of(secrets, named, configMaps, configMaps(environment), claims, claim);
    for (var reference : reader.get().references) {
      if (!names.get(reference.objects()).contains(reference.name())) {
        reader.get().references.remove(reference);
        leave(reference, reader.get());
      }
    }
  }

  private static void leave(Reference reference, Reader reader) {
    reference.objects().leave(reader.namespace(), reference.name(), reader);
  }

  /** Namespaces and names of the objects that are read. */
  Set<String> read() {
    return all().flatMap(objects -> objects.keys().stream()).collect(Collectors.toSet());
  }

  /** Sets the namespaces whose objects are watched from the start on. */
  public void watch(Set<String> watched) {
    namespaces = watched;
  }

  @Override
  public void start() {
    super.start();
    all().forEach(objects -> objects.start(namespaces));
  }

  @Override
  public void stop() {
    all().forEach(NamedObjects::stop);
    super.stop();
  }

  @Override
  public Status getStatus() {
    return all().allMatch(NamedObjects::isHealthy) ? Status.HEALTHY : Status.UNHEALTHY;
  }

  private Stream<NamedObjects<?, Reader>> all() {
    return Stream.of(secrets, configMaps, claims);
  }

  private void tell(Reader reader) {
    getEventHandler().handleEvent(new Event(reader.environment));
  }

  private static String uid(StagingEnvironment environment) {
    return environment.getMetadata().getUid();
  }

  @Override
  public Set<HasMetadata> getSecondaryResources(StagingEnvironment primary) {
    return Set.of();
  }

  private record Reference(NamedObjects<?, Reader> objects, String name) {}

  /** One environment, with the objects that it reads. */
  private static final class Reader {
    private final ResourceID environment;
    private final Set<Reference> references = ConcurrentHashMap.newKeySet();

    private Reader(StagingEnvironment environment) {
      this.environment = ResourceID.fromResource(environment);
    }

    private String namespace() {
      return environment.getNamespace().orElseThrow();
    }
  }
}

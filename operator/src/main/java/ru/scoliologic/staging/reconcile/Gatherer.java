package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.CertificateAuthority;
import ru.scoliologic.staging.cluster.Deadline;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Observed;
import ru.scoliologic.staging.cluster.PodTrouble;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.infrastructure.Ports;
import ru.scoliologic.staging.infrastructure.Volumes;

/**
 * Reads all that a pass needs: from the watches, and from the server only while something fails.
 */
final class Gatherer {
  private static final String DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

  private final OwnedObjects owned;
  private final References references;
  private final Clock clock;
  private final ClusterWatch cluster;
  private final Surveyor surveyor;
  private final Snapshot.RandomValues fresh = new FreshValues();
  private final LogTails logTails;
  private final Map<String, Secret> credentials = new ConcurrentHashMap<>();

  Gatherer(
      KubernetesClient client,
      OwnedObjects owned,
      References references,
      ClusterWatch cluster,
      Clock clock) {
    this.owned = owned;
    this.references = references;
    this.clock = clock;
    this.cluster = cluster;
    this.logTails = new LogTails(client);
    this.surveyor = new Surveyor(client, cluster, clock);
  }

  Snapshot gather(StagingEnvironment environment, List<StagingEnvironment> others) {
    var objects = withCredentials(environment, owned.observe(environment));
    var pods = owned.pods(environment);
    var secrets = new HashMap<String, Secret>();
    var configMaps = new HashMap<String, ConfigMap>();
    References.secrets(environment)
        .forEach(n -> references.secret(environment, n).ifPresent(s -> secrets.put(n, s)));
    References.configMaps(environment)
        .forEach(n -> references.configMap(environment, n).ifPresent(c -> configMaps.put(n, c)));
    return new Snapshot(
        environment,
        others,
        objects,
        pods,
        Map.copyOf(secrets),
        Map.copyOf(configMaps),
        cluster.storageClasses().stream()
            .collect(
                Collectors.toMap(
                    c -> c.getMetadata().getName(),
                    c ->
                        c.getMetadata().getAnnotations() != null
                            && "true".equals(c.getMetadata().getAnnotations().get(DEFAULT_CLASS)))),
        objects
            .find(Service.class, Names.of(environment).traefik())
            .filter(service -> !Ports.served(service))
            .map(surveyor::portHolders)
            .orElse(List.of()),
        logTails(environment, pods),
        fresh,
        clock.instant(),
        cluster.storageClasses().stream()
            .filter(c -> Boolean.TRUE.equals(c.getAllowVolumeExpansion()))
            .map(c -> c.getMetadata().getName())
            .collect(Collectors.toSet()),
        surveyor.survey(
            environment,
            objects,
            pods,
            caBundle(environment, configMaps),
            Volumes.seed(environment, objects)
                .filter(name -> references.claim(environment, name).isEmpty())
                .map(Set::of)
                .orElse(Set.of()),
            secrets.keySet()));
  }

  /**
   * A credentials Secret that somebody deleted counts as still there, as it was last seen: so it is
   * made again with the same values. Remembered in memory only.
   */
  private Observed withCredentials(StagingEnvironment environment, Observed seen) {
    var uid = environment.getMetadata().getUid();
    var name = Names.of(environment).credentials();
    var present = seen.find(Secret.class, name);
    if (present.isPresent()) {
      credentials.put(uid, present.get());
      return seen;
    }
    var remembered = credentials.get(uid);
    return remembered == null
        ? seen
        : new Observed(Stream.concat(seen.objects().stream(), Stream.of(remembered)).toList());
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    credentials.keySet().retainAll(uids);
    surveyor.keepOnly(uids);
  }

  private static String caBundle(
      StagingEnvironment environment, Map<String, ConfigMap> configMaps) {
    return Optional.ofNullable(CertificateAuthority.inUse(environment).caBundle())
        .map(bundle -> bundle.configMapKeyRef())
        .flatMap(ref ->
            Optional.ofNullable(configMaps.get(ref.name()))
                .map(ConfigMap::getData)
                .map(data -> data.get(ref.key())))
        .orElse("");
  }

  /** The end of the log of each container that crashed or is late. */
  private Map<String, String> logTails(StagingEnvironment environment, List<Pod> pods) {
    var tails = new HashMap<String, String>();
    for (var pod : pods) {
      if (PodTrouble.crashed(pod)) {
        tails.put(pod.getMetadata().getName(), logTails.ofCrash(pod));
      } else if (late(environment, pod)) {
        tails.put(pod.getMetadata().getName(), logTails.ofLate(pod));
      }
    }
    return tails;
  }

  private boolean late(StagingEnvironment environment, Pod pod) {
    return Optional.ofNullable(
            environment
                .getSpec()
                .components()
                .get(pod.getMetadata().getLabels().get(Labels.COMPONENT)))
        .filter(spec -> new Deadline(spec.deadline()).missed(pod, clock.instant()))
        .isPresent();
  }
}

package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.PodDiagnosis;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Deadline;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.infrastructure.Ports;
import ru.scoliologic.staging.infrastructure.Volumes;

/** Reads the input of a pass: from the watches, and from the server only while something fails. */
public final class SnapshotGatherer {
  private static final String DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

  private final OwnedObjectCache owned;
  private final ReferencedObjects references;
  private final Clock clock;
  private final ClusterWatch cluster;
  private final ClusterSurvey survey;
  private final Snapshot.RandomValues fresh = new RandomCredentials();
  private final LogTails logTails;
  private final TagMonitor tags;
  private final AcmeAnswers answers;
  private final Map<String, Secret> credentials = new ConcurrentHashMap<>();

  public SnapshotGatherer(
      KubernetesClient client,
      OwnedObjectCache owned,
      ReferencedObjects references,
      ClusterWatch cluster,
      Clock clock,
      TagMonitor tags,
      Consumer<ResourceID> wake) {
    this.owned = owned;
    this.references = references;
    this.clock = clock;
    this.cluster = cluster;
    this.logTails = new LogTails(client);
    this.tags = tags;
    this.answers = new AcmeAnswers(logTails);
    this.survey = new ClusterSurvey(client, cluster, clock, wake);
  }

  public Snapshot gather(StagingEnvironment environment, List<StagingEnvironment> others) {
    return tags.look(observed(environment, others));
  }

  private Snapshot observed(StagingEnvironment environment, List<StagingEnvironment> others) {
    var objects = withCredentials(environment, owned.observe(environment));
    var pods = owned.pods(environment);
    references.keepNamed(environment);
    var secrets = new HashMap<String, Secret>();
    var configMaps = new HashMap<String, ConfigMap>();
    ReferencedObjects.secrets(environment)
        .forEach(n -> references.secret(environment, n).ifPresent(s -> secrets.put(n, s)));
    ReferencedObjects.configMaps(environment)
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
            .map(survey::portHolders)
            .orElse(List.of()),
        Map.of(),
        fresh,
        clock.instant(),
        cluster.storageClasses().stream()
            .filter(c -> Boolean.TRUE.equals(c.getAllowVolumeExpansion()))
            .map(c -> c.getMetadata().getName())
            .collect(Collectors.toSet()),
        survey.survey(
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
   * A deleted credentials Secret counts as existing, as last observed, so that it is recreated with
   * the same values. It is kept in memory only.
   */
  private OwnedObjects withCredentials(StagingEnvironment environment, OwnedObjects seen) {
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
        : new OwnedObjects(Stream.concat(seen.objects().stream(), Stream.of(remembered)).toList());
  }

  public void keepOnly(Set<String> uids) {
    credentials.keySet().retainAll(uids);
    survey.keepOnly(uids);
    tags.keepOnly(uids);
    answers.keepOnly(uids);
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

  /**
   * The snapshot with logs of containers that crashed, are late or start, and with the authority's
   * answer for a missing certificate; the snapshot itself when there is nothing to read.
   *
   * @param masking of the logs, before anything is cut from them
   */
  public Snapshot quoting(Snapshot snapshot, SecretMasker masking) {
    var tails = new HashMap<String, ProgramLog>();
    for (var pod : snapshot.pods()) {
      if (PodDiagnosis.crashed(pod)) {
        tails.put(pod.getMetadata().getName(), logTails.ofCrash(pod, masking));
      } else if (late(snapshot.environment(), pod)) {
        tails.put(pod.getMetadata().getName(), logTails.ofLate(pod, masking));
      } else if (PodDiagnosis.startedAt(pod).isPresent()) {
        tails.put(pod.getMetadata().getName(), logTails.ofStart(pod, masking, clock.instant()));
      }
    }
    return answers.look(tails.isEmpty() ? snapshot : snapshot.quoting(tails), masking);
  }

  private boolean late(StagingEnvironment environment, Pod pod) {
    return ComponentName.of(pod.getMetadata().getLabels().get(Labels.COMPONENT))
        .flatMap(component -> component.spec(environment.getSpec()))
        .filter(spec -> new Deadline(spec.deadline()).missed(pod, clock.instant()))
        .isPresent();
  }
}

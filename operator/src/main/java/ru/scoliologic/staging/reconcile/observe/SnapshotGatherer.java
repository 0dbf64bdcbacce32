package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
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
import ru.scoliologic.staging.infrastructure.Volumes;

/** Reads the input of a pass: from the watches, and from the server only while something fails. */
public final class SnapshotGatherer {
  private final OwnedObjectCache owned;
  private final ReferencedObjects references;
  private final Clock clock;
  private final ClusterSurvey survey;
  private final Snapshot.RandomValues fresh = new RandomCredentials();
  private final LogTails logTails;
  private final TagMonitor tags;
  private final AcmeAnswers answers;
  private final EnvironmentMemories.Slot<Secret> credentials;

  public SnapshotGatherer(
      KubernetesClient client,
      OwnedObjectCache owned,
      ReferencedObjects references,
      ClusterWatch cluster,
      Clock clock,
      TagMonitor tags,
      Consumer<ResourceID> wake,
      EnvironmentMemories memories) {
    this.owned = owned;
    this.references = references;
    this.clock = clock;
    this.logTails = new LogTails(client, memories);
    this.tags = tags;
    this.answers = new AcmeAnswers(logTails, memories);
    this.survey = new ClusterSurvey(client, cluster, clock, wake, memories);
    this.credentials = memories.slot();
  }

  public Snapshot gather(StagingEnvironment environment, List<StagingEnvironment> others) {
    return tags.look(observed(environment, others));
  }

  private Snapshot observed(StagingEnvironment environment, List<StagingEnvironment> others) {
    var objects = withCredentials(environment, owned.observe(environment));
    var pods = owned.pods(environment);
    logTails.forgetAllBut(environment.getMetadata().getUid(), pods);
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
        new Snapshot.Own(objects, pods, Map.of()),
        new Snapshot.Named(Map.copyOf(secrets), Map.copyOf(configMaps)),
        new Snapshot.Moment(clock.instant(), fresh),
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
    return credentials
        .find(uid)
        .map(remembered ->
            new OwnedObjects(
                Stream.concat(seen.objects().stream(), Stream.of(remembered)).toList()))
        .orElse(seen);
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
    var uid = snapshot.environment().getMetadata().getUid();
    var tails = new HashMap<String, ProgramLog>();
    for (var pod : snapshot.pods()) {
      if (PodDiagnosis.crashed(pod)) {
        tails.put(pod.getMetadata().getName(), logTails.ofCrash(uid, pod, masking));
      } else if (late(snapshot.environment(), pod)) {
        tails.put(pod.getMetadata().getName(), logTails.ofLate(uid, pod, masking));
      } else if (PodDiagnosis.startedAt(pod).isPresent()) {
        tails.put(
            pod.getMetadata().getName(), logTails.ofStart(uid, pod, masking, clock.instant()));
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

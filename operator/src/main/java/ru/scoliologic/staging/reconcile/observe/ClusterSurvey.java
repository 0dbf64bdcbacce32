package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.InfrastructureSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ClusterFacts.FreeVolume;
import ru.scoliologic.staging.cluster.model.ClusterFacts.Usage;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.infrastructure.DnsLookup;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.infrastructure.Ports;
import ru.scoliologic.staging.infrastructure.Requests;
import ru.scoliologic.staging.infrastructure.Volumes;

/**
 * Observes the cluster around an environment. Other pods' requests are listed, never watched: a
 * cluster's pods are many and change all the time. They are needed only while the first stage is
 * not done and once for each edit of a spec; in between the last list holds, so that an environment
 * at rest costs no request.
 */
final class ClusterSurvey {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterSurvey.class);
  private static final String NO_PROVISIONER = "kubernetes.io/no-provisioner";
  private static final String DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
  private static final Duration FRESH = Duration.ofSeconds(10);
  private static final long PAGE = 500;

  private final KubernetesClient client;
  private final Clock clock;
  private final ClusterWatch cluster;
  private final DnsMonitor dns;
  private final CertificateMonitor certificates;
  private final ModelMonitor models;
  private final ClusterEvents events;
  private final CertManagerDiagnosis certManager;
  private final String operatorImage;
  private final String operatorNamespace;
  private final EnvironmentMemories.Slot<Look> looks;
  private Listed<Pods> pods = new Listed<>(Instant.MIN, new Pods(List.of(), List.of()));
  private Listed<List<PersistentVolume>> volumes = new Listed<>(Instant.MIN, List.of());

  ClusterSurvey(
      KubernetesClient client,
      ClusterWatch cluster,
      Clock clock,
      Consumer<ResourceID> wake,
      EnvironmentMemories memories) {
    this.client = client;
    this.cluster = cluster;
    this.clock = clock;
    this.dns = new DnsMonitor(clock, new DnsLookup()::ask, memories);
    this.certificates = new CertificateMonitor(clock, memories);
    this.models = new ModelMonitor(clock, wake, memories);
    this.events = new ClusterEvents(client, clock, memories);
    this.certManager = new CertManagerDiagnosis(client, clock, memories);
    this.looks = memories.slot();
    this.operatorImage = OperatorImage.read(client, System.getenv());
    this.operatorNamespace = OperatorImage.namespace(System.getenv());
  }

  /**
   * Reads the facts about the cluster.
   *
   * @param caBundle PEM certificates of a custom authority, or empty
   * @param absentClaims volume claims that the spec names and that do not exist
   * @param secrets names of the Secrets that the spec names and that exist
   */
  ClusterFacts survey(
      StagingEnvironment environment,
      OwnedObjects owned,
      List<Pod> pods,
      String caBundle,
      Set<String> absentClaims,
      Set<String> secrets) {
    var addresses = Infrastructure.addresses(environment, owned);
    var records = dns.look(environment, addresses);
    var staticClasses =
        cluster.storageClasses().stream()
            .filter(c -> NO_PROVISIONER.equals(c.getProvisioner()))
            .map(c -> c.getMetadata().getName())
            .collect(Collectors.toSet());
    var said = new HashMap<>(events.read(environment, owned));
    said.putAll(certManager.read(environment, owned, secrets));
    return new ClusterFacts(
        new ClusterFacts.Nodes(cluster.nodes(), usage(environment)),
        new ClusterFacts.Dns(records.answers(), records.expected(), records.nextLook()),
        new ClusterFacts.Storage(
            cluster.storageClasses().stream()
                .collect(
                    Collectors.toMap(c -> c.getMetadata().getName(), ClusterSurvey::isDefault)),
            cluster.storageClasses().stream()
                .filter(c -> Boolean.TRUE.equals(c.getAllowVolumeExpansion()))
                .map(c -> c.getMetadata().getName())
                .collect(Collectors.toSet()),
            staticClasses,
            staticClasses.isEmpty() || ClusterWatch.done(environment)
                ? Map.of()
                : freeVolumes(staticClasses),
            absentClaims),
        new ClusterFacts.IngressFacts(
            cluster.ingressClasses().stream()
                .map(c -> c.getMetadata().getName())
                .collect(Collectors.toSet()),
            owned
                .find(Service.class, Names.of(environment).traefik())
                .filter(service -> !Ports.served(service))
                .map(this::portHolders)
                .orElse(List.of()),
            certificates.look(environment, owned, addresses, caBundle)),
        new ClusterFacts.OperatorPod(operatorImage, operatorNamespace),
        new ClusterFacts.Reports(models.look(environment, owned, pods), said, Map.of()));
  }

  private static boolean isDefault(StorageClass storageClass) {
    var annotations = storageClass.getMetadata().getAnnotations();
    return annotations != null && "true".equals(annotations.get(DEFAULT_CLASS));
  }

  private Optional<List<Usage>> usage(StagingEnvironment environment) {
    if (environment.getSpec().infrastructure().capacity().mode() == InfrastructureSpec.Mode.Off) {
      return Optional.empty();
    }
    var uid = environment.getMetadata().getUid();
    var generation = environment.getMetadata().getGeneration();
    var last = looks.find(uid).filter(look -> look.generation() == generation);
    if (ClusterWatch.done(environment) && last.isPresent()) {
      return last.get().usage();
    }
    var seen = pods().map(all -> Requests.ofOthers(all.usage(), environment));
    // A list that failed is requested again.
    seen.ifPresent(usage -> looks.put(uid, new Look(generation, Optional.of(usage))));
    return seen;
  }

  /** Pods and Services that hold the ingress Service's ports; read only while it has no address. */
  private List<String> portHolders(Service waiting) {
    return Ports.holders(
        waiting,
        client.services().inAnyNamespace().list().getItems(),
        cluster.nodes(),
        pods().map(Pods::holders).orElse(List.of()));
  }

  /** The requests of every scheduled pod, read in pages; empty where pods may not be listed. */
  private synchronized Optional<Pods> pods() {
    if (clock.instant().isBefore(pods.at().plus(FRESH))) {
      return Optional.of(pods.value());
    }
    var usage = new ArrayList<Usage>();
    var holders = new ArrayList<Ports.Holder>();
    try {
      String page = null;
      do {
        var list =
            client
                .pods()
                .inAnyNamespace()
                .list(
                    new ListOptionsBuilder()
                        .withLimit(PAGE)
                        .withContinue(page)
                        .withFieldSelector(
                            "status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=")
                        .build());
        for (var pod : list.getItems()) {
          usage.add(Requests.of(pod));
          Ports.holder(pod).ifPresent(holders::add);
        }
        page = list.getMetadata().getContinue();
      } while (page != null && !page.isEmpty());
    } catch (KubernetesClientException e) {
      // Without the list nothing is delayed: the scheduler also reports a lack of capacity.
      LOG.atWarn().addKeyValue("code", e.getCode()).log("the pods could not be read");
      return Optional.empty();
    }
    pods = new Listed<>(clock.instant(), new Pods(List.copyOf(usage), List.copyOf(holders)));
    return Optional.of(pods.value());
  }

  private synchronized Map<String, List<FreeVolume>> freeVolumes(Set<String> classes) {
    if (!clock.instant().isBefore(volumes.at().plus(FRESH))) {
      volumes = new Listed<>(clock.instant(), client.persistentVolumes().list().getItems());
    }
    return Volumes.free(volumes.value(), classes);
  }

  private record Look(long generation, Optional<List<Usage>> usage) {}

  /** Resources and ports that the cluster's pods use. */
  private record Pods(List<Usage> usage, List<Ports.Holder> holders) {}

  private record Listed<T>(Instant at, T value) {}
}

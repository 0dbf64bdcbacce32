package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.InfrastructureSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Observed;
import ru.scoliologic.staging.cluster.Surroundings;
import ru.scoliologic.staging.cluster.Surroundings.FreeVolume;
import ru.scoliologic.staging.cluster.Surroundings.Usage;
import ru.scoliologic.staging.infrastructure.DnsLookup;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.infrastructure.Ports;
import ru.scoliologic.staging.infrastructure.Requests;
import ru.scoliologic.staging.infrastructure.Volumes;

/**
 * Looks at what surrounds an environment. Other pods' requests are listed, never watched: a
 * cluster's pods are many and change all the time. They are needed only while the first stage is
 * not done and once for each edit of a spec; in between the last look holds, so that an environment
 * at rest costs no request.
 */
final class Surveyor {
  private static final Logger LOG = LoggerFactory.getLogger(Surveyor.class);
  private static final String NO_PROVISIONER = "kubernetes.io/no-provisioner";
  private static final Duration FRESH = Duration.ofSeconds(10);
  private static final long PAGE = 500;

  private final KubernetesClient client;
  private final Clock clock;
  private final ClusterWatch cluster;
  private final DnsWatch dns;
  private final CertificateWatch certificates;
  private final ModelWatch models;
  private final Warnings warnings;
  private final Issuance issuance;
  private final String operatorImage;
  private final Map<String, Look> looks = new ConcurrentHashMap<>();
  private Listed<Pods> pods = new Listed<>(Instant.MIN, new Pods(List.of(), List.of()));
  private Listed<List<PersistentVolume>> volumes = new Listed<>(Instant.MIN, List.of());

  Surveyor(KubernetesClient client, ClusterWatch cluster, Clock clock) {
    this.client = client;
    this.cluster = cluster;
    this.clock = clock;
    this.dns = new DnsWatch(clock, new DnsLookup()::ask);
    this.certificates = new CertificateWatch(clock);
    this.models = new ModelWatch(clock);
    this.warnings = new Warnings(client, clock);
    this.issuance = new Issuance(client, clock);
    this.operatorImage = OwnImage.read(client, System.getenv());
  }

  /**
   * Looks around.
   *
   * @param caBundle PEM certificates of a custom authority, or empty
   * @param absentClaims volume claims that the spec names and that do not exist
   * @param secrets names of the Secrets that the spec names and that are there
   */
  Surroundings survey(
      StagingEnvironment environment,
      Observed owned,
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
    var said = new HashMap<>(warnings.read(owned));
    said.putAll(issuance.read(environment, owned, secrets));
    return new Surroundings(
        cluster.nodes(),
        usage(environment),
        records.answers(),
        records.expected(),
        records.nextLook(),
        staticClasses,
        staticClasses.isEmpty() || ClusterWatch.done(environment)
            ? Map.of()
            : freeVolumes(staticClasses),
        certificates.look(environment, owned, addresses, caBundle),
        models.look(environment, owned, pods),
        said,
        cluster.ingressClasses().stream()
            .map(c -> c.getMetadata().getName())
            .collect(Collectors.toSet()),
        absentClaims,
        operatorImage);
  }

  void keepOnly(Set<String> uids) {
    looks.keySet().retainAll(uids);
    dns.keepOnly(uids);
    certificates.keepOnly(uids);
    models.keepOnly(uids);
  }

  private Optional<List<Usage>> usage(StagingEnvironment environment) {
    if (environment.getSpec().infrastructure().capacity().mode() == InfrastructureSpec.Mode.Off) {
      return Optional.empty();
    }
    var uid = environment.getMetadata().getUid();
    var generation = environment.getMetadata().getGeneration();
    var last = looks.get(uid);
    if (ClusterWatch.done(environment) && last != null && last.generation() == generation) {
      return last.usage();
    }
    var seen = pods().map(Pods::usage);
    // What could not be read is asked for again.
    seen.ifPresent(usage -> looks.put(uid, new Look(generation, Optional.of(usage))));
    return seen;
  }

  /** Who keeps the ingress Service from its ports; read only while it has no address. */
  List<String> portHolders(Service waiting) {
    return Ports.holders(
        waiting,
        client.services().inAnyNamespace().list().getItems(),
        cluster.nodes(),
        pods().map(Pods::holders).orElse(List.of()));
  }

  /** What every pod that is on a node takes, in pages; nothing where they may not be read. */
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
      // Without the list nobody is held up: the scheduler tells as well when there is no room.
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

  /** What the pods of the cluster take. */
  private record Pods(List<Usage> usage, List<Ports.Holder> holders) {}

  private record Listed<T>(Instant at, T value) {}
}

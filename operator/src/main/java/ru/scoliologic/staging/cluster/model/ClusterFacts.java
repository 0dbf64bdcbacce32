package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Observed surroundings of an environment. */
public record ClusterFacts(
    Nodes nodes,
    Dns dns,
    Storage storage,
    IngressFacts ingress,
    OperatorPod operator,
    Reports reports) {

  /** Default image of the operator, as in the manifests. */
  public static final String OPERATOR_IMAGE = "staging-operator:dev";

  /** Default namespace of the operator, as in the manifests. */
  public static final String OPERATOR_NAMESPACE = "staging-operator";

  /** Nothing was observed. */
  public static final ClusterFacts NOTHING =
      new ClusterFacts(
          new Nodes(List.of(), Optional.empty()),
          new Dns(Map.of(), List.of(), Duration.ofMinutes(5)),
          new Storage(Map.of(), Set.of(), Set.of(), Map.of(), Set.of()),
          new IngressFacts(Set.of(), List.of(), Map.of()),
          new OperatorPod(OPERATOR_IMAGE, OPERATOR_NAMESPACE),
          new Reports(Optional.empty(), Map.of(), Map.of()));

  /**
   * The nodes.
   *
   * @param usage requests of the pods of others, summed by node; absent while not needed
   */
  public record Nodes(List<Node> all, Optional<List<Usage>> usage) {}

  /**
   * DNS.
   *
   * @param records by domain; a domain without a query is absent
   * @param expected addresses that records must resolve to, and names of load balancers that are
   *     accepted instead; empty when unknown
   * @param nextLook time until the next query
   */
  public record Dns(Map<String, DnsAnswer> records, List<String> expected, Duration nextLook) {}

  /**
   * Storage classes and volumes.
   *
   * @param classes every storage class by name, and whether it is the default
   * @param growingClasses names of the storage classes that allow volume expansion
   * @param staticClasses storage classes without dynamic provisioning
   * @param freeVolumes unclaimed volumes of these classes, by class
   * @param absentClaims volume claims that the spec names and that do not exist; checked only while
   *     needed
   */
  public record Storage(
      Map<String, Boolean> classes,
      Set<String> growingClasses,
      Set<String> staticClasses,
      Map<String, List<FreeVolume>> freeVolumes,
      Set<String> absentClaims) {}

  /**
   * What the ingress depends on, and what it serves.
   *
   * @param classes names of every ingress class
   * @param portHolders Services and pods that occupy ports 80 and 443 of the ingress Service; read
   *     only while it has no address
   * @param certificates served certificates by domain; absent where unreachable
   */
  public record IngressFacts(
      Set<String> classes, List<String> portHolders, Map<String, Boolean> certificates) {}

  /**
   * The operator's own pod.
   *
   * @param image also used for agents
   */
  public record OperatorPod(String image, String namespace) {}

  /**
   * What others report.
   *
   * @param models models that Ollama holds; absent while it does not respond or is not requested
   * @param warnings last warning events of objects that are not ready, by kind and name
   * @param tags responses of registries by the image as specified, for versions that are new or
   *     retried; kept until the release has the response
   */
  public record Reports(
      Optional<ModelStates> models, Map<String, String> warnings, Map<String, ImageTag> tags) {}

  /** A copy with further warnings. */
  public ClusterFacts withWarnings(Map<String, String> more) {
    var all = new HashMap<>(reports.warnings());
    all.putAll(more);
    return with(new Reports(reports.models(), Map.copyOf(all), reports.tags()));
  }

  /** A copy with these tags. */
  public ClusterFacts withTags(Map<String, ImageTag> known) {
    return with(new Reports(reports.models(), reports.warnings(), Map.copyOf(known)));
  }

  public ClusterFacts with(Nodes other) {
    return new ClusterFacts(other, dns, storage, ingress, operator, reports);
  }

  public ClusterFacts with(Dns other) {
    return new ClusterFacts(nodes, other, storage, ingress, operator, reports);
  }

  public ClusterFacts with(Storage other) {
    return new ClusterFacts(nodes, dns, other, ingress, operator, reports);
  }

  public ClusterFacts with(IngressFacts other) {
    return new ClusterFacts(nodes, dns, storage, other, operator, reports);
  }

  public ClusterFacts with(Reports other) {
    return new ClusterFacts(nodes, dns, storage, ingress, operator, other);
  }

  /** Assumes valid records and certificates; for plans without a cluster. */
  public static ClusterFacts assumedGood(List<String> domains) {
    var address = "192.0.2.1";
    return NOTHING
        .with(
            new Dns(
                domains.stream()
                    .distinct()
                    .collect(Collectors.toMap(d -> d, d -> new DnsAnswer(List.of(address), null))),
                List.of(address),
                NOTHING.dns().nextLook()))
        .with(
            new IngressFacts(
                Set.of(),
                List.of(),
                domains.stream().distinct().collect(Collectors.toMap(d -> d, d -> true))));
  }

  /**
   * The requests of one pod, or of all pods of a node.
   *
   * @param namespace of the pod; empty for a sum
   * @param environment of the pod, or empty
   * @param node that it runs on
   * @param requests by resource: millicores, bytes, or a number of devices
   */
  public record Usage(
      String namespace, String environment, String node, Map<String, Long> requests) {}

  /**
   * An unclaimed volume.
   *
   * @param claim namespace and name of the claim that it is reserved for; null for any claim
   */
  public record FreeVolume(Quantity size, Set<String> accessModes, String claim) {}

  /**
   * A DNS response.
   *
   * @param addresses of the A and AAAA records, in canonical form; empty when there are none
   * @param problem why there is no response; null when there is one
   * @param aliases names of the CNAME records, in lower case
   */
  public record DnsAnswer(List<String> addresses, String problem, Set<String> aliases) {
    public DnsAnswer(List<String> addresses, String problem) {
      this(addresses, problem, Set.of());
    }
  }
}

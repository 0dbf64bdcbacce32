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

/**
 * Observed surroundings of an environment.
 *
 * @param nodes every node
 * @param usage requests of the pods of others, summed by node; absent while not needed
 * @param records DNS records by domain; a domain without a query is absent
 * @param expected addresses that records must resolve to, and names of load balancers that are
 *     accepted instead; empty when unknown
 * @param nextLook time of the next DNS query
 * @param staticClasses storage classes without dynamic provisioning
 * @param freeVolumes unclaimed volumes of these classes, by class
 * @param certificates served certificates by domain; absent where unreachable
 * @param models models that Ollama holds; absent while it does not respond or is not requested
 * @param warnings last warning events of objects that are not ready, by kind and name
 * @param ingressClasses names of every ingress class
 * @param absentClaims volume claims that the spec names and that do not exist; checked only while
 *     needed
 * @param operatorImage image of the operator, also used for agents
 * @param operatorNamespace namespace of the operator
 * @param tags responses of registries by the image as specified, for versions that are new or
 *     retried; kept until the release has the response
 */
public record ClusterFacts(
    List<Node> nodes,
    Optional<List<Usage>> usage,
    Map<String, DnsAnswer> records,
    List<String> expected,
    Duration nextLook,
    Set<String> staticClasses,
    Map<String, List<FreeVolume>> freeVolumes,
    Map<String, Boolean> certificates,
    Optional<ModelStates> models,
    Map<String, String> warnings,
    Set<String> ingressClasses,
    Set<String> absentClaims,
    String operatorImage,
    String operatorNamespace,
    Map<String, ImageTag> tags) {

  /** Default image of the operator, as in the manifests. */
  public static final String OPERATOR_IMAGE = "staging-operator:dev";

  /** Default namespace of the operator, as in the manifests. */
  public static final String OPERATOR_NAMESPACE = "staging-operator";

  /** With the operator's default image and namespace. */
  public ClusterFacts(
      List<Node> nodes,
      Optional<List<Usage>> usage,
      Map<String, DnsAnswer> records,
      List<String> expected,
      Duration nextLook,
      Set<String> staticClasses,
      Map<String, List<FreeVolume>> freeVolumes,
      Map<String, Boolean> certificates,
      Optional<ModelStates> models,
      Map<String, String> warnings,
      Set<String> ingressClasses,
      Set<String> absentClaims) {
    this(
        nodes,
        usage,
        records,
        expected,
        nextLook,
        staticClasses,
        freeVolumes,
        certificates,
        models,
        warnings,
        ingressClasses,
        absentClaims,
        OPERATOR_IMAGE,
        OPERATOR_NAMESPACE,
        Map.of());
  }

  /** A copy with further warnings. */
  public ClusterFacts withWarnings(Map<String, String> more) {
    var all = new HashMap<>(warnings);
    all.putAll(more);
    return with(Map.copyOf(all), tags);
  }

  /** A copy with these tags. */
  public ClusterFacts withTags(Map<String, ImageTag> known) {
    return with(warnings, Map.copyOf(known));
  }

  private ClusterFacts with(Map<String, String> warnings, Map<String, ImageTag> tags) {
    return new ClusterFacts(
        nodes,
        usage,
        records,
        expected,
        nextLook,
        staticClasses,
        freeVolumes,
        certificates,
        models,
        warnings,
        ingressClasses,
        absentClaims,
        operatorImage,
        operatorNamespace,
        tags);
  }

  /** Assumes valid records and certificates; for plans without a cluster. */
  public static ClusterFacts assumedGood(List<String> domains) {
    var address = "192.0.2.1";
    return new ClusterFacts(
        List.of(),
        Optional.empty(),
        domains.stream()
            .distinct()
            .collect(Collectors.toMap(d -> d, d -> new DnsAnswer(List.of(address), null))),
        List.of(address),
        Duration.ofMinutes(5),
        Set.of(),
        Map.of(),
        domains.stream().distinct().collect(Collectors.toMap(d -> d, d -> true)),
        Optional.empty(),
        Map.of(),
        Set.of(),
        Set.of());
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

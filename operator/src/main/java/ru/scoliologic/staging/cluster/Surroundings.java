package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What surrounds an environment, as far as it was looked at.
 *
 * @param nodes every node
 * @param usage what other pods request; absent while nobody needs to know
 * @param records what the domains' DNS records say, by domain; a domain nobody asked for is absent
 * @param expected the addresses that records must lead to; empty when they are not known
 * @param nextLook when the records are asked for again
 * @param staticClasses storage classes that make no volumes
 * @param freeVolumes the unclaimed volumes of such classes, by class
 * @param certificates what is served for a domain; one nobody could look at is absent
 * @param models what Ollama holds; absent while it does not answer, or is not asked for
 * @param warnings what the cluster last said of objects that do not come up, by kind and name
 * @param ingressClasses names of every ingress class
 * @param absentClaims volume claims that the spec names and that do not exist; looked for only
 *     while they are needed
 * @param operatorImage image that the operator runs, which is the agents' as well
 */
public record Surroundings(
    List<Node> nodes,
    Optional<List<Usage>> usage,
    Map<String, DnsAnswer> records,
    List<String> expected,
    Duration nextLook,
    Set<String> staticClasses,
    Map<String, List<FreeVolume>> freeVolumes,
    Map<String, Boolean> certificates,
    Optional<Models> models,
    Map<String, String> warnings,
    Set<String> ingressClasses,
    Set<String> absentClaims,
    String operatorImage) {

  /** The operator's image where nothing says which one it is, as the manifests have it. */
  public static final String OPERATOR_IMAGE = "staging-operator:dev";

  /** With the operator's usual image. */
  public Surroundings(
      List<Node> nodes,
      Optional<List<Usage>> usage,
      Map<String, DnsAnswer> records,
      List<String> expected,
      Duration nextLook,
      Set<String> staticClasses,
      Map<String, List<FreeVolume>> freeVolumes,
      Map<String, Boolean> certificates,
      Optional<Models> models,
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
        OPERATOR_IMAGE);
  }

  /** As if all records and certificates were right; for plans that no cluster has seen. */
  public static Surroundings assumedGood(List<String> domains) {
    var address = "192.0.2.1";
    return new Surroundings(
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
   * What one pod requests.
   *
   * @param namespace it is in
   * @param environment it belongs to, or empty
   * @param node it runs on
   * @param requests by kind of resource: thousandths of a core, bytes, or a number of devices
   */
  public record Usage(
      String namespace, String environment, String node, Map<String, Long> requests) {}

  /**
   * An unclaimed volume.
   *
   * @param claim namespace and name of the claim it is kept for; null when it is for anybody's
   */
  public record FreeVolume(Quantity size, Set<String> accessModes, String claim) {}

  /**
   * An answer of the DNS.
   *
   * @param addresses of the A and AAAA records, in canonical form; empty when there are none
   * @param problem why there is no answer; null when there is one
   */
  public record DnsAnswer(List<String> addresses, String problem) {}
}

package ru.scoliologic.staging.registry;

import io.fabric8.kubernetes.api.model.Node;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Source addresses of a node's own requests to a pod: the node's addresses, and with a pod network
 * the first two of its pod CIDR, which belong to its bridge and its tunnel.
 */
final class NodeAddresses {
  private NodeAddresses() {}

  /** Single-address networks, such as {@code 192.0.2.1/32}, sorted. */
  static List<String> of(List<Node> nodes) {
    var addresses = new TreeSet<String>();
    for (var node : nodes) {
      Stream.ofNullable(node.getStatus())
          .flatMap(status -> status.getAddresses().stream())
          .filter(address -> "InternalIP".equals(address.getType()))
          .flatMap(address -> single(address.getAddress()).stream())
          .forEach(addresses::add);
      Stream.ofNullable(node.getSpec())
          .flatMap(spec -> spec.getPodCIDRs().stream())
          .flatMap(NodeAddresses::firstTwo)
          .forEach(addresses::add);
    }
    return List.copyOf(addresses);
  }

  private static Stream<String> firstTwo(String network) {
    return literal(network.split("/", 2)[0]).stream()
        .flatMap(first -> {
          var second = first.getAddress();
          second[second.length - 1]++;
          return Stream.of(first.getHostAddress(), text(second));
        })
        .flatMap(address -> single(address).stream());
  }

  private static Optional<String> single(String address) {
    return literal(address)
        .map(literal -> literal.getHostAddress() + "/" + literal.getAddress().length * 8);
  }

  private static Optional<InetAddress> literal(String address) {
    try {
      return Optional.of(InetAddress.ofLiteral(address));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String text(byte[] address) {
    try {
      return InetAddress.getByAddress(address).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}

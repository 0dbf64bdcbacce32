package ru.scoliologic.staging.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.infrastructure.Ports.Holder;

class PortsTest {
  private static final List<Node> NODES =
      List.of(
          new NodeBuilder()
              .withNewStatus()
              .addNewAddress("172.17.0.3", "InternalIP")
              .addNewAddress("node-1", "Hostname")
              .endStatus()
              .build());
  private static final Service WAITING = service("team", "demo-traefik", 443, null);

  private static Service service(String namespace, String name, int port, String address) {
    var service =
        new ServiceBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(name)
            .withUid(namespace + "/" + name)
            .endMetadata()
            .withNewSpec()
            .withType("LoadBalancer")
            .addNewPort()
            .withPort(port)
            .endPort()
            .endSpec();
    return address == null
        ? service.build()
        : service
            .withNewStatus()
            .withNewLoadBalancer()
            .addNewIngress()
            .withIp(address)
            .endIngress()
            .endLoadBalancer()
            .endStatus()
            .build();
  }

  private static List<String> holders(List<Service> others, Holder... pods) {
    return Ports.holders(WAITING, others, NODES, List.of(pods));
  }

  @Test
  void a_service_at_the_nodes_own_address_holds_the_ports() {
    assertThat(holders(List.of(WAITING, service("kube-system", "traefik", 443, "172.17.0.3"))))
        .containsExactly("Service kube-system/traefik");
  }

  @Test
  void where_each_service_gets_an_address_of_its_own_nobody_is_blamed() {
    var other = service("shop", "web", 443, "203.0.113.10");

    assertThat(holders(List.of(WAITING, other))).isEmpty();
    assertThat(holders(List.of(WAITING, other), new Holder("Pod", "proxies", "edge"))).isEmpty();
  }

  @Test
  void other_ports_other_types_and_services_that_wait_as_well_are_not_in_the_way() {
    var inside = service("shop", "inside", 443, "172.17.0.3");
    inside.getSpec().setType("ClusterIP");

    assertThat(
            holders(
                List.of(
                    service("shop", "mail", 25, "172.17.0.3"),
                    service("shop", "waits", 443, null),
                    inside)))
        .isEmpty();
  }

  @Test
  void a_pod_with_a_port_of_its_node_is_named_and_our_own_balancers_is_not() {
    assertThat(
            holders(
                List.of(),
                new Holder("Pod", "proxies", "edge"),
                new Holder("Service", "team", "demo-traefik")))
        .containsExactly("Pod proxies/edge");
  }

  @Test
  void a_service_is_named_once_though_its_balancer_has_a_pod() {
    assertThat(
            holders(
                List.of(service("shop", "web", 80, "172.17.0.3")),
                new Holder("Service", "shop", "web"),
                new Holder("Service", "shop", "web")))
        .containsExactly("Service shop/web");
  }

  @Test
  void pods_hold_a_port_by_host_port_or_host_network_and_a_balancers_stands_for_its_service() {
    var pods =
        new KubernetesSerialization()
            .unmarshal(Given.resource("/ports/pods.yaml"), PodList.class)
            .getItems();

    assertThat(pods.stream().map(Ports::holder).flatMap(Optional::stream))
        .containsExactly(
            new Holder("Pod", "proxies", "host-port"),
            new Holder("Pod", "proxies", "host-network"),
            new Holder("Service", "shop", "web"),
            new Holder("Service", "team", "demo-traefik"));
  }
}

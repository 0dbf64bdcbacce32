package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ServiceBuilder;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;

class LoadBalancingTest {
  private static Given asking(String ingress) {
    return Given.aGoodStart()
        .edited("    dashboardAuth:", "    %s\n    dashboardAuth:".formatted(ingress));
  }

  private static Given made(Given given, String balancerClass) {
    return given.owning(
        new ServiceBuilder()
            .withNewMetadata()
            .withName("demo-traefik")
            .endMetadata()
            .withNewSpec()
            .withLoadBalancerClass(balancerClass)
            .endSpec()
            .build());
  }

  @Test
  void a_new_service_gets_what_the_load_balancer_has_to_know() {
    var balancing =
        new LoadBalancing(
            asking(
                    "service: {annotations: {lb.test/type: external}, loadBalancerClass: lb.test/nlb,"
                        + " externalTrafficPolicy: Local}")
                .snapshot());

    assertThat(balancing.annotations()).containsEntry("lb.test/type", "external");
    assertThat(balancing.balancerClass()).isEqualTo("lb.test/nlb");
    assertThat(balancing.trafficPolicy()).isEqualTo("Local");
    assertThat(balancing.notApplied()).isEmpty();
  }

  @Test
  void a_class_that_changes_is_told_as_not_applied_for_the_server_would_refuse_it() {
    var other = asking("service: {loadBalancerClass: lb.test/other}");

    var with = new LoadBalancing(made(other, "lb.test/nlb").snapshot());
    assertThat(with.balancerClass()).isEqualTo("lb.test/nlb");
    assertThat(with.notApplied().orElseThrow())
        .startsWith("spec.ingress.service.loadBalancerClass is not applied: Service demo-traefik")
        .contains("with class lb.test/nlb", "delete the Service");

    var without =
        new LoadBalancing(made(asking("service: {loadBalancerClass: a.test/b}"), null).snapshot());
    assertThat(without.balancerClass()).isNull();
    assertThat(without.notApplied().orElseThrow()).contains("without one");
  }

  @Test
  void clients_keep_their_addresses_where_access_goes_by_them() {
    assertThat(new LoadBalancing(Given.aGoodStart().snapshot()).trafficPolicy()).isNull();
    assertThat(
            new LoadBalancing(asking("access: {allowFrom: [192.0.2.0/24]}").snapshot())
                .trafficPolicy())
        .isEqualTo("Local");
  }
}

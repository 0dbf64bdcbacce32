package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.EveryPlan;
import ru.scoliologic.staging.reconcile.EveryPlan.Shape;
import ru.scoliologic.staging.reconcile.plan.Plan;

/** Who is let in, also where the namespace denies all by default. */
class IngressPolicyTest {
  private static NetworkPolicy policy(Given given, String name) {
    var snapshot = given.snapshot();
    return Plan.of(snapshot, Configuration.resolve(snapshot)).objects().stream()
        .map(PlannedObject::object)
        .filter(NetworkPolicy.class::isInstance)
        .map(NetworkPolicy.class::cast)
        .filter(policy -> policy.getMetadata().getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static List<IntOrString> ports(NetworkPolicyIngressRule rule) {
    return rule.getPorts().stream().map(port -> port.getPort()).toList();
  }

  @Test
  void everybody_may_ask_traefik_and_nobody_is_kept_from_sending() {
    var policy = policy(Given.aGoodStart(), "demo-traefik");

    assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress");
    assertThat(policy.getSpec().getIngress().getFirst().getFrom()).isEmpty();
    assertThat(ports(policy.getSpec().getIngress().getFirst()))
        .containsExactly(new IntOrString("web"), new IntOrString("websecure"));
  }

  @Test
  void the_namespace_and_the_operator_may_ask_the_application() {
    var rules = policy(Given.aGoodStart(), "demo-app").getSpec().getIngress();

    assertThat(rules).hasSize(2);
    assertThat(rules.getFirst().getPorts()).as("any port, as before").isEmpty();
    assertThat(rules.getFirst().getFrom().getFirst().getNamespaceSelector()).isNull();
    assertThat(rules.getLast().getFrom())
        .containsExactly(AccessPolicy.operator(Given.aGoodStart().snapshot()));
    assertThat(ports(rules.getLast())).containsExactly(new IntOrString("http"));
  }

  @Test
  void the_operator_may_ask_for_health_at_a_port_of_its_own() {
    var checked =
        Given.aGoodStart().edited("      image:", "      health: {port: 9090}\n      image:");

    assertThat(ports(policy(checked, "demo-app").getSpec().getIngress().getLast()))
        .containsExactly(new IntOrString("http"), new IntOrString(9090));
  }

  @Test
  void a_shared_controller_may_ask_from_wherever_it_runs() {
    var shared =
        Given.aGoodStart()
            .edited(
                "    dashboardAuth:",
                "    mode: Shared\n    shared: {className: nginx}\n    dashboardAuth:");

    assertThat(policy(shared, "demo-app").getSpec().getIngress().getLast().getFrom()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Shape.class)
  void whatever_serves_has_a_policy_so_one_that_denies_all_keeps_nobody_out(Shape shape) {
    var planned = EveryPlan.of(shape, "demo");
    var selected =
        planned.stream()
            .filter(NetworkPolicy.class::isInstance)
            .map(policy -> ((NetworkPolicy) policy).getSpec())
            .filter(spec -> spec.getPolicyTypes().contains("Ingress"))
            .map(spec -> spec.getPodSelector().getMatchLabels().entrySet())
            .toList();

    assertThat(
            Stream.concat(
                templates(planned, Deployment.class, d -> d.getSpec().getTemplate()),
                templates(planned, StatefulSet.class, s -> s.getSpec().getTemplate())))
        .hasSizeGreaterThan(3)
        .allSatisfy(labels ->
            assertThat(selected).as("%s", labels).anyMatch(labels.entrySet()::containsAll));
  }

  private static <T> Stream<Map<String, String>> templates(
      List<HasMetadata> planned, Class<T> kind, Function<T, PodTemplateSpec> template) {
    return planned.stream()
        .filter(kind::isInstance)
        .map(kind::cast)
        .map(template)
        .map(pod -> pod.getMetadata().getLabels());
  }
}

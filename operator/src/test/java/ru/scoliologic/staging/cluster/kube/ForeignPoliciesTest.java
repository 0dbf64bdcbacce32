package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** What NetworkPolicies of the namespace keep the application from sending. */
class ForeignPoliciesTest {
  private static final Snapshot SNAPSHOT = Given.aGoodStart().snapshot();
  private static final String ALL = "all traffic out, DNS included";
  private static final String DENY_ALL = "{podSelector: {}, policyTypes: [Egress]}";

  private static final List<Traffic> NEEDED =
      List.of(
          Traffic.dns(),
          Traffic.to(SNAPSHOT, ComponentName.POSTGRES, 5432),
          Traffic.beyond("the Git server (port 443)", 443));

  private static NetworkPolicy policy(String name, String spec) {
    return new KubernetesSerialization()
        .unmarshal(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: %s}
            spec: %s
            """
                .formatted(name, spec),
            NetworkPolicy.class);
  }

  private static String denied(NetworkPolicy... policies) {
    return new ForeignPolicies(List.of(policies))
        .denied(Labels.of(SNAPSHOT.environment(), ComponentName.APP), NEEDED)
        .map(ForeignPolicies.Denial::traffic)
        .orElse("");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "all, out     | {podSelector: {}, policyTypes: [Egress]} | " + ALL,
        "all          | {podSelector: {}, policyTypes: [Ingress, Egress]} | " + ALL,
        "all, in      | {podSelector: {}, policyTypes: [Ingress]} | ``",
        "nothing      | {podSelector: {}, policyTypes: [Egress], egress: [{}]} | ``",
        "others' pods | {podSelector: {matchLabels: {app: shop}}, policyTypes: [Egress]} | ``",
        "by expression | {podSelector: {matchExpressions: [{key: app.kubernetes.io/component,"
            + " operator: In, values: [app, web]}]}, policyTypes: [Egress]} | "
            + ALL,
        "by absence | {podSelector: {matchExpressions: [{key: app.kubernetes.io/component,"
            + " operator: DoesNotExist}]}, policyTypes: [Egress]} | ``",
      })
  void a_policy_that_selects_the_pods_and_lets_nothing_out_denies_all(
      String name, String spec, String traffic) {
    assertThat(denied(policy("some", spec))).isEqualTo(traffic);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "DNS alone | {ports: [{port: 53, protocol: UDP}]}"
            + " | traffic to postgres (port 5432), the Git server (port 443)",
        "lookups by TCP | {ports: [{port: 53, protocol: TCP}]} | traffic to the DNS (port 53),"
            + " postgres (port 5432), the Git server (port 443)",
        "any address | {to: [{ipBlock: {cidr: 0.0.0.0/0}}]} | ``",
        "any address at a port | {to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}"
            + " | traffic to the DNS (port 53), postgres (port 5432)",
        "a range of ports | {ports: [{port: 400, endPort: 6000}]} | traffic to the DNS (port 53)",
        "this namespace | {to: [{podSelector: {}}]}"
            + " | traffic to the DNS (port 53), the Git server (port 443)",
        "other pods | {to: [{podSelector: {matchLabels: {app: shop}}}]} | traffic to the DNS"
            + " (port 53), postgres (port 5432), the Git server (port 443)",
        "the namespace of the DNS | {to: [{namespaceSelector: {matchLabels:"
            + " {kubernetes.io/metadata.name: kube-system}}}]} | traffic to postgres (port 5432)",
        "a port by name | {to: [{podSelector: {}}], ports: [{port: postgres}]}"
            + " | traffic to the DNS (port 53), the Git server (port 443)",
      })
  void what_no_rule_lets_out_is_named(String name, String rule, String traffic) {
    var spec = "{podSelector: {}, policyTypes: [Egress], egress: [%s]}".formatted(rule);

    assertThat(denied(policy("some", spec))).isEqualTo(traffic);
  }

  @Test
  void what_another_policy_lets_out_is_not_denied() {
    var allow = "{podSelector: {}, policyTypes: [Egress], egress: [%s]}";

    var both =
        new ForeignPolicies(
                List.of(
                    policy("default-deny", DENY_ALL),
                    policy("dns", allow.formatted("{ports: [{port: 53, protocol: UDP}]}"))))
            .denied(Labels.of(SNAPSHOT.environment(), ComponentName.APP), NEEDED)
            .orElseThrow();

    assertThat(both.of(List.of(ComponentName.APP, ComponentName.MIGRATION)))
        .isEqualTo(
            "NetworkPolicy default-deny and dns of this namespace together deny pods of app,"
                + " migration traffic to postgres (port 5432), the Git server (port 443)");
    assertThat(denied(policy("default-deny", DENY_ALL), policy("open", allow.formatted("{}"))))
        .isEmpty();
  }

  @Test
  void a_policy_of_the_operator_denies_nothing_that_is_sent() {
    var ours = policy("demo-app", DENY_ALL);
    ours.getMetadata().setLabels(Labels.of(SNAPSHOT.environment(), ComponentName.APP));

    assertThat(denied(ours)).isEmpty();
    assertThat(denied(ours, policy("default-deny", DENY_ALL))).isEqualTo(ALL);
  }

  @Test
  void pods_that_need_nothing_are_denied_nothing() {
    assertThat(
            new ForeignPolicies(List.of(policy("default-deny", DENY_ALL)))
                .denied(Labels.of(SNAPSHOT.environment(), ComponentName.REDIS), List.of()))
        .isEmpty();
  }
}

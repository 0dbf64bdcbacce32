package ru.scoliologic.staging.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class DnsRecordsTest {
  private static final DnsAnswer RIGHT = new DnsAnswer(List.of("10.0.0.7"), null);
  private static final Duration NEXT = Duration.ofSeconds(40);

  private static Snapshot snapshot(String mode, DnsAnswer app) {
    var ingress =
        new ServiceBuilder()
            .withNewMetadata()
            .withName("demo-traefik")
            .endMetadata()
            .withNewStatus()
            .withNewLoadBalancer()
            .addNewIngress()
            .withIp("10.0.0.7")
            .endIngress()
            .endLoadBalancer()
            .endStatus()
            .build();
    return Given.aGoodStart()
        .edited("  secrets:\n", "  infrastructure: {dns: {mode: " + mode + "}}\n  secrets:\n")
        .owning(ingress)
        .amid(
            ClusterFacts.NOTHING.with(
                new ClusterFacts.Dns(
                    Map.of("app.staging.test", app, "traefik.staging.test", RIGHT),
                    List.of("10.0.0.7"),
                    NEXT)))
        .snapshot();
  }

  private static StageResult enforced(DnsAnswer app) {
    return Infrastructure.assess(snapshot("Enforce", app), List.of());
  }

  @Test
  void records_that_lead_to_the_address_are_right() {
    assertThat(enforced(RIGHT).isReady()).isTrue();
    assertThat(enforced(RIGHT).message())
        .endsWith(
            "; app.staging.test resolves to 10.0.0.7, traefik.staging.test resolves to 10.0.0.7");
    assertThat(DnsRecords.untrusted(snapshot("Enforce", RIGHT))).isEmpty();
  }

  @Test
  void a_record_that_leads_elsewhere_is_waited_for_with_found_and_needed() {
    assertThat(enforced(new DnsAnswer(List.of("192.0.2.9"), null)))
        .isEqualTo(
            new StageResult.Waiting(
                Reason.DNS_RECORD_WRONG,
                "app.staging.test resolves to 192.0.2.9, needed 10.0.0.7",
                NEXT));
  }

  @Test
  void one_stale_address_among_right_ones_is_wrong() {
    var mixed = new DnsAnswer(List.of("10.0.0.7", "2001:db8:0:0:0:0:0:9"), null);

    assertThat(enforced(mixed).message())
        .isEqualTo(
            "app.staging.test resolves to 10.0.0.7 and 2001:db8:0:0:0:0:0:9, needed 10.0.0.7");
    assertThat(DnsRecords.untrusted(snapshot("Enforce", mixed)))
        .containsExactly("app.staging.test");
  }

  @Test
  void an_absent_record_and_a_silent_server_are_told_apart() {
    var absent = enforced(new DnsAnswer(List.of(), null));
    var silent = enforced(new DnsAnswer(List.of(), "timed out"));

    assertThat(absent.reason()).isEqualTo(Reason.DNS_RECORD_WRONG);
    assertThat(absent.message())
        .isEqualTo("app.staging.test has no A or AAAA record, needed 10.0.0.7");
    assertThat(silent.reason()).isEqualTo(Reason.DNS_UNANSWERED);
    assertThat(silent.message())
        .isEqualTo("the DNS gives no answer for app.staging.test, needed 10.0.0.7: timed out");
  }

  @Test
  void warn_tells_it_and_goes_on_and_off_is_silent() {
    var wrong = new DnsAnswer(List.of("192.0.2.9"), null);

    var warned = Infrastructure.assess(snapshot("Warn", wrong), List.of());
    var silent = Infrastructure.assess(snapshot("'Off'", wrong), List.of());

    assertThat(warned.isReady()).isTrue();
    assertThat(warned.message())
        .endsWith("; warning: app.staging.test resolves to 192.0.2.9, needed 10.0.0.7");
    assertThat(DnsRecords.untrusted(snapshot("Warn", wrong))).isEmpty();
    assertThat(silent.message()).endsWith("are served at 10.0.0.7");
  }
}

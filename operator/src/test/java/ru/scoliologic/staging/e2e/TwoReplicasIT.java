package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.throwaway.AuditEvent;

/** Two replicas of the operator: one leads, the other takes over. */
class TwoReplicasIT {
  private static final String NAMESPACE = "two-replicas";
  private static final Duration QUIET = Duration.ofSeconds(20);
  private static Staging staging;

  @BeforeAll
  static void a_second_replica_and_an_environment_that_waits_for_a_secret() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    scale(2);
    staging
        .admin()
        .resource(Staging.read("environment.yaml", Map.of()))
        .inNamespace(NAMESPACE)
        .create();
    staging.awaitReason(NAMESPACE, "env", "ConfigurationReady", "SecretMissing");
  }

  @AfterAll
  static void one_replica_again() {
    scale(1);
    staging.remove(NAMESPACE);
  }

  private static void scale(int replicas) {
    var operator =
        staging
            .admin()
            .apps()
            .deployments()
            .inNamespace(Staging.OPERATOR)
            .withName(Staging.OPERATOR);
    operator.scale(replicas);
    await("%d replicas of the operator".formatted(replicas))
        .atMost(Staging.LONG)
        .until(() -> {
          var status = operator.get().getStatus();
          return Integer.valueOf(replicas).equals(status.getReadyReplicas())
              && Integer.valueOf(replicas).equals(status.getReplicas());
        });
  }

  private static String leader() {
    return staging
        .admin()
        .leases()
        .inNamespace(Staging.OPERATOR)
        .withName(Staging.OPERATOR)
        .get()
        .getSpec()
        .getHolderIdentity();
  }

  private static void give(String clientId) {
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withStringData(
                    Map.of("ESIA_CLIENT_ID", clientId, "TRAEFIK_AUTH", Given.DASHBOARD_USER))
                .build())
        .serverSideApply();
  }

  @ParameterizedTest
  @ValueSource(strings = {"30", "0"})
  void the_other_replica_takes_over_when_the_leader_is_stopped_or_killed(String graceSeconds) {
    var before = leader();
    var start = Instant.now();

    staging
        .cluster()
        .kubectl(
            "-n",
            Staging.OPERATOR,
            "delete",
            "pod",
            before,
            "--grace-period=" + graceSeconds,
            "--wait=false",
            "--force=" + graceSeconds.equals("0"));

    await("another leader than " + before)
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(100))
        .until(() -> {
          var now = leader();
          return now != null && !now.isEmpty() && !now.equals(before);
        });
    System.out.printf(
        "leader %s: another one after %d ms%n",
        graceSeconds.equals("0") ? "killed" : "stopped",
        Duration.between(start, Instant.now()).toMillis());
    // The new leader acts: what the Secret lacks is told anew.
    give("your_client_id");
    staging.awaitReason(NAMESPACE, "env", "ConfigurationReady", "KeyInvalid");
    staging.admin().secrets().inNamespace(NAMESPACE).withName("given").delete();
    staging.awaitReason(NAMESPACE, "env", "ConfigurationReady", "SecretMissing");
    scale(2);
  }

  @Test
  void while_nothing_changes_neither_replica_writes() {
    staging.awaitReason(NAMESPACE, "env", "ConfigurationReady", "SecretMissing");
    await("the last write to be over").pollDelay(Duration.ofSeconds(3)).until(() -> true);
    var since = Instant.now();

    await("twenty seconds of quiet")
        .pollDelay(QUIET)
        .atMost(QUIET.plusSeconds(10))
        .until(() -> true);

    assertThat(staging.writesSince(since)).extracting(AuditEvent::resource).isEmpty();
    // The leader renews the lease every 2 s with one request; the other one reads it, less often.
    var requests =
        staging
            .cluster()
            .auditLog()
            .by(Staging.OPERATOR, Staging.OPERATOR, since)
            .filter(event -> event.resource().equals("leases"))
            // On a busy machine more of them come until the log is read.
            .filter(event -> event.time().isBefore(since.plus(QUIET)))
            .toList();
    assertThat(requests.stream().filter(AuditEvent::isWrite)).hasSizeBetween(8, 12);
    assertThat(requests.stream().filter(event -> !event.isWrite())).hasSizeBetween(3, 11);
  }
}

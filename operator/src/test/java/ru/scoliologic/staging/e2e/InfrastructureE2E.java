package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Certificate;

/** Room, DNS records and certificates: what is lacking is told, and costs no order of any CA. */
class InfrastructureE2E {
  private static final String NAME = "env";
  private static final String ELSEWHERE = "192.0.2.7";
  private static final String ZONE = "records.test";
  private static final String OTHER_ZONE = "moved.test";

  /** The ACME server issues nothing below that one. */
  private static final String FORBIDDEN = "forbidden." + ZONE;

  /** Two names of one server are two authorities. */
  private static final String FIRST = "https://pebble.pebble.svc.cluster.local:14000/dir";

  private static final String WANTED = "https://pebble.pebble.svc:14000/dir";
  private static int count;

  private static Staging staging;
  private static Browser browser;
  private String namespace;

  @BeforeAll
  static void a_cluster() {
    staging = Staging.shared();
    browser = staging.browser();
    staging.cluster().resolve(OTHER_ZONE, ELSEWHERE);
  }

  @AfterAll
  static void the_browser_is_closed() throws IOException {
    browser.close();
  }

  @BeforeEach
  void a_namespace_of_its_own() {
    namespace = "infra-" + ++count;
    staging.namespace(namespace);
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(
                    Map.of(
                        "ESIA_CLIENT_ID",
                        "client-1",
                        "TRAEFIK_AUTH",
                        "admin:$apr1$stagingx$aaaaaaaaaaaaaaaaaaaaaa"))
                .build())
        .serverSideApply();
  }

  @AfterEach
  void it_is_removed() {
    staging.remove(namespace);
  }

  private void create(Map<String, String> replacements) {
    var all =
        new HashMap<>(
            Map.of(
                "app: app.bad.staging.test", "app: app." + ZONE,
                "traefik: traefik.bad.staging.test", "traefik: traefik." + ZONE));
    all.putAll(replacements);
    staging.admin().resource(Staging.read("environment.yaml", all)).inNamespace(namespace).create();
  }

  private String patch(String spec) {
    return staging
        .cluster()
        .kubectl(
            "-n",
            namespace,
            "patch",
            "stenv",
            NAME,
            "--type=merge",
            "-p",
            "{\"spec\":" + spec + "}");
  }

  private static String acmeLog() {
    return staging.cluster().kubectl("-n", "pebble", "logs", "deployment/pebble", "--tail=-1");
  }

  private boolean ordersGivenUp(String domain) {
    return staging
        .cluster()
        .kubectl("-n", namespace, "logs", "deployment/env-traefik", "--tail=-1")
        .lines()
        .anyMatch(
            line -> line.contains("Unable to obtain ACME certificate") && line.contains(domain));
  }

  /** Out of reach it refuses connections at once, and goes on with the same root. */
  private static void acmeReachable(boolean reachable) {
    staging
        .cluster()
        .kubectl(
            "-n",
            "pebble",
            "patch",
            "service",
            "pebble",
            "--type=json",
            "-p",
            "[{\"op\":\"replace\",\"path\":\"/spec/ports/0/targetPort\",\"value\":"
                + (reachable ? "\"acme\"" : "14999")
                + "}]");
  }

  private static long ordersMade() {
    return acmeLog().lines().filter(line -> line.contains("POST /order-plz")).count();
  }

  private StagingEnvironment switchedTo(String directory) {
    patch("{\"ingress\":{\"acme\":{\"first\":null,\"directory\":\"" + directory + "\"}}}");
    return staging.awaitReady(namespace, NAME);
  }

  private void isMadeAgain(Map<String, String> replacements) {
    staging.environment(namespace, NAME).delete();
    await("all to be gone but what is retained")
        .atMost(Staging.LONG)
        .until(() ->
            staging.owned(namespace).stream()
                .allMatch(name -> name.matches("(persistentvolumeclaim|secret)/.*")));
    create(replacements);
  }

  /** Certificates stay with their authority, and the count of the attempts with them. */
  private void aSwitchOfTheAuthorityAndANewEnvironmentOrderNothing(
      StagingEnvironment before, Map<String, String> replacements) throws IOException {
    var app = "app." + ZONE;
    var authority = before.getStatus().acme().authority();
    var serial = browser.serial(app);
    long orders = ordersMade();

    var there = switchedTo(FIRST);
    assertThat(there.getStatus().acme().authority()).isNotEqualTo(authority);
    assertThat(browser.serial(app)).isNotEqualTo(serial);
    var back = switchedTo(WANTED);
    assertThat(back.getStatus().acme()).isEqualTo(before.getStatus().acme());
    assertThat(browser.serial(app)).isEqualTo(serial);
    isMadeAgain(replacements);
    var again = staging.awaitReady(namespace, NAME);

    assertThat(again.getStatus().acme()).isEqualTo(before.getStatus().acme());
    assertThat(browser.serial(app)).isEqualTo(serial);
    assertThat(ordersMade()).isEqualTo(orders);
  }

  private String hosts() {
    return staging
        .cluster()
        .kubectl("-n", namespace, "get", "ingress", "-o", "jsonpath={..host}")
        .strip();
  }

  private static List<Certificate> certificates(StagingEnvironment environment) {
    return environment.getStatus() == null || environment.getStatus().acme() == null
        ? List.of()
        : environment.getStatus().acme().domains();
  }

  @Test
  void
      a_wrong_record_costs_no_order_and_once_it_is_right_the_first_authority_then_the_other_issues()
          throws IOException {
    staging.cluster().resolve(ZONE, ELSEWHERE);
    var replacements =
        Map.of(
            "deletionPolicy: Delete",
            "deletionPolicy: Retain",
            "      server: Custom",
            "      first: {server: Custom, directory: '"
                + FIRST
                + "', caBundle: {configMapKeyRef: {name: acme-ca, key: ca.pem}}}\n      server: Custom");
    create(replacements);

    var waiting = staging.awaitReason(namespace, NAME, "InfrastructureReady", "DnsRecordWrong");
    assertThat(Staging.condition(waiting, "InfrastructureReady").getMessage())
        .isEqualTo(
            "app.%1$s resolves to %2$s, needed %3$s; traefik.%1$s resolves to %2$s, needed %3$s"
                .formatted(ZONE, ELSEWHERE, staging.cluster().nodeIp()));
    await("twenty seconds in which nothing is to happen")
        .pollDelay(Duration.ofSeconds(20))
        .atMost(Duration.ofSeconds(30))
        .until(() -> true);
    assertThat(acmeLog()).doesNotContain(ZONE);
    assertThat(staging.owned(namespace)).doesNotContain("deployment.apps/env-traefik");

    staging.cluster().resolve(ZONE);

    var first =
        staging.await(
            namespace, NAME, "certificates", Staging.LONG, e -> !certificates(e).isEmpty());
    var ready = staging.awaitReady(namespace, NAME);
    assertThat(ready.getStatus().acme().authority())
        .isNotEqualTo(first.getStatus().acme().authority());
    assertThat(certificates(ready)).allMatch(Certificate::issued);
    assertThat(browser.get("https://app." + ZONE + "/api/health").status()).isEqualTo(200);

    aSwitchOfTheAuthorityAndANewEnvironmentOrderNothing(ready, replacements);

    // A domain whose record is wrong keeps the last good state.
    patch("{\"domains\":{\"app\":\"app." + OTHER_ZONE + "\"}}");
    var moved = staging.awaitReason(namespace, NAME, "InfrastructureReady", "DnsRecordWrong");
    assertThat(Staging.condition(moved, "InfrastructureReady").getMessage())
        .contains("app.%s resolves to %s".formatted(OTHER_ZONE, ELSEWHERE));
    await("ten seconds in which nothing is to happen")
        .pollDelay(Duration.ofSeconds(10))
        .atMost(Duration.ofSeconds(20))
        .until(() -> true);
    assertThat(hosts().split(" ")).containsExactly("app." + ZONE, "traefik." + ZONE);
    assertThat(browser.get("https://app." + ZONE + "/api/health").status()).isEqualTo(200);
    assertThat(acmeLog()).doesNotContain(OTHER_ZONE);
  }

  @Test
  void a_refused_order_is_counted_and_made_again_by_itself_even_if_the_operator_dies() {
    staging.cluster().resolve(ZONE);
    acmeReachable(false);
    Instant restored;
    try {
      create(
          Map.of("      server: Custom", "      retry: {minInterval: 60s}\n      server: Custom"));
      var refused = staging.awaitReason(namespace, NAME, "Validated", "CertificateRefused");
      assertThat(Staging.condition(refused, "Validated").getMessage())
          .contains("app." + ZONE + ": attempts made: 1, the next comes at ")
          .contains("traefik." + ZONE + ": attempts made: 1, the next comes at ");
      // An order that is still under way would be fulfilled as soon as the server is back.
      await("Traefik to give up both orders")
          .atMost(Staging.LONG)
          .pollInterval(Duration.ofSeconds(1))
          .until(() -> ordersGivenUp("app." + ZONE) && ordersGivenUp("traefik." + ZONE));
      var answered =
          staging.await(
              namespace,
              NAME,
              "why both orders failed",
              Staging.LONG,
              e -> certificates(e).stream().allMatch(c -> c.answer() != null));
      assertThat(Staging.condition(answered, "Validated").getMessage())
          .containsPattern("app\\." + ZONE + ": [^;]*; the authority's last answer: none: ")
          .containsPattern("traefik\\." + ZONE + ": [^;]*; the authority's last answer: none: ")
          .contains("connect: connection refused; Traefik must reach the authority");
      staging.cluster().kubectl("-n", Staging.OPERATOR, "delete", "pod", "--all");
    } finally {
      acmeReachable(true);
      restored = Instant.now();
    }

    var ready = staging.awaitReady(namespace, NAME);
    assertThat(certificates(ready)).hasSize(2).allMatch(Certificate::issued);
    assertThat(certificates(ready))
        .allSatisfy(c -> {
          assertThat(c.attempts()).isEqualTo(2);
          assertThat(Instant.parse(c.lastAttempt())).isAfter(restored.minusSeconds(1));
          assertThat(c.answer()).isNull();
        });

    aForbiddenDomainIsToldInTheAuthoritysOwnWords();
  }

  private void aForbiddenDomainIsToldInTheAuthoritysOwnWords() {
    patch("{\"domains\":{\"traefik\":\"traefik." + FORBIDDEN + "\"}}");

    var refused = staging.awaitReason(namespace, NAME, "Validated", "CertificateRefused");

    assertThat(Staging.condition(refused, "Validated").getMessage())
        .containsPattern(
            "traefik\\.%s: attempts made: \\d, the next comes at \\S+; ".formatted(FORBIDDEN))
        .contains(
            "; the authority's last answer: rejectedIdentifier: Order included an identifier for which issuance is"
                + " forbidden by policy: \"traefik.%1$s\"; rejectedIdentifier: traefik.%1$s is a"
                    .formatted(FORBIDDEN)
                + " forbidden domain; the authority issues nothing for this name: give another one"
                + " in spec.domains")
        .doesNotContain("app." + ZONE);
  }

  @Test
  void too_large_a_request_is_told_with_found_and_needed_and_goes_on_when_it_is_lowered() {
    staging.cluster().resolve(ZONE);
    create(
        Map.of(
            "      image: sample-app:1",
            "      image: sample-app:1\n      resources: {requests: {cpu: '900'}}"));
    var waiting = staging.awaitReason(namespace, NAME, "InfrastructureReady", "NotEnoughRoom");
    assertThat(Staging.condition(waiting, "InfrastructureReady").getMessage())
        .containsPattern("CPU: found \\d+m? free, needed 900\\d+m");

    patch("{\"services\":{\"app\":{\"resources\":{\"requests\":{\"cpu\":\"100m\"}}}}}");

    var done = staging.awaitReason(namespace, NAME, "InfrastructureReady", "InfrastructureReady");
    assertThat(Staging.condition(done, "InfrastructureReady").getMessage())
        .contains("warning: the nodes have less than the minimum: ");
  }
}

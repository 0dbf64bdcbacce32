package ru.scoliologic.staging.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class InfrastructureTest {
  private static Service ingress(String address) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-traefik")
        .endMetadata()
        .withNewStatus()
        .withNewLoadBalancer()
        .addNewIngress()
        .withIp(address)
        .endIngress()
        .endLoadBalancer()
        .endStatus()
        .build();
  }

  private static StagingEnvironment environment(String name, String created, String... claims) {
    var environment = Given.environment("demo");
    environment.getMetadata().setName(name);
    environment.getMetadata().setUid(name);
    environment.getMetadata().setCreationTimestamp(created);
    environment.setStatus(Given.status(null, claims));
    return environment;
  }

  @Test
  void a_service_without_an_address_repeats_what_the_cluster_says_of_it() {
    var waiting =
        Given.aGoodStart()
            .warned(
                "Service/demo-traefik",
                "Error syncing load balancer: failed to ensure load balancer: no quota")
            .snapshot();

    var result = Infrastructure.assess(waiting, List.of());

    assertThat(result.reason()).isEqualTo(Reason.AWAITING_ADDRESS);
    assertThat(result.message())
        .contains(
            "Service demo-traefik has no address for ports 80 and 443 yet: the cluster reports: Error"
                + " syncing load balancer: failed to ensure load balancer: no quota");
  }

  @Test
  void an_address_and_a_default_class_make_the_stage_ready() {
    var result =
        Infrastructure.assess(Given.aGoodStart().owning(ingress("10.0.0.7")).snapshot(), List.of());

    assertThat(result.reason()).isEqualTo(Reason.INFRASTRUCTURE_READY);
    assertThat(result.message()).contains("10.0.0.7");
  }

  /** Everything that is planned for what is there. */
  private static StageResult assessed(Snapshot snapshot) {
    var plan = Plan.of(snapshot, Configuration.resolve(snapshot));
    return Infrastructure.assess(
        snapshot, plan.objects().stream().map(PlannedObject::object).toList());
  }

  @Test
  void a_storage_class_that_does_not_exist_is_named_with_those_that_do() {
    var result =
        assessed(
            Given.aGoodStart()
                .edited(
                    "    app:\n      image",
                    "    postgres: {storageClassName: fast}\n    app:\n      image")
                .owning(ingress("10.0.0.7"))
                .snapshot());

    assertThat(result.reason()).isEqualTo(Reason.STORAGE_CLASS_NOT_FOUND);
    assertThat(result.message())
        .isEqualTo(
            "spec.services.postgres.storageClassName: storage class fast does not exist; the"
                + " cluster has local-path");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "redis: {storageClassName: fast} | redis",
        "ollama: {storageClassName: fast, models: ['a:1b']} | ollama",
        "postgres: {backup: {storageClassName: fast}} | postgres.backup",
        "monitoring: {prometheus: {storageClassName: fast}} | monitoring.prometheus",
        "monitoring: {grafana: {storageClassName: fast}} | monitoring.grafana"
      })
  void every_field_that_names_a_storage_class_which_does_not_exist_is_reported(
      String service, String field) {
    var environment =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace("  services:\n", "  services:\n    " + service + "\n")
                    .replace("domains:\n", "domains:\n    grafana: grafana.staging.test\n"))
            .owning(ingress("10.0.0.7"));

    assertThat(assessed(environment.snapshot()).message())
        .startsWith(
            "spec.services.%s.storageClassName: storage class fast does not exist"
                .formatted(field));
  }

  @ParameterizedTest
  @CsvSource({
    "storageClassName: fast, '', gitops.registry",
    "'', storageClassName: fast, gitops.build.engine",
  })
  void a_storage_class_of_the_delivery_that_does_not_exist_is_reported(
      String registry, String engine, String field) {
    var environment =
        Given.aGoodStart()
            .edited(yaml ->
                yaml
                    + "  gitops: {repository: 'https://git.test/app.git', registry: {%s}, build: {engine: {%s}}}\n"
                        .formatted(registry, engine))
            .owning(ingress("10.0.0.7"));

    assertThat(assessed(environment.snapshot()).message())
        .startsWith("spec.%s.storageClassName: storage class fast does not exist".formatted(field));
  }

  @Test
  void no_default_class_is_said_with_the_claims_that_need_one() {
    var result = assessed(Given.aGoodStart().storageClasses(Map.of("slow", false)).snapshot());

    assertThat(result.reason()).isEqualTo(Reason.STORAGE_CLASS_NOT_FOUND);
    assertThat(result.message())
        .startsWith(
            "no storage class is marked as the default, and these volume claims need one, for their"
                + " storageClassName is not set: ")
        .contains("demo-postgres", "demo-redis", "demo-traefik", "the cluster has slow");
  }

  @Test
  void the_holder_of_the_ports_is_named() {
    var result =
        Infrastructure.assess(
            Given.aGoodStart().portHolders("Service kube-system/traefik").snapshot(), List.of());

    assertThat(result.reason()).isEqualTo(Reason.PORT_CONFLICT);
    assertThat(result.message()).contains("Service kube-system/traefik");
  }

  @Test
  void nobody_is_blamed_while_the_address_may_still_come() {
    var result = Infrastructure.assess(Given.aGoodStart().snapshot(), List.of());

    assertThat(result)
        .isEqualTo(
            new StageResult.Waiting(
                Reason.AWAITING_ADDRESS,
                "Service demo-traefik has no address for ports 80 and 443 yet",
                StageResult.Waiting.SOON));
  }

  @Test
  void all_that_is_lacking_is_told_under_the_reason_of_the_first() {
    var result =
        assessed(
            Given.aGoodStart()
                .edited(yaml ->
                    yaml.replace(
                        "    app:\n      image",
                        """
                            postgres: {storageClassName: fast}
                            redis: {storageClassName: faster}
                            app:
                              image\
                        """))
                .amid(wrongRecord())
                .portHolders("Service kube-system/traefik")
                .snapshot());

    assertThat(result.reason()).isEqualTo(Reason.STORAGE_CLASS_NOT_FOUND);
    assertThat(result.message())
        .isEqualTo(
            "spec.services.postgres.storageClassName: storage class fast does not exist;"
                + " spec.services.redis.storageClassName: storage class faster does not exist; the"
                + " cluster has local-path; Service demo-traefik has no address: ports 80 and 443 are"
                + " held by Service kube-system/traefik; remove that one, or let both use one ingress"
                + " controller with spec.ingress.mode: Shared; app.staging.test resolves to 192.0.2.9,"
                + " needed 10.0.0.7; traefik.staging.test resolves to 192.0.2.9, needed 10.0.0.7");
    assertThat(((StageResult.Failing) result).retryAfter()).isEqualTo(StageResult.Waiting.LATER);
  }

  @Test
  void while_several_things_are_waited_for_the_next_look_is_at_the_first_that_is_due() {
    var result =
        Infrastructure.assess(
            Given.aGoodStart()
                .edited("    dashboardAuth:", "    addresses: [10.0.0.7]\n    dashboardAuth:")
                .amid(wrongRecord())
                .snapshot(),
            List.of());

    assertThat(result.reason()).isEqualTo(Reason.AWAITING_ADDRESS);
    assertThat(result.message()).contains("; app.staging.test resolves to 192.0.2.9, needed 10.0");
    assertThat(((StageResult.Waiting) result).retryAfter()).isEqualTo(StageResult.Waiting.SOON);
  }

  private static ClusterFacts wrongRecord() {
    var wrong = new DnsAnswer(List.of("192.0.2.9"), null);
    return seen(
        Map.of("app.staging.test", wrong, "traefik.staging.test", wrong),
        List.of("10.0.0.7"),
        Set.of());
  }

  private static ClusterFacts seen(
      Map<String, DnsAnswer> records, List<String> expected, Set<String> absentClaims) {
    return ClusterFacts.NOTHING
        .with(new ClusterFacts.Dns(records, expected, Duration.ofSeconds(7)))
        .with(new ClusterFacts.Storage(Map.of(), Set.of(), Set.of(), Map.of(), absentClaims));
  }

  @Test
  void a_claim_that_the_seed_names_must_exist_until_there_is_a_database() {
    var right = new DnsAnswer(List.of("10.0.0.7"), null);
    var absent =
        seen(
            Map.of("app.staging.test", right, "traefik.staging.test", right),
            List.of("10.0.0.7"),
            Set.of("dumps"));
    var seeded =
        Given.aGoodStart()
            .edited(
                "    app:\n      image",
                "    postgres: {seed: {volume: {claimName: dumps, file: latest}}}\n    app:\n      image")
            .owning(ingress("10.0.0.7"))
            .amid(absent);

    var result = Infrastructure.assess(seeded.snapshot(), List.of());

    assertThat(result.reason()).isEqualTo(Reason.VOLUME_MISSING);
    assertThat(result.message())
        .isEqualTo(
            "spec.services.postgres.seed.volume.claimName: needed the volume claim dumps, found none"
                + " of that name in namespace team");
    assertThat(Infrastructure.assess(seeded.snapshot(), List.of(claim("dumps"))).isReady())
        .isTrue();
    seeded.owning(claim("demo-postgres"));
    assertThat(Infrastructure.assess(seeded.snapshot(), List.of()).isReady()).isTrue();
  }

  private static PersistentVolumeClaim claim(String name) {
    return HardenedPod.volumeClaim(
        new ObjectMetaBuilder().withName(name).build(), "1Gi", "local-path");
  }

  @Test
  void the_oldest_environment_gets_a_free_domain() {
    var older = environment("older", "2025-01-01T00:00:00Z");
    var younger = environment("younger", "2026-01-01T00:00:00Z");

    assertThat(Claims.lost(younger, List.of(older)))
        .contains("domain app.staging.test belongs to StagingEnvironment team/older");
    assertThat(Claims.lost(older, List.of(younger))).isEmpty();
  }

  @Test
  void the_domain_of_grafana_is_claimed_like_the_others() {
    var domains = "traefik: traefik.staging.test";
    var grafana = "\n    grafana: grafana.staging.test";
    var asking =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace("app.staging.test", "other.test")
                    .replace(domains, "traefik: t.other.test" + grafana))
            .snapshot()
            .environment();
    var holder = environment("holder", "2026-02-01T00:00:00Z", "grafana.staging.test");

    assertThat(Claims.asked(asking))
        .containsExactly("other.test", "t.other.test", "grafana.staging.test");
    assertThat(Claims.lost(asking, List.of(holder)))
        .contains("domain grafana.staging.test belongs to StagingEnvironment team/holder");
  }

  @Test
  void who_holds_a_domain_keeps_it_against_an_older_environment() {
    var older = environment("older", "2025-01-01T00:00:00Z");
    var holder =
        environment("holder", "2026-01-01T00:00:00Z", "app.staging.test", "traefik.staging.test");

    assertThat(Claims.lost(older, List.of(holder)).orElseThrow()).contains("team/holder");
    assertThat(Claims.lost(holder, List.of(older))).isEmpty();
  }
}

package ru.scoliologic.staging.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Certificate;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class AcmeBudgetTest {
  private static final String APP = "app.staging.test";
  private static final String DASHBOARD = "traefik.staging.test";
  private static final List<String> DOMAINS = List.of(APP, DASHBOARD);
  private static final Instant LONG_AGO = Given.NOW.minus(Duration.ofDays(1));

  private static Deployment traefik(Instant since) {
    return traefik(since, "letsencrypt", "letsencrypt-staging");
  }

  private static Deployment traefik(Instant since, String... resolvers) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-traefik")
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .withNewSpec()
        .addNewContainer()
        .withArgs(
            Stream.of(resolvers)
                .map(name -> "--certificatesresolvers." + name + ".acme.storage=/data/acme.json")
                .toList())
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .withNewStatus()
        .withUpdatedReplicas(1)
        .addNewCondition()
        .withType("Available")
        .withStatus("True")
        .withLastTransitionTime(since.toString())
        .endCondition()
        .endStatus()
        .build();
  }

  private static ClusterFacts serving(Map<String, Boolean> certificates) {
    return ClusterFacts.NOTHING.with(
        new ClusterFacts.IngressFacts(Set.of(), List.of(), certificates));
  }

  private static Acme recorded(String authority, Certificate app) {
    return new Acme(authority, List.of(app, new Certificate(DASHBOARD, true, 1, null, null, null)));
  }

  private static Certificate attempt(int number, Instant last, Instant next) {
    return new Certificate(
        APP, false, number, last.toString(), next == null ? null : next + "", null);
  }

  private static Given given(Certificate app, Boolean served, Instant now) {
    var given =
        Given.aGoodStart()
            .owning(traefik(LONG_AGO))
            .amid(
                serving(
                    served == null
                        ? Map.of(DASHBOARD, true)
                        : Map.of(DASHBOARD, true, APP, served)))
            .at(now);
    return app == null ? given : given.recorded(recorded("letsencrypt", app));
  }

  private static Certificate next(Given given, String... untrusted) {
    return AcmeBudget.next(given.snapshot(), DOMAINS, Set.of(untrusted)).domains().getFirst();
  }

  @Test
  void the_first_attempt_begins_when_the_record_is_right_and_not_before() {
    var given = given(null, null, Given.NOW);

    assertThat(next(given, APP)).isEqualTo(new Certificate(APP, false, 0, null, null, null));
    assertThat(next(given)).isEqualTo(attempt(1, Given.NOW, null));
  }

  @Test
  void nothing_counts_as_asked_for_before_traefik_runs() {
    var given = Given.aGoodStart().amid(serving(Map.of())).at(Given.NOW);

    assertThat(next(given)).isEqualTo(new Certificate(APP, false, 0, null, null, null));
  }

  @Test
  void an_attempt_is_given_its_time_then_the_next_is_30_minutes_after_it() {
    var begun = attempt(1, Given.NOW, null);

    assertThat(next(given(begun, false, Given.NOW.plusSeconds(89)))).isEqualTo(begun);
    assertThat(next(given(begun, false, Given.NOW.plusSeconds(90))))
        .isEqualTo(attempt(1, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30))));
  }

  @Test
  void an_attempt_ends_by_the_clock_even_if_nobody_can_see_what_is_served() {
    var begun = attempt(1, Given.NOW, null);

    assertThat(next(given(begun, null, Given.NOW.plusSeconds(89)))).isEqualTo(begun);
    assertThat(next(given(begun, null, Given.NOW.plusSeconds(90))))
        .isEqualTo(attempt(1, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30))));
  }

  private static Given restarted(Certificate app, Instant since, Instant now) {
    return Given.aGoodStart()
        .owning(traefik(since))
        .amid(serving(Map.of(APP, false, DASHBOARD, true)))
        .at(now)
        .recorded(recorded("letsencrypt", app));
  }

  @Test
  void an_attempt_that_a_restart_cuts_short_is_counted_again_and_made_once_more_only() {
    var since = Given.NOW.plusSeconds(10);
    var now = Given.NOW.plusSeconds(12);

    assertThat(next(restarted(attempt(1, Given.NOW, null), since, now)))
        .isEqualTo(attempt(2, now, null));
    assertThat(next(restarted(attempt(2, Given.NOW, null), since, now)))
        .isEqualTo(attempt(3, now, now.plus(Duration.ofHours(2))));
    assertThat(next(restarted(attempt(1, since, null), since, now)))
        .isEqualTo(attempt(1, since, null));
  }

  @Test
  void a_clock_that_is_ahead_is_not_taken_for_a_restart() {
    var since = Given.NOW.plusSeconds(3);
    var begun = next(restarted(new Certificate(APP, false, 0, null, null, null), since, Given.NOW));

    assertThat(begun).isEqualTo(attempt(1, since, null));
    assertThat(next(restarted(begun, since, Given.NOW.plusSeconds(1)))).isEqualTo(begun);
  }

  @Test
  void a_traefik_that_is_away_or_still_asks_another_authority_begins_and_ends_nothing() {
    var later = Given.NOW.plusSeconds(600);
    var begun = attempt(1, Given.NOW, null);
    var away = Given.aGoodStart().amid(serving(Map.of())).at(later);
    var another =
        Given.aGoodStart().owning(traefik(LONG_AGO, "custom-1")).amid(serving(Map.of())).at(later);

    assertThat(next(away.recorded(recorded("letsencrypt", begun)))).isEqualTo(begun);
    assertThat(next(another)).isEqualTo(new Certificate(APP, false, 0, null, null, null));
  }

  @Test
  void the_waits_double_up_to_four_hours_so_that_no_hour_sees_more_than_two_attempts() {
    var waits = new ArrayList<Duration>();
    for (int number = 1; number <= 7; number++) {
      var spaced = next(given(attempt(number, Given.NOW, null), false, Given.NOW.plusSeconds(90)));
      waits.add(Duration.between(Given.NOW, Instant.parse(spaced.nextAttempt())));
    }

    assertThat(waits)
        .extracting(Duration::toMinutes)
        .containsExactly(30L, 60L, 120L, 240L, 240L, 240L, 240L);
  }

  @Test
  void a_due_attempt_begins_only_while_the_record_is_right_and_traefik_runs() {
    var due = attempt(2, Given.NOW.minusSeconds(1800), Given.NOW);

    assertThat(next(given(due, false, Given.NOW.minusSeconds(1)))).isEqualTo(due);
    assertThat(next(given(due, false, Given.NOW), APP)).isEqualTo(due);
    assertThat(next(given(due, false, Given.NOW))).isEqualTo(attempt(3, Given.NOW, null));
    assertThat(
            next(Given.aGoodStart().amid(serving(Map.of())).recorded(recorded("letsencrypt", due))))
        .isEqualTo(due);
  }

  @Test
  void a_record_that_turns_wrong_ends_the_attempt_under_way() {
    assertThat(next(given(attempt(1, Given.NOW, null), false, Given.NOW.plusSeconds(5)), APP))
        .isEqualTo(attempt(1, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30))));
  }

  @Test
  void an_issued_certificate_ends_the_waiting_and_a_pause_of_traefik_does_not_begin_anew() {
    var issued = next(given(attempt(2, Given.NOW, Given.NOW.plusSeconds(900)), true, Given.NOW));

    assertThat(issued).isEqualTo(new Certificate(APP, true, 2, Given.NOW.toString(), null, null));
    assertThat(next(given(issued, null, Given.NOW))).isEqualTo(issued);
  }

  @Test
  void the_first_authority_is_asked_until_it_has_issued_all_then_the_wanted_one() {
    var both = given(attempt(1, Given.NOW, null), true, Given.NOW);
    both.edited("email: ops@staging.test", "email: ops@staging.test\n      first: {}")
        .recorded(recorded("letsencrypt-staging", attempt(1, Given.NOW, null)));
    var one = given(attempt(1, Given.NOW, null), null, Given.NOW);
    one.edited("email: ops@staging.test", "email: ops@staging.test\n      first: {}")
        .recorded(recorded("letsencrypt-staging", attempt(1, Given.NOW, null)));

    assertThat(AcmeBudget.next(one.snapshot(), DOMAINS, Set.of()).authority())
        .isEqualTo("letsencrypt-staging");
    var promoted = AcmeBudget.next(both.snapshot(), DOMAINS, Set.of());
    assertThat(promoted).isEqualTo(new Acme("letsencrypt", List.of()));
    assertThat(
            CertificateAuthority.inUse(both.recorded(promoted).snapshot().environment()).resolver())
        .isEqualTo("letsencrypt");
  }

  @Test
  void checks_that_pass_under_the_first_authority_are_not_the_end() {
    var environment =
        Given.aGoodStart()
            .edited("email: ops@staging.test", "email: ops@staging.test\n      first: {}")
            .snapshot()
            .environment();

    var told =
        AcmeBudget.explain(
            new StageResult.Ready(Reason.CHECKS_PASSED, "fine"),
            new Acme("letsencrypt-staging", List.of()),
            environment);

    assertThat(told.reason()).isEqualTo(Reason.CERTIFICATE_NOT_ISSUED);
  }

  @Test
  void
      checks_that_pass_wait_until_the_certificates_are_recorded_so_that_nothing_is_written_after() {
    var passed = new StageResult.Ready(Reason.CHECKS_PASSED, "fine");
    var issued = recorded("letsencrypt", new Certificate(APP, true, 1, Given.NOW + "", null, null));
    var before = given(attempt(1, Given.NOW, null), true, Given.NOW).snapshot().environment();
    var after = Given.aGoodStart().recorded(issued).snapshot().environment();

    assertThat(AcmeBudget.explain(passed, issued, before).message())
        .endsWith("letsencrypt.org/directory has been recorded yet");
    assertThat(AcmeBudget.explain(passed, issued, after)).isEqualTo(passed);
  }

  @Test
  void a_refused_order_is_told_with_the_attempts_made_and_the_time_of_the_next() {
    var told =
        AcmeBudget.explain(
            new StageResult.Waiting(Reason.CERTIFICATE_NOT_ISSUED, "built-in"),
            recorded("letsencrypt", attempt(2, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30)))),
            Given.environment("demo"));

    assertThat(told.reason()).isEqualTo(Reason.CERTIFICATE_REFUSED);
    assertThat(told.message())
        .isEqualTo(
            "no certificate from https://acme-v02.api.letsencrypt.org/directory. app.staging.test:"
                + " attempts made: 2, the next comes at 2026-01-02T03:34:05Z");
  }

  private static Certificate answered(Certificate certificate, String answer) {
    return new Certificate(
        certificate.domain(),
        certificate.issued(),
        certificate.attempts(),
        certificate.lastAttempt(),
        certificate.nextAttempt(),
        answer);
  }

  private static Given hearing(Given given, String answer) {
    var seen = given.snapshot().surroundings();
    return given.amid(seen.withWarnings(Map.of(AcmeAnswer.key(APP), answer)));
  }

  @Test
  void an_answer_of_the_authority_is_kept_through_the_next_attempt_until_there_is_another() {
    var retry = Given.NOW.plus(Duration.ofMinutes(30));
    var begun = attempt(1, Given.NOW, null);
    var heard = next(hearing(given(begun, false, Given.NOW.plusSeconds(5)), "caa: no"));
    var refused = next(given(heard, false, Given.NOW.plusSeconds(90)));
    var again = next(given(refused, false, retry));
    var restarted = next(restarted(again, retry.plusSeconds(10), retry.plusSeconds(12)));
    var other = next(hearing(given(restarted, false, retry.plusSeconds(20)), "dns: no"));

    assertThat(heard).isEqualTo(answered(begun, "caa: no"));
    assertThat(refused).isEqualTo(answered(attempt(1, Given.NOW, retry), "caa: no"));
    assertThat(again).isEqualTo(answered(attempt(2, retry, null), "caa: no"));
    assertThat(restarted.answer()).isEqualTo("caa: no");
    assertThat(other.answer()).isEqualTo("dns: no");
  }

  @Test
  void an_answer_is_dropped_once_there_is_a_certificate_and_is_not_heard_without_an_attempt() {
    var refused = answered(attempt(1, Given.NOW, Given.NOW.plusSeconds(900)), "caa: no");
    var issued = next(hearing(given(refused, true, Given.NOW), "caa: no"));

    assertThat(issued).isEqualTo(new Certificate(APP, true, 1, Given.NOW.toString(), null, null));
    assertThat(next(hearing(given(issued, null, Given.NOW), "caa: no"))).isEqualTo(issued);
    assertThat(next(hearing(given(null, null, Given.NOW), "caa: no"), APP))
        .isEqualTo(new Certificate(APP, false, 0, null, null, null));
  }

  @Test
  void what_the_authority_answered_is_told_of_a_refusal_and_while_the_next_attempt_is_under_way() {
    var waiting = new StageResult.Waiting(Reason.CERTIFICATE_NOT_ISSUED, "built-in");
    var refused =
        answered(attempt(2, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30))), "caa: no; add it");
    var underWay = answered(attempt(3, Given.NOW, null), "caa: no; add it");
    var environment = Given.environment("demo");

    assertThat(AcmeBudget.explain(waiting, recorded("letsencrypt", refused), environment).message())
        .endsWith(
            "/directory. app.staging.test: attempts made: 2, the next comes at"
                + " 2026-01-02T03:34:05Z; the authority's last answer: caa: no; add it");
    var told = AcmeBudget.explain(waiting, recorded("letsencrypt", underWay), environment);
    assertThat(told.reason()).isEqualTo(Reason.CERTIFICATE_NOT_ISSUED);
    assertThat(told.message())
        .isEqualTo(
            "built-in; app.staging.test: attempt 3 is in progress; the authority's last answer: caa:"
                + " no; add it");
    assertThat(
            AcmeBudget.explain(
                waiting, recorded("letsencrypt", attempt(3, Given.NOW, null)), environment))
        .isEqualTo(waiting);
  }

  private static List<PlannedObject> plan(Snapshot snapshot, String... untrusted) {
    return new TraefikResources(snapshot, "admin:x", "", Set.of(untrusted), "", "").plan();
  }

  private static Ingress ingress(List<PlannedObject> plan) {
    return plan.stream()
        .map(PlannedObject::object)
        .filter(Ingress.class::isInstance)
        .map(Ingress.class::cast)
        .findFirst()
        .orElseThrow();
  }

  private static boolean orders(List<PlannedObject> plan) {
    return ingress(plan)
        .getMetadata()
        .getAnnotations()
        .containsKey("traefik.ingress.kubernetes.io/router.tls.certresolver");
  }

  @Test
  void traefik_is_told_of_the_resolver_when_an_attempt_begins_and_once_there_is_a_certificate() {
    var none = new Certificate(APP, false, 0, null, null, null);
    var begun = attempt(2, Given.NOW, null);
    var refused = attempt(1, Given.NOW, Given.NOW.plusSeconds(900));
    var issued = new Certificate(APP, true, 1, Given.NOW.toString(), null, null);

    assertThat(orders(plan(given(null, null, Given.NOW).snapshot()))).isFalse();
    assertThat(orders(plan(given(none, null, Given.NOW).snapshot()))).isFalse();
    assertThat(orders(plan(given(refused, false, Given.NOW).snapshot()))).isFalse();
    assertThat(orders(plan(given(begun, false, Given.NOW).snapshot()))).isTrue();
    assertThat(orders(plan(given(begun, false, Given.NOW).snapshot(), APP))).isFalse();
    assertThat(orders(plan(given(issued, true, Given.NOW).snapshot(), APP))).isTrue();
  }

  @Test
  void a_change_of_traefiks_configuration_late_in_an_attempt_orders_nothing() {
    var begun = attempt(1, Given.NOW, null);

    assertThat(orders(plan(given(begun, false, Given.NOW.plusSeconds(19)).snapshot()))).isTrue();
    assertThat(orders(plan(given(begun, false, Given.NOW.plusSeconds(20)).snapshot()))).isFalse();
    assertThat(AcmeBudget.due(new Acme("letsencrypt", List.of(begun))))
        .containsExactly(Given.NOW.plusSeconds(20), Given.NOW.plusSeconds(90));
  }

  @Test
  void before_anything_is_recorded_the_deployed_resolver_stays_if_it_is_of_the_same_authority() {
    var deployed = ingress(plan(Given.aGoodStart().snapshot()));
    var other = "server: LetsEncryptStaging";

    assertThat(orders(plan(given(null, null, Given.NOW).owning(deployed).snapshot()))).isTrue();
    assertThat(
            orders(
                plan(
                    given(null, null, Given.NOW)
                        .edited(
                            "email: ops@staging.test", "email: ops@staging.test\n      " + other)
                        .owning(deployed)
                        .snapshot())))
        .isFalse();
  }

  private static PersistentVolumeClaim claim(List<PlannedObject> plan) {
    return plan.stream()
        .map(PlannedObject::object)
        .filter(PersistentVolumeClaim.class::isInstance)
        .map(PersistentVolumeClaim.class::cast)
        .findFirst()
        .orElseThrow();
  }

  private static final String STAGING = "email: ops@staging.test\n      server: LetsEncryptStaging";

  @Test
  void a_switch_of_the_authority_and_back_finds_the_attempts_that_were_made() {
    var refused = attempt(3, Given.NOW, Given.NOW.plus(Duration.ofHours(2)));
    var kept = claim(plan(given(refused, false, Given.NOW).snapshot()));

    var elsewhere =
        given(refused, false, Given.NOW).edited("email: ops@staging.test", STAGING).owning(kept);
    var there = AcmeBudget.next(elsewhere.snapshot(), DOMAINS, Set.of());
    var keptThere = claim(plan(elsewhere.recorded(there).snapshot()));
    var back = given(null, false, Given.NOW.plusSeconds(60)).owning(keptThere).recorded(there);

    assertThat(there.domains().getFirst()).isEqualTo(attempt(1, Given.NOW, null));
    assertThat(next(back)).isEqualTo(refused);
    assertThat(orders(plan(back.snapshot()))).isFalse();
    assertThat(AcmeMemory.of(back.snapshot()).entries())
        .containsOnlyKeys(
            "letsencrypt/" + APP,
            "letsencrypt/" + DASHBOARD,
            "letsencrypt-staging/" + APP,
            "letsencrypt-staging/" + DASHBOARD);
  }

  @Test
  void a_domain_that_comes_back_and_an_environment_that_is_made_again_find_their_attempts() {
    var refused = attempt(3, Given.NOW, Given.NOW.plus(Duration.ofHours(2)));
    var kept = claim(plan(given(refused, false, Given.NOW).snapshot()));
    var others =
        new Acme("letsencrypt", List.of(new Certificate(DASHBOARD, true, 1, null, null, null)));

    assertThat(next(given(null, false, Given.NOW).owning(kept).recorded(others)))
        .isEqualTo(refused);
    assertThat(next(given(null, false, Given.NOW).owning(kept))).isEqualTo(refused);
    assertThat(
            AcmeBudget.next(
                given(null, null, Given.NOW).owning(kept).snapshot(), DOMAINS, Set.of()))
        .extracting(acme -> acme.domains().getLast().issued())
        .isEqualTo(true);
  }

  @Test
  void who_comes_back_to_an_attempt_under_way_finds_it_spaced() {
    var kept = claim(plan(given(attempt(1, Given.NOW, null), false, Given.NOW).snapshot()));

    assertThat(next(given(null, false, Given.NOW.plusSeconds(5)).owning(kept)))
        .isEqualTo(attempt(1, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30))));
  }

  @Test
  void an_annotation_that_somebody_broke_counts_as_not_there() {
    var kept = claim(plan(given(attempt(1, Given.NOW, null), false, Given.NOW).snapshot()));
    kept.getMetadata()
        .setAnnotations(
            Map.of(
                AcmeMemory.ANNOTATION,
                "letsencrypt/%s=1,yesterday,soon nonsense letsencrypt/b.test=2,-,issued"
                    .formatted(APP)));

    assertThat(AcmeMemory.of(Given.aGoodStart().owning(kept).snapshot()).entries())
        .containsOnlyKeys("letsencrypt/b.test");
  }

  @Test
  void the_memory_is_bounded_and_forgets_the_oldest_attempts_first() {
    var all = new ArrayList<Certificate>();
    for (int i = 0; i < AcmeMemory.MOST + 10; i++) {
      all.add(
          new Certificate(
              "d%d.test".formatted(i),
              false,
              1,
              Given.NOW.plusSeconds(i) + "",
              Given.NOW + "",
              null));
    }
    var retry = Given.environment("demo").getSpec().ingress().acme().retry();
    var memory = new AcmeMemory(Map.of()).with(new Acme("a", all), retry);
    var asked = new Acme("b", List.of(attempt(1, LONG_AGO, Given.NOW)));

    assertThat(memory.entries())
        .hasSize(AcmeMemory.MOST)
        .containsKey("a/d33.test")
        .doesNotContainKey("a/d9.test");
    assertThat(memory.with(asked, retry).entries())
        .hasSize(AcmeMemory.MOST)
        .containsKey("b/" + APP);
  }

  @Test
  void a_domain_whose_record_is_wrong_leaves_the_deployed_ingress_as_it_is() {
    var deployed = ingress(plan(Given.aGoodStart().snapshot()));
    var moved =
        Given.aGoodStart()
            .edited("app: app.staging.test", "app: other.staging.test")
            .owning(deployed)
            .snapshot();

    assertThat(held(plan(moved, "other.staging.test"))).containsExactly("Ingress");
    assertThat(held(plan(moved))).isEmpty();
  }

  private static List<String> held(List<PlannedObject> plan) {
    return plan.stream()
        .filter(PlannedObject::held)
        .map(PlannedObject::object)
        .map(HasMetadata::getKind)
        .toList();
  }

  @Test
  void attempts_for_the_dashboard_switch_an_ingress_and_restart_nothing() {
    var allowed = attempt(new Certificate(DASHBOARD, false, 1, Given.NOW + "", null, null));
    var refused =
        attempt(new Certificate(DASHBOARD, false, 1, Given.NOW + "", Given.NOW + "", null));

    assertThat(resolver(allowed)).contains("letsencrypt");
    assertThat(resolver(refused)).isEmpty();
    assertThat(templates(refused)).isEqualTo(templates(allowed));
  }

  private static List<PlannedObject> attempt(Certificate dashboard) {
    return plan(
        Given.aGoodStart().recorded(new Acme("letsencrypt", List.of(dashboard))).snapshot());
  }

  private static Optional<String> resolver(List<PlannedObject> plan) {
    return plan.stream()
        .map(PlannedObject::object)
        .filter(Ingress.class::isInstance)
        .filter(ingress -> ingress.getMetadata().getName().equals("demo-traefik"))
        .findFirst()
        .map(HasMetadata::getMetadata)
        .map(metadata -> metadata.getAnnotations().get(Orders.RESOLVER_ANNOTATION));
  }

  private static Map<String, String> templates(List<PlannedObject> plan) {
    return plan.stream()
        .map(PlannedObject::object)
        .filter(Deployment.class::isInstance)
        .map(Deployment.class::cast)
        .findFirst()
        .orElseThrow()
        .getSpec()
        .getTemplate()
        .getMetadata()
        .getAnnotations();
  }
}

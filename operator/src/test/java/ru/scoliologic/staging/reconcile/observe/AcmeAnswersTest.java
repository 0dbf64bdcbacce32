package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Certificate;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.ingress.AcmeAnswer;
import ru.scoliologic.staging.reconcile.StandInApiServer;

/** When Traefik's log is read for the authority's answer, and what comes of it. */
class AcmeAnswersTest {
  private static final String APP = "app.staging.test";
  private static final SecretMasker MASKING = new SecretMasker(List.of("correct-horse-battery"));

  private final List<String> asked = new ArrayList<>();
  private final Given given = Given.aGoodStart().pod(traefik());
  private String log = "";
  private int status = 200;
  private StandInApiServer server;
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private AcmeAnswers answers;

  @BeforeEach
  void an_api_server() throws IOException {
    server =
        StandInApiServer.start(
            "/api/v1/namespaces/team/pods/demo-traefik/log",
            exchange -> {
              asked.add(exchange.getRequestURI().getQuery());
              StandInApiServer.answer(exchange, status, log.getBytes(StandardCharsets.UTF_8));
            });
    answers = new AcmeAnswers(new LogTails(server.client(), memories), memories);
  }

  @AfterEach
  void it_stops() {
    server.close();
  }

  private static String refused(Instant at, String words) {
    return ("%s ERR Unable to obtain ACME certificate for domains error=\"acme: error: 400 ::"
            + " urn:ietf:params:acme:error:malformed :: %s\" domains=[\"%s\"]"
            + " providerName=letsencrypt.acme\n")
        .formatted(at, words, APP);
  }

  private static Certificate attempt(int number, Instant began, Instant next) {
    return new Certificate(
        APP, false, number, began.toString(), next == null ? null : next.toString(), null);
  }

  private Optional<String> look(Certificate certificate, Instant now) {
    return look(new Acme("letsencrypt", List.of(certificate)), now);
  }

  private Optional<String> look(Acme recorded, Instant now) {
    var seen = answers.look(given.recorded(recorded).at(now).snapshot(), MASKING);
    return Optional.ofNullable(seen.surroundings().reports().warnings().get(AcmeAnswer.key(APP)));
  }

  private static Pod traefik() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("demo-traefik")
        .withNamespace("team")
        .withLabels(Map.of(Labels.COMPONENT, "traefik"))
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("traefik")
        .endContainer()
        .endSpec()
        .withNewStatus()
        .endStatus()
        .build();
  }

  @Test
  void an_environment_that_has_its_certificates_or_has_ordered_none_costs_no_request() {
    log = refused(Given.NOW, "no");
    var issued = new Certificate(APP, true, 2, Given.NOW.toString(), null, null);
    var fresh = new Certificate(APP, false, 0, null, null, null);
    var elsewhere = new Acme("letsencrypt-staging", List.of(attempt(1, Given.NOW, null)));

    assertThat(look(issued, Given.NOW)).isEmpty();
    assertThat(look(fresh, Given.NOW)).isEmpty();
    assertThat(look(elsewhere, Given.NOW)).isEmpty();
    assertThat(asked).isEmpty();
  }

  @Test
  void an_attempt_under_way_is_looked_after_every_five_seconds_until_its_end() {
    var underWay = attempt(1, Given.NOW, null);

    assertThat(look(underWay, Given.NOW.plusSeconds(1))).isEmpty();
    log = refused(Given.NOW.plusSeconds(3), "first");
    assertThat(look(underWay, Given.NOW.plusSeconds(4))).isEmpty();
    assertThat(look(underWay, Given.NOW.plusSeconds(6))).contains("malformed: first");
    log += refused(Given.NOW.plusSeconds(8), "second");
    assertThat(look(underWay, Given.NOW.plusSeconds(8))).contains("malformed: first");
    assertThat(look(underWay, Given.NOW.plusSeconds(11))).contains("malformed: second");
    assertThat(asked).hasSize(3).allMatch(query -> query.contains("container=traefik"));
  }

  @Test
  void an_answer_that_comes_late_is_waited_for_and_once_it_is_there_no_more_is_read() {
    var ended = attempt(1, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30)));

    assertThat(look(ended, Given.NOW.plusSeconds(100))).isEmpty();
    log = refused(Given.NOW.plusSeconds(110), "late");
    assertThat(look(ended, Given.NOW.plusSeconds(120))).contains("malformed: late");
    assertThat(look(ended, Given.NOW.plusSeconds(140))).contains("malformed: late");
    assertThat(asked).hasSize(2);
  }

  @Test
  void a_log_that_never_tells_is_given_up_until_the_next_attempt() {
    var ended = attempt(1, Given.NOW, Given.NOW.plus(Duration.ofMinutes(30)));

    assertThat(look(ended, Given.NOW.plusSeconds(100))).isEmpty();
    assertThat(look(ended, Given.NOW.plusSeconds(301))).isEmpty();
    assertThat(asked).hasSize(1);
    var next = Given.NOW.plus(Duration.ofMinutes(30));
    log = refused(next.plusSeconds(2), "again");
    assertThat(look(attempt(2, next, null), next.plusSeconds(3))).contains("malformed: again");
  }

  @Test
  void an_operator_that_starts_long_after_the_attempt_looks_once() {
    log = refused(Given.NOW.plusSeconds(3), "no");
    var ended = attempt(1, Given.NOW, Given.NOW.plus(Duration.ofHours(4)));

    assertThat(look(ended, Given.NOW.plus(Duration.ofHours(2)))).contains("malformed: no");
    assertThat(look(ended, Given.NOW.plus(Duration.ofHours(3)))).contains("malformed: no");
    assertThat(asked).hasSize(1);
  }

  @Test
  void what_was_answered_to_an_attempt_before_the_last_certificate_does_not_count() {
    log = refused(Given.NOW.minus(Duration.ofDays(60)), "healed since");

    assertThat(look(attempt(3, Given.NOW, null), Given.NOW.plusSeconds(2))).isEmpty();
  }

  @Test
  void what_another_authority_answered_is_not_told_of_the_one_that_is_asked_now() {
    log = refused(Given.NOW, "no");
    assertThat(look(attempt(1, Given.NOW, null), Given.NOW.plusSeconds(5)))
        .contains("malformed: no");
    given.edited(
        "email: ops@staging.test", "email: ops@staging.test\n      server: LetsEncryptStaging");
    status = 404;

    var there = new Acme("letsencrypt-staging", List.of(attempt(1, Given.NOW, null)));
    assertThat(look(there, Given.NOW.plusSeconds(20))).isEmpty();
  }

  @Test
  void a_log_that_cannot_be_read_is_asked_for_again_after_a_moment() {
    var ended = attempt(1, Given.NOW, Given.NOW.plus(Duration.ofHours(4)));
    log = refused(Given.NOW.plusSeconds(3), "no");
    status = 404;
    assertThat(look(ended, Given.NOW.plusSeconds(400))).isEmpty();
    status = 200;

    assertThat(look(ended, Given.NOW.plusSeconds(401))).isEmpty();
    assertThat(look(ended, Given.NOW.plusSeconds(405))).contains("malformed: no");
  }

  @Test
  void a_secret_in_the_log_is_hidden() {
    log = refused(Given.NOW, "key correct-horse-battery is unknown");

    assertThat(look(attempt(1, Given.NOW, null), Given.NOW.plusSeconds(2)))
        .contains("malformed: key *** is unknown");
  }

  @Test
  void an_environment_that_is_gone_is_forgotten() {
    log = refused(Given.NOW, "no");
    var ended = attempt(1, Given.NOW, Given.NOW.plus(Duration.ofHours(4)));
    look(ended, Given.NOW.plusSeconds(5));

    memories.drop(given.snapshot().environment().getMetadata().getUid());

    look(ended, Given.NOW.plusSeconds(20));
    assertThat(asked).hasSize(2);
  }
}

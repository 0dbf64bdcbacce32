package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;
import ru.scoliologic.staging.infrastructure.DnsRecords;

class DnsMonitorTest {
  private static final String APP = "app.staging.test";
  private static final String DASHBOARD = "traefik.staging.test";
  private static final List<String> OWN = List.of("10.0.0.7");
  private static final DnsAnswer RIGHT = new DnsAnswer(OWN, null);
  private static final DnsAnswer WRONG = new DnsAnswer(List.of("192.0.2.9"), null);
  private static final DnsAnswer SILENT = new DnsAnswer(List.of(), "timed out");

  private final Settable clock = new Settable();
  private final Map<String, DnsAnswer> server = new HashMap<>(Map.of(DASHBOARD, RIGHT));
  private final List<String> asked = new ArrayList<>();
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final DnsMonitor watch =
      new DnsMonitor(
          clock,
          (resolver, name) -> {
            asked.add(name);
            return server.get(name);
          },
          memories);

  private static final class Settable extends Clock {
    private Instant now = Given.NOW;

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }

  private static StagingEnvironment environment(long generation, String app) {
    var environment =
        Given.aGoodStart().edited("app: " + APP, "app: " + app).snapshot().environment();
    environment.getMetadata().setUid("uid-1");
    environment.getMetadata().setGeneration(generation);
    return environment;
  }

  private DnsMonitor.Records look() {
    return watch.look(environment(1, APP), OWN);
  }

  /** What the server was asked for since this was last called. */
  private List<String> askedSince() {
    var since = List.copyOf(asked);
    asked.clear();
    return since;
  }

  @Test
  void a_wrong_record_is_asked_for_after_5_seconds_doubling_to_5_minutes() {
    server.put(APP, WRONG);
    server.put(DASHBOARD, WRONG);
    look();
    var waits = new ArrayList<Duration>();
    for (int i = 0; i < 8; i++) {
      askedSince();
      var wait = look().nextLook();
      assertThat(askedSince()).as("before the time has come").isEmpty();
      waits.add(wait);
      clock.now = clock.now.plus(wait);
      look();
      assertThat(askedSince()).containsExactly(APP, DASHBOARD);
    }

    assertThat(waits)
        .extracting(Duration::toSeconds)
        .containsExactly(5L, 10L, 20L, 40L, 80L, 160L, 300L, 300L);
  }

  @Test
  void right_records_are_asked_for_every_5_minutes() {
    server.put(APP, RIGHT);

    var first = look();
    clock.now = clock.now.plus(Duration.ofMinutes(5)).minusMillis(1);
    look();

    assertThat(first.nextLook()).isEqualTo(Duration.ofMinutes(5));
    assertThat(first.answers()).containsOnly(Map.entry(APP, RIGHT), Map.entry(DASHBOARD, RIGHT));
    assertThat(askedSince()).containsExactly(APP, DASHBOARD);
    clock.now = clock.now.plusMillis(1);
    look();
    assertThat(askedSince()).containsExactly(APP, DASHBOARD);
  }

  @Test
  void a_domain_that_is_asked_for_no_longer_does_not_hurry_the_next_look() {
    server.put(APP, WRONG);
    server.put("moved.staging.test", RIGHT);
    look();
    clock.now = clock.now.plusSeconds(60);

    var moved = watch.look(environment(2, "moved.staging.test"), OWN);

    assertThat(moved.nextLook()).isEqualTo(Duration.ofMinutes(5));
    assertThat(moved.answers()).containsOnlyKeys("moved.staging.test", DASHBOARD);
  }

  @Test
  void an_edit_of_the_spec_asks_at_once() {
    server.put(APP, WRONG);
    look();
    askedSince();
    server.put(APP, RIGHT);

    var after = watch.look(environment(2, APP), OWN);

    assertThat(askedSince()).containsExactly(APP, DASHBOARD);
    assertThat(after.answers()).containsEntry(APP, RIGHT);
  }

  @Test
  void a_right_answer_holds_until_the_server_has_been_silent_three_times() {
    server.put(APP, RIGHT);
    look();
    server.put(APP, SILENT);
    clock.now = clock.now.plus(Duration.ofMinutes(5));

    var answers = new ArrayList<DnsAnswer>();
    for (int i = 0; i < 3; i++) {
      var records = look();
      answers.add(records.answers().get(APP));
      clock.now = clock.now.plus(records.nextLook());
    }

    assertThat(answers).containsExactly(RIGHT, RIGHT, SILENT);
  }

  @Test
  void an_address_that_is_a_name_is_asked_for_and_other_addresses_make_a_record_wrong_at_once() {
    server.put("balancer.example.org", RIGHT);
    server.put(APP, RIGHT);
    var named = List.of("balancer.example.org");

    assertThat(watch.look(environment(1, APP), named).expected())
        .containsExactly("10.0.0.7", "balancer.example.org");
    assertThat(watch.look(environment(1, APP), List.of("10.0.0.8")).answers())
        .containsEntry(APP, RIGHT);
    assertThat(askedSince())
        .containsExactly("balancer.example.org", APP, DASHBOARD, APP, DASHBOARD);
  }

  @Test
  void a_record_that_leads_to_the_balancers_name_is_right_whatever_addresses_it_has_now() {
    server.put("balancer.example.org", new DnsAnswer(List.of("192.0.2.1", "192.0.2.2"), null));
    var byName =
        new DnsAnswer(List.of("192.0.2.3"), null, Set.of("www.test", "balancer.example.org"));
    server.put(APP, byName);

    var records = watch.look(environment(1, APP), List.of("balancer.example.org"));

    assertThat(DnsRecords.right(byName, records.expected())).isTrue();
    assertThat(DnsRecords.right(new DnsAnswer(List.of("192.0.2.3"), null), records.expected()))
        .as("an address of its own that the balancer does not have")
        .isFalse();
  }

  @Test
  void a_server_that_is_silent_for_the_balancers_name_is_told_for_the_domains() {
    server.put("balancer.example.org", SILENT);
    server.put(APP, SILENT);

    assertThat(watch.look(environment(1, APP), List.of("balancer.example.org")).answers())
        .containsEntry(APP, SILENT);
  }

  @Test
  void an_environment_that_is_gone_is_forgotten() {
    server.put(APP, RIGHT);
    look();
    askedSince();

    memories.drop("uid-1");
    look();

    assertThat(askedSince()).containsExactly(APP, DASHBOARD);
  }
}

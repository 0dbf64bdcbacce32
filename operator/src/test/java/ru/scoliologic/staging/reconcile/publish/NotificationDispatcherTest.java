package ru.scoliologic.staging.reconcile.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Telling;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.notification.Outbox;
import ru.scoliologic.staging.notification.Outcome;
import ru.scoliologic.staging.notification.Sender;
import ru.scoliologic.staging.notification.World;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;

/** From the status of a release to a real receiver and back into the status, pass by pass. */
class NotificationDispatcherTest {
  private static final StagingReleaseStatus VERIFIED = World.verified(3);

  private final List<String> received = new CopyOnWriteArrayList<>();
  private final AtomicInteger status = new AtomicInteger(200);
  private final List<String> complaints = new ArrayList<>();
  private final CountDownLatch open = new CountDownLatch(1);
  private Optional<Secret> secret = Optional.of(secret(Map.of("webhook-key", "a-signing-word")));
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private HttpServer server;
  private NotificationDispatcher notifier;

  @BeforeEach
  void a_receiver() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/hooks/staging",
        exchange -> {
          received.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
          exchange.sendResponseHeaders(status.get(), -1);
          exchange.close();
        });
    server.start();
    notifier = notifier(Sender.withSystemTrust());
  }

  @AfterEach
  void it_stops() {
    open.countDown();
    server.stop(0);
  }

  private NotificationDispatcher notifier(Sender sender) {
    return new NotificationDispatcher(
        sender,
        (environment, name) -> secret.filter(s -> name.equals("notifications")),
        (environment, sentence) -> complaints.add(sentence),
        memories);
  }

  private static Secret secret(Map<String, String> values) {
    var builder = new SecretBuilder().withNewMetadata().withName("notifications").endMetadata();
    values.forEach((key, value) ->
        builder.addToData(
            key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
    return builder.build();
  }

  /**
   * One pass, as ReleasePublisher makes it.
   *
   * @param before what the cluster has
   */
  private StagingReleaseStatus pass(StagingReleaseStatus before, Instant now) {
    var snapshot =
        Given.aGoodStart()
            .edited(manifest ->
                World.patchedWithWebhook(
                    manifest, "http://127.0.0.1:" + server.getAddress().getPort()))
            .owning(World.release(3, before))
            .at(now)
            .snapshot();
    snapshot.environment().getMetadata().setUid("uid-1");
    var carried = notifier.carry(snapshot, List.of(World.release(3, VERIFIED)));
    notifier.tell(snapshot, carried, new SecretMasker(List.of()));
    return carried.releases().getFirst().getStatus();
  }

  /** Passes until the one message is in that state, or was tried so often. */
  private StagingReleaseStatus passesUntil(
      StagingReleaseStatus before, Instant now, Telling state, int attempts) {
    var last = new StagingReleaseStatus[] {before};
    await("a message that is " + state)
        .until(() -> {
          last[0] = pass(last[0], now);
          var told = told(last[0]);
          return told.state() == state && told.attempts() != null && told.attempts() == attempts;
        });
    return last[0];
  }

  private static Told told(StagingReleaseStatus status) {
    assertThat(status.told()).hasSize(1);
    return status.told().getFirst();
  }

  @Test
  void a_verified_version_is_told_once_whatever_passes_and_restarts_follow() {
    var due = pass(World.underWay(3), Given.NOW);
    assertThat(told(due).state()).isEqualTo(Telling.Due);

    var told = passesUntil(due, Given.NOW.plusSeconds(1), Telling.Told, 1);

    assertThat(pass(told, Given.NOW.plusSeconds(60))).isEqualTo(told);
    notifier = notifier(Sender.withSystemTrust());
    assertThat(pass(told, Given.NOW.plusSeconds(90))).isEqualTo(told);
    assertThat(received).hasSize(1);
    assertThat(complaints).isEmpty();
  }

  @Test
  void a_message_whose_end_was_not_written_is_sent_again_with_the_same_key() {
    var due = pass(World.underWay(3), Given.NOW);
    await("the first message").until(() -> received.size() == 1);

    notifier = notifier(Sender.withSystemTrust());
    passesUntil(due, Given.NOW.plusSeconds(30), Telling.Told, 1);

    assertThat(received).hasSize(2);
    assertThat(received.getFirst()).isEqualTo(received.getLast());
  }

  @Test
  void a_receiver_that_fails_is_tried_again_when_it_is_time_and_not_before() {
    status.set(500);
    var failed =
        passesUntil(pass(World.underWay(3), Given.NOW), Given.NOW.plusSeconds(1), Telling.Due, 1);
    assertThat(told(failed).message()).isEqualTo("the receiver responds with 500");

    status.set(200);
    var due = Outbox.time(told(failed));
    assertThat(pass(failed, due.minusSeconds(1))).isEqualTo(failed);
    assertThat(received).hasSize(1);
    passesUntil(failed, due, Telling.Told, 2);

    assertThat(received).hasSize(2);
    assertThat(complaints).isEmpty();
  }

  @Test
  void a_pass_ends_while_the_message_is_still_on_its_way_and_the_next_one_sends_no_other() {
    var begun = new CountDownLatch(1);
    var sends = new AtomicInteger();
    notifier =
        notifier(delivery -> {
          sends.incrementAndGet();
          begun.countDown();
          open.await();
          return new Outcome.Sent();
        });

    var due = pass(World.underWay(3), Given.NOW);
    await("the message on its way").until(() -> begun.getCount() == 0);
    var still = pass(due, Given.NOW.plusSeconds(5));

    assertThat(still).isEqualTo(due);
    open.countDown();
    passesUntil(still, Given.NOW.plusSeconds(6), Telling.Told, 1);
    assertThat(sends).hasValue(1);
  }

  @Test
  void the_result_for_an_environment_that_is_gone_is_dropped() {
    var begun = new CountDownLatch(1);
    var sends = new AtomicInteger();
    notifier =
        notifier(delivery -> {
          sends.incrementAndGet();
          begun.countDown();
          open.await();
          return new Outcome.Sent();
        });
    var due = pass(World.underWay(3), Given.NOW);
    await("the message on its way").until(() -> begun.getCount() == 0);

    memories.drop("uid-1");
    open.countDown();

    assertThat(memories.uids()).isEmpty();
    passesUntil(due, Given.NOW.plusSeconds(6), Telling.Told, 1);
    assertThat(sends).as("one of each memory").hasValue(2);
  }

  @Test
  void a_missing_secret_is_complained_of_once_and_waited_for() {
    secret = Optional.empty();
    var failed =
        passesUntil(pass(World.underWay(3), Given.NOW), Given.NOW.plusSeconds(1), Telling.Due, 1);

    assertThat(told(failed).message()).isEqualTo("the Secret notifications does not exist");
    pass(failed, Given.NOW.plusSeconds(2));
    assertThat(complaints)
        .containsExactly(
            "release-board was not notified of Verified of demo-c3: the Secret notifications does not"
                + " exist");
    assertThat(received).isEmpty();

    secret = Optional.of(secret(Map.of("webhook-key", "a-signing-word")));
    passesUntil(failed, Given.NOW.plusSeconds(3), Telling.Told, 2);

    assertThat(received).hasSize(1);
  }

  @Test
  void a_receiver_that_refuses_is_complained_of_without_its_url() {
    status.set(404);
    passesUntil(pass(World.underWay(3), Given.NOW), Given.NOW.plusSeconds(1), Telling.Due, 1);

    assertThat(complaints)
        .containsExactly(
            "release-board was not notified of Verified of demo-c3: the receiver responds with 404: see the"
                + " receiver's log");
  }
}

package ru.scoliologic.staging.notification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class DeliveryQueueTest {
  private final CountDownLatch open = new CountDownLatch(1);
  private final List<String> sent = new CopyOnWriteArrayList<>();
  private final Map<String, Outcome> outcomes = new ConcurrentHashMap<>();

  private DeliveryQueue queue(Sender sender) {
    return new DeliveryQueue(
        sender, (delivery, outcome) -> outcomes.put(delivery.attempt(), outcome));
  }

  /** Does not answer to {@code slow} until it is open. */
  private Outcome send(Delivery delivery) throws InterruptedException {
    if (delivery.addressee().equals("slow")) {
      open.await();
    }
    sent.add(delivery.attempt());
    return new Outcome.Sent();
  }

  private static Delivery delivery(String addressee, int number) {
    return new Delivery(addressee + number, "", addressee, new Channel.Slack("x"), null);
  }

  @Test
  void an_addressee_that_hangs_holds_up_neither_the_caller_nor_another_addressee() {
    var queue = queue(this::send);

    assertThat(queue.offer(delivery("slow", 1))).isTrue();
    assertThat(queue.offer(delivery("fast", 1))).isTrue();

    await("the other letter").until(() -> outcomes.containsKey("fast1"));
    assertThat(outcomes).doesNotContainKey("slow1");
    open.countDown();
    await("the slow letter").until(() -> outcomes.containsKey("slow1"));
  }

  @Test
  void letters_of_one_addressee_go_one_after_the_other_and_beyond_the_bound_are_not_taken() {
    var queue = queue(this::send);
    int taken = 0;
    while (taken < 100 && queue.offer(delivery("slow", taken))) {
      taken++;
    }

    // One may be at the addressee already.
    assertThat(taken).isBetween(DeliveryQueue.DEPTH, DeliveryQueue.DEPTH + 1);
    open.countDown();
    int all = taken;
    await("all letters").until(() -> outcomes.size() == all);
    assertThat(sent).startsWith("slow0", "slow1", "slow2").hasSize(all);
    assertThat(queue.offer(delivery("slow", 100))).isTrue();
    await("a letter after all others").until(() -> outcomes.containsKey("slow100"));
  }

  @Test
  void an_error_of_the_sender_is_an_outcome_that_does_not_quote_it() {
    var queue =
        queue(delivery -> {
          throw new IllegalArgumentException("https://hooks.example.org/secret");
        });

    queue.offer(delivery("a", 1));

    await("the outcome").until(() -> outcomes.containsKey("a1"));
    assertThat(outcomes.get("a1"))
        .isEqualTo(Outcome.Failed.unreachable("met an error: IllegalArgumentException"));
  }
}

package ru.scoliologic.staging.notification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class CourierTest {
  private final CountDownLatch open = new CountDownLatch(1);
  private final List<String> sent = new CopyOnWriteArrayList<>();
  private final Map<String, Outcome> outcomes = new ConcurrentHashMap<>();

  private Courier courier(Sender sender) {
    return new Courier(sender, (letter, outcome) -> outcomes.put(letter.attempt(), outcome));
  }

  /** Does not answer to {@code slow} until it is open. */
  private Outcome send(Letter letter) throws InterruptedException {
    if (letter.addressee().equals("slow")) {
      open.await();
    }
    sent.add(letter.attempt());
    return new Outcome.Sent();
  }

  private static Letter letter(String addressee, int number) {
    return new Letter(addressee + number, "", addressee, new Channel.Slack("x"), null);
  }

  @Test
  void an_addressee_that_hangs_holds_up_neither_the_caller_nor_another_addressee() {
    var courier = courier(this::send);

    assertThat(courier.offer(letter("slow", 1))).isTrue();
    assertThat(courier.offer(letter("fast", 1))).isTrue();

    await("the other letter").until(() -> outcomes.containsKey("fast1"));
    assertThat(outcomes).doesNotContainKey("slow1");
    open.countDown();
    await("the slow letter").until(() -> outcomes.containsKey("slow1"));
  }

  @Test
  void letters_of_one_addressee_go_one_after_the_other_and_beyond_the_bound_are_not_taken() {
    var courier = courier(this::send);
    int taken = 0;
    while (taken < 100 && courier.offer(letter("slow", taken))) {
      taken++;
    }

    // One may be at the addressee already.
    assertThat(taken).isBetween(Courier.DEPTH, Courier.DEPTH + 1);
    open.countDown();
    int all = taken;
    await("all letters").until(() -> outcomes.size() == all);
    assertThat(sent).startsWith("slow0", "slow1", "slow2").hasSize(all);
    assertThat(courier.offer(letter("slow", 100))).isTrue();
    await("a letter after all others").until(() -> outcomes.containsKey("slow100"));
  }

  @Test
  void an_error_of_the_sender_is_an_outcome_that_does_not_quote_it() {
    var courier =
        courier(letter -> {
          throw new IllegalArgumentException("https://hooks.example.org/secret");
        });

    courier.offer(letter("a", 1));

    await("the outcome").until(() -> outcomes.containsKey("a1"));
    assertThat(outcomes.get("a1"))
        .isEqualTo(Outcome.Failed.unreachable("met an error: IllegalArgumentException"));
  }
}

package ru.scoliologic.staging.notification;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.function.BiConsumer;

/**
 * Has letters sent, one after the other for each addressee, on a virtual thread of its own that
 * lasts as long as there is something to send. Keeps nothing: what it does not take, or was about
 * to send when the process ended, is offered again.
 */
public final class Courier {
  /** Letters that wait for one addressee. */
  static final int DEPTH = 20;

  private final Sender sender;
  private final BiConsumer<Letter, Outcome> done;
  private final Map<String, Queue<Letter>> queues = new HashMap<>();

  /**
   * A courier.
   *
   * @param done is told of every letter that was taken, on the thread that sent it
   */
  public Courier(Sender sender, BiConsumer<Letter, Outcome> done) {
    this.sender = sender;
    this.done = done;
  }

  /** Takes a letter and returns at once; false when too many wait for that addressee already. */
  public synchronized boolean offer(Letter letter) {
    var waiting = queues.get(letter.addressee());
    if (waiting == null) {
      waiting = new ArrayDeque<>();
      queues.put(letter.addressee(), waiting);
      Thread.ofVirtual().name("notify").start(() -> work(letter.addressee()));
    }
    return waiting.size() < DEPTH && waiting.add(letter);
  }

  private void work(String addressee) {
    for (var letter = next(addressee); letter != null; letter = next(addressee)) {
      done.accept(letter, send(letter));
    }
  }

  /** The next letter; without one the addressee is forgotten and its thread is to end. */
  private synchronized Letter next(String addressee) {
    var letter = queues.get(addressee).poll();
    if (letter == null) {
      queues.remove(addressee);
    }
    return letter;
  }

  private Outcome send(Letter letter) {
    try {
      return sender.send(letter);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Outcome.Failed.unreachable("was interrupted");
    } catch (RuntimeException e) {
      // Its text might quote a credential.
      return Outcome.Failed.unreachable("met an error: " + e.getClass().getSimpleName());
    }
  }
}

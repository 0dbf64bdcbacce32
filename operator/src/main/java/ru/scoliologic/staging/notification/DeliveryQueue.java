package ru.scoliologic.staging.notification;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.function.BiConsumer;

/**
 * Sends deliveries, one after the other for each addressee, on a virtual thread that lasts as long
 * as there is something to send. Stores nothing: what it does not accept, or had not sent when the
 * process ended, is offered again.
 */
public final class DeliveryQueue {
  /** Deliveries that may wait for one addressee. */
  static final int DEPTH = 20;

  private final Sender sender;
  private final BiConsumer<Delivery, Outcome> done;
  private final Map<String, Queue<Delivery>> queues = new HashMap<>();

  /**
   * Creates an empty queue.
   *
   * @param done receives the outcome of every accepted delivery, on the thread that sent it
   */
  public DeliveryQueue(Sender sender, BiConsumer<Delivery, Outcome> done) {
    this.sender = sender;
    this.done = done;
  }

  /** Accepts a delivery and returns at once; false when the queue of its addressee is full. */
  public synchronized boolean offer(Delivery delivery) {
    var waiting = queues.get(delivery.addressee());
    if (waiting == null) {
      waiting = new ArrayDeque<>();
      queues.put(delivery.addressee(), waiting);
      Thread.ofVirtual().name("notify").start(() -> work(delivery.addressee()));
    }
    return waiting.size() < DEPTH && waiting.add(delivery);
  }

  private void work(String addressee) {
    for (var delivery = next(addressee); delivery != null; delivery = next(addressee)) {
      done.accept(delivery, send(delivery));
    }
  }

  /** The next delivery; null when there is none: then the addressee's thread ends. */
  private synchronized Delivery next(String addressee) {
    var delivery = queues.get(addressee).poll();
    if (delivery == null) {
      queues.remove(addressee);
    }
    return delivery;
  }

  private Outcome send(Delivery delivery) {
    try {
      return sender.send(delivery);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Outcome.Failed.unreachable("was interrupted");
    } catch (RuntimeException e) {
      // Its message might quote a credential.
      return Outcome.Failed.unreachable("met an error: " + e.getClass().getSimpleName());
    }
  }
}

package ru.scoliologic.staging.notification;

/**
 * One try of one message.
 *
 * @param attempt identifies this try; see {@link Outbox#attempt}
 * @param key identifies the message across its tries, so that a receiver can drop duplicates
 * @param addressee messages of one addressee are sent one after the other
 */
public record Delivery(
    String attempt, String key, String addressee, Channel channel, NotificationContent news) {}

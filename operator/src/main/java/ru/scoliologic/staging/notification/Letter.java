package ru.scoliologic.staging.notification;

/**
 * One try of one message.
 *
 * @param attempt names this try; see {@link Outbox#attempt}
 * @param key names the message, the same for every try: a receiver can drop what it knows
 * @param addressee messages of one addressee are sent one after the other
 */
public record Letter(String attempt, String key, String addressee, Channel channel, News news) {}

package ru.scoliologic.staging.notification;

import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import javax.net.ssl.SSLContext;

/** Sends one message, once. May block; does not throw expected failures. */
public interface Sender {
  /** Timeout for one addressee. */
  Duration PATIENCE = Duration.ofSeconds(10);

  Outcome send(Delivery delivery) throws InterruptedException;

  /** A sender that trusts the authorities of the Java runtime. */
  static Sender withSystemTrust() {
    try {
      var tls = SSLContext.getDefault();
      return of(new HttpSender(tls, PATIENCE), new MailSender(tls, PATIENCE));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has TLS", e);
    }
  }

  /** Sends by HTTP or SMTP, depending on the channel. */
  static Sender of(HttpSender http, MailSender mail) {
    return delivery ->
        delivery.channel() instanceof Channel.Mail address
            ? mail.send(address, delivery)
            : http.send(delivery);
  }
}

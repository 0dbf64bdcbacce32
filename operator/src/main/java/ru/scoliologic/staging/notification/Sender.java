package ru.scoliologic.staging.notification;

import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import javax.net.ssl.SSLContext;

/** Sends one message, once. May block; does not throw what can be expected. */
public interface Sender {
  /** For so long an addressee is waited for. */
  Duration PATIENCE = Duration.ofSeconds(10);

  Outcome send(Letter letter) throws InterruptedException;

  /** One that trusts the authorities that the Java runtime trusts. */
  static Sender withSystemTrust() {
    try {
      var tls = SSLContext.getDefault();
      return of(new HttpSender(tls, PATIENCE), new MailSender(tls, PATIENCE));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has TLS", e);
    }
  }

  /** By HTTP or SMTP, whatever the channel is. */
  static Sender of(HttpSender http, MailSender mail) {
    return letter ->
        letter.channel() instanceof Channel.Mail address
            ? mail.send(address, letter)
            : http.send(letter);
  }
}

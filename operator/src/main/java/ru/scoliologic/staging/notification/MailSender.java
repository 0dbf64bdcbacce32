package ru.scoliologic.staging.notification;

import jakarta.mail.Address;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Properties;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.smtp.SMTPSenderFailedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.NotificationSpec.Email.Encryption;

/** Sends by SMTP: a mail to all recipients, or to none of them. */
public final class MailSender {
  private static final Logger LOG = LoggerFactory.getLogger(MailSender.class);

  private final SSLContext tls;
  private final Duration patience;

  /**
   * Creates a sender.
   *
   * @param tls verifies the servers' certificates
   * @param patience timeout of each answer of the server
   */
  public MailSender(SSLContext tls, Duration patience) {
    this.tls = tls;
    this.patience = patience;
  }

  Outcome send(Channel.Mail mail, Delivery delivery) {
    var session = Session.getInstance(settings(mail));
    try {
      var transport = session.getTransport("smtp");
      try {
        var message = message(session, mail, delivery);
        if (mail.login().isPresent()) {
          transport.connect(mail.login().get().username(), mail.login().get().password());
        } else {
          transport.connect();
        }
        transport.sendMessage(message, message.getAllRecipients());
        return new Outcome.Sent();
      } finally {
        close(transport);
      }
    } catch (MessagingException e) {
      return failed(e);
    }
  }

  /** The outcome of the mail is already known: a failed QUIT changes nothing. */
  private static void close(Transport transport) {
    try {
      transport.close();
    } catch (MessagingException e) {
      LOG.debug("the mail server did not say goodbye");
    }
  }

  private Properties settings(Channel.Mail mail) {
    var settings = new Properties();
    var millis = String.valueOf(patience.toMillis());
    settings.put("mail.smtp.host", mail.host());
    settings.put("mail.smtp.port", String.valueOf(mail.port()));
    settings.put("mail.smtp.connectiontimeout", millis);
    settings.put("mail.smtp.timeout", millis);
    settings.put("mail.smtp.writetimeout", millis);
    settings.put("mail.smtp.auth", String.valueOf(mail.login().isPresent()));
    settings.put("mail.smtp.ssl.checkserveridentity", "true");
    settings.put("mail.smtp.ssl.socketFactory", tls.getSocketFactory());
    settings.put("mail.smtp.ssl.enable", String.valueOf(mail.encryption() == Encryption.Tls));
    boolean startTls = mail.encryption() == Encryption.StartTls;
    settings.put("mail.smtp.starttls.enable", String.valueOf(startTls));
    // Without it a server in the middle could have the password sent in the clear.
    settings.put("mail.smtp.starttls.required", String.valueOf(startTls));
    return settings;
  }

  private static MimeMessage message(Session session, Channel.Mail mail, Delivery delivery)
      throws MessagingException {
    var id =
        "<%s@%s>".formatted(delivery.key(), mail.from().substring(mail.from().indexOf('@') + 1));
    var message =
        new MimeMessage(session) {
          @Override
          protected void updateMessageID() throws MessagingException {
            setHeader("Message-ID", id);
          }
        };
    message.setFrom(new InternetAddress(mail.from(), true));
    for (var recipient : mail.to()) {
      message.addRecipient(
          MimeMessage.RecipientType.TO, (Address) new InternetAddress(recipient, true));
    }
    message.setSubject(
        "[staging] " + delivery.news().title().replaceAll("\\s+", " "),
        StandardCharsets.UTF_8.name());
    message.setText(delivery.news().text() + "\n", StandardCharsets.UTF_8.name());
    message.setSentDate(Date.from(Instant.parse(delivery.news().at())));
    message.setHeader("Auto-Submitted", "auto-generated");
    message.saveChanges();
    return message;
  }

  /** A server's text may quote anything, so only its code is reported. */
  private static Outcome failed(MessagingException thrown) {
    for (var cause : causes(thrown).toList()) {
      switch (cause) {
        case AuthenticationFailedException e when answers4xx(e) -> {
          return Outcome.Failed.unreachable("the mail server does not accept logins at the moment");
        }
        case AuthenticationFailedException e -> {
          return Outcome.Failed.refused(
              "the mail server does not accept username and password of the Secret");
        }
        case SMTPAddressFailedException e -> {
          return answered(e.getReturnCode(), "a recipient");
        }
        case SMTPSenderFailedException e -> {
          return answered(e.getReturnCode(), "the sender");
        }
        case SMTPSendFailedException e -> {
          return answered(e.getReturnCode(), "the mail");
        }
        case SSLException e -> {
          return Outcome.Failed.refused(
              "the mail server's certificate is not accepted, or it does not use TLS on that"
                  + " port");
        }
        case UnknownHostException e -> {
          return Outcome.Failed.unreachable("the mail server's name cannot be resolved");
        }
        case SocketTimeoutException e -> {
          return Outcome.Failed.unreachable("the mail server did not respond in time");
        }
        case SocketException e -> {
          return Outcome.Failed.unreachable("the mail server does not accept connections");
        }
        default -> {}
      }
    }
    return Outcome.Failed.unreachable(
        "the mail server closed the connection or sent an unexpected response: it is"
            + " busy, or port and encryption do not match");
  }

  /** The message of the exception is the server's answer. */
  private static boolean answers4xx(AuthenticationFailedException e) {
    return e.getMessage() != null && e.getMessage().startsWith("4");
  }

  private static Outcome answered(int code, String what) {
    var message = "the mail server refuses %s (%d)".formatted(what, code);
    return code >= 500 ? Outcome.Failed.refused(message) : Outcome.Failed.unreachable(message);
  }

  private static Stream<Throwable> causes(MessagingException thrown) {
    return Stream.<Throwable>iterate(
            thrown,
            java.util.Objects::nonNull,
            e ->
                e instanceof MessagingException mail && mail.getNextException() != null
                    ? mail.getNextException()
                    : e.getCause())
        .limit(10);
  }
}

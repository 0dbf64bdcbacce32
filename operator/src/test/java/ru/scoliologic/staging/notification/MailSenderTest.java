package ru.scoliologic.staging.notification;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.internet.MimeMessage;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.subethamail.smtp.auth.EasyAuthenticationHandlerFactory;
import org.subethamail.smtp.auth.LoginFailedException;
import org.subethamail.smtp.helper.SimpleMessageListener;
import org.subethamail.smtp.server.SMTPServer;
import ru.scoliologic.staging.api.NotificationSpec.Email.Encryption;
import ru.scoliologic.staging.notification.Outcome.Failed;
import ru.scoliologic.staging.notification.Outcome.Kind;
import ru.scoliologic.staging.throwaway.TestCertificates;

/** What a real mail server gets, with and without TLS and a login. */
class MailSenderTest {
  private static final TestCertificates ISSUED = TestCertificates.issue("localhost");
  private static final Optional<Channel.Login> LOGIN =
      Optional.of(new Channel.Login("staging", "right-secret"));

  private record Received(String to, String data) {}

  /** Everybody has one but nobody. */
  private final class Mailboxes implements SimpleMessageListener {
    @Override
    public boolean accept(String from, String to) {
      return !to.startsWith("nobody");
    }

    @Override
    public void deliver(String from, String to, InputStream data) throws IOException {
      mails.add(new Received(to, new String(data.readAllBytes(), StandardCharsets.UTF_8)));
    }
  }

  private final List<Received> mails = new CopyOnWriteArrayList<>();
  private final List<String> logins = new CopyOnWriteArrayList<>();
  private SMTPServer server;

  private void serve(UnaryOperator<SMTPServer.Builder> as) {
    server =
        as.apply(
                new SMTPServer.Builder()
                    .bindAddress(InetAddress.getLoopbackAddress())
                    .port(0)
                    .simpleMessageListener(new Mailboxes())
                    .authenticationHandlerFactory(
                        new EasyAuthenticationHandlerFactory((user, password, context) -> {
                          logins.add(user);
                          if (!password.equals("right-secret")) {
                            throw new LoginFailedException();
                          }
                        })))
            .build();
    server.start();
  }

  @AfterEach
  void it_stops() {
    if (server != null) {
      server.stop();
    }
  }

  private static SMTPServer.Builder startTls(SMTPServer.Builder builder) {
    try {
      return builder.enableTLS().requireTLS().startTlsSocketFactory(Tls.serving(ISSUED));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static SMTPServer.Builder tls(SMTPServer.Builder builder) {
    try {
      return builder.serverSocketFactory(Tls.serving(ISSUED));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private Outcome send(
      SSLContext trust, Encryption encryption, Optional<Channel.Login> login, String... to) {
    return send(trust, "localhost", server.getPortAllocated(), encryption, login, to);
  }

  private static Outcome send(
      SSLContext trust,
      String host,
      int port,
      Encryption encryption,
      Optional<Channel.Login> login,
      String... to) {
    var mail = new Channel.Mail(host, port, encryption, "staging@example.org", List.of(to), login);
    return new MailSender(trust, Duration.ofSeconds(10))
        .send(mail, new Delivery("k-1/0", "k-1", "a", mail, NotificationContentTest.rolledBack()));
  }

  @Test
  void a_mail_goes_to_all_recipients_over_starttls_after_a_login() throws Exception {
    serve(MailSenderTest::startTls);

    var outcome =
        send(Tls.trusting(ISSUED), Encryption.StartTls, LOGIN, "a@example.org", "b@example.org");

    assertThat(outcome).isEqualTo(new Outcome.Sent());
    assertThat(logins).containsExactly("staging");
    assertThat(mails.stream().map(Received::to)).containsExactly("a@example.org", "b@example.org");
    var message =
        new MimeMessage(
            null,
            new ByteArrayInputStream(mails.getFirst().data().getBytes(StandardCharsets.UTF_8)));
    assertThat(message.getMessageID()).isEqualTo("<k-1@example.org>");
    assertThat(message.getSubject()).isEqualTo("[staging] demo: abc0003 was rolled back");
    assertThat(message.getContent().toString().replace("\r", "").strip())
        .isEqualTo(NotificationContentTest.rolledBack().text());
  }

  @Test
  void a_mail_goes_over_tls_from_the_first_byte() throws Exception {
    serve(MailSenderTest::tls);

    assertThat(send(Tls.trusting(ISSUED), Encryption.Tls, Optional.empty(), "a@example.org"))
        .isEqualTo(new Outcome.Sent());
  }

  @Test
  void a_mail_goes_in_the_clear_to_a_server_in_ones_own_network() throws Exception {
    serve(builder -> builder);

    assertThat(send(SSLContext.getDefault(), Encryption.None, Optional.empty(), "a@example.org"))
        .isEqualTo(new Outcome.Sent());
    assertThat(mails).hasSize(1);
  }

  @Test
  void no_password_is_sent_to_a_server_without_a_certificate_that_is_known() throws Exception {
    serve(MailSenderTest::startTls);

    var outcome =
        (Failed) send(SSLContext.getDefault(), Encryption.StartTls, LOGIN, "a@example.org");

    assertThat(outcome.kind()).isEqualTo(Kind.Refused);
    assertThat(outcome.message()).contains("certificate is not accepted");
    assertThat(logins).isEmpty();
  }

  @Test
  void no_password_is_sent_to_a_server_with_the_certificate_of_another_host() throws Exception {
    serve(MailSenderTest::startTls);

    var outcome =
        (Failed)
            send(
                Tls.trusting(ISSUED),
                "127.0.0.1",
                server.getPortAllocated(),
                Encryption.StartTls,
                LOGIN,
                "a@example.org");

    assertThat(outcome.message()).contains("certificate is not accepted");
    assertThat(logins).isEmpty();
  }

  @Test
  void no_password_is_sent_to_a_server_that_offers_no_starttls() throws Exception {
    serve(SMTPServer.Builder::hideTLS);

    var outcome = (Failed) send(Tls.trusting(ISSUED), Encryption.StartTls, LOGIN, "a@example.org");

    assertThat(outcome.kind()).isEqualTo(Kind.Unreachable);
    assertThat(outcome.message()).contains("port and encryption do not match");
    assertThat(logins).isEmpty();
  }

  @Test
  void a_wrong_password_and_a_recipient_who_is_not_there_are_told_and_nobody_gets_the_mail()
      throws Exception {
    serve(MailSenderTest::startTls);
    var wrong = Optional.of(new Channel.Login("staging", "wrong-secret"));

    var login = (Failed) send(Tls.trusting(ISSUED), Encryption.StartTls, wrong, "a@example.org");
    var mail =
        (Failed)
            send(
                Tls.trusting(ISSUED),
                Encryption.StartTls,
                LOGIN,
                "a@example.org",
                "nobody@example.org");

    assertThat(login)
        .isEqualTo(
            Failed.refused("the mail server does not accept username and password of the Secret"));
    assertThat(mail).isEqualTo(Failed.refused("the mail server refuses a recipient (553)"));
    assertThat(mails).isEmpty();
  }

  private static Outcome answered(Optional<Channel.Login> login, String... answers)
      throws Exception {
    try (var listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            try (var connection = listening.accept()) {
              var in =
                  new BufferedReader(
                      new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8));
              for (var answer : answers) {
                connection
                    .getOutputStream()
                    .write((answer + "\r\n").getBytes(StandardCharsets.UTF_8));
                var line = in.readLine();
                while (answer.startsWith("354") && line != null && !line.equals(".")) {
                  line = in.readLine();
                }
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      return send(
          SSLContext.getDefault(),
          "localhost",
          listening.getLocalPort(),
          Encryption.None,
          login,
          "a@example.org");
    }
  }

  @Test
  void a_mail_that_was_taken_is_sent_whatever_becomes_of_the_farewell() throws Exception {
    assertThat(
            answered(Optional.empty(), "220 hi", "250 hi", "250 ok", "250 ok", "354 go", "250 ok"))
        .isEqualTo(new Outcome.Sent());
  }

  @Test
  void a_server_that_is_busy_is_tried_again() throws Exception {
    assertThat(((Failed) answered(Optional.empty(), "421 busy")).message()).contains("it is busy");
    assertThat(answered(LOGIN, "220 hi", "250-hi\r\n250 AUTH PLAIN", "454 later"))
        .isEqualTo(Failed.unreachable("the mail server does not accept logins at the moment"));
  }

  @Test
  void a_server_that_hangs_or_is_down_is_not_reached() throws Exception {
    try (var silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      var mail =
          new Channel.Mail(
              "localhost",
              silent.getLocalPort(),
              Encryption.None,
              "staging@example.org",
              List.of("a@example.org"),
              Optional.empty());
      var outcome =
          new MailSender(SSLContext.getDefault(), Duration.ofMillis(300))
              .send(
                  mail,
                  new Delivery("k-1/0", "k-1", "a", mail, NotificationContentTest.rolledBack()));
      assertThat(((Failed) outcome).message()).isEqualTo("the mail server did not respond in time");
    }
    serve(builder -> builder);
    int port = server.getPortAllocated();
    server.stop();
    server = null;

    assertThat(
            send(
                SSLContext.getDefault(),
                "localhost",
                port,
                Encryption.None,
                Optional.empty(),
                "a@example.org"))
        .isEqualTo(Failed.unreachable("the mail server does not accept connections"));
  }
}

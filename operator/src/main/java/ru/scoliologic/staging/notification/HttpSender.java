package ru.scoliologic.staging.notification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/**
 * Sends by HTTP. A redirect is never followed: it would carry a credential elsewhere. Exceptions of
 * the client quote URLs, so their texts are not passed on.
 */
public final class HttpSender {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Limit of a response body, in bytes. */
  private static final int LONGEST_ANSWER = 64 * 1024;

  private static final int TOO_MANY_REQUESTS = 429;
  private static final int UNAVAILABLE = 503;

  private final HttpClient client;
  private final Duration patience;

  /**
   * Creates a sender.
   *
   * @param tls verifies the servers' certificates
   * @param patience timeout of a whole request
   */
  public HttpSender(SSLContext tls, Duration patience) {
    this.patience = patience;
    this.client =
        HttpClient.newBuilder()
            .sslContext(tls)
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .build();
  }

  Outcome send(Delivery delivery) throws InterruptedException {
    HttpRequest request;
    try {
      request = request(delivery);
    } catch (NotUsable e) {
      return Outcome.Failed.refused(e.getMessage());
    }
    var status = new AtomicInteger();
    var answer =
        client.sendAsync(
            request,
            info -> {
              status.set(info.statusCode());
              return info.statusCode() == TOO_MANY_REQUESTS
                  ? BodyHandlers.limiting(BodyHandlers.ofString(), LONGEST_ANSWER).apply(info)
                  : HttpResponse.BodySubscribers.replacing("");
            });
    try {
      return outcome(answer.get(patience.toMillis(), TimeUnit.MILLISECONDS), delivery.channel());
    } catch (TimeoutException e) {
      answer.cancel(true);
      // The server accepted it, though the body of its response does not end.
      return isTaken(status.get()) ? new Outcome.Sent() : late();
    } catch (ExecutionException e) {
      return failed(e.getCause());
    }
  }

  private HttpRequest request(Delivery delivery) throws NotUsable {
    return switch (delivery.channel()) {
      case Channel.Slack(String url) ->
          post(url, delivery, MessageFormats.slack(delivery.news())).build();
      case Channel.Telegram(String api, String chat, String token) ->
          post(
                  withoutSlash(api) + "/bot" + token + "/sendMessage",
                  delivery,
                  MessageFormats.telegram(chat, delivery.news()))
              .build();
      case Channel.Webhook(String url, Optional<String> signingKey) -> {
        var body = MessageFormats.webhook(delivery.key(), delivery.news());
        var request = post(url, delivery, body);
        signingKey.ifPresent(
            key -> request.header("X-Staging-Signature-256", "sha256=" + signature(key, body)));
        yield request.build();
      }
      case Channel.CommitStatus(
              String api,
              String repository,
              String commit,
              String state,
              String token) -> {
        var path =
            RepositoryLink.ownerAndName(repository)
                .orElseThrow(() ->
                    new NotUsable(
                        "spec.gitops.repository does not end with owner/name, as one on GitHub"
                            + " does"));
        yield post(
                "%s/repos/%s/statuses/%s".formatted(withoutSlash(api), path, commit),
                delivery,
                MessageFormats.commitStatus(state, delivery.news()))
            .header("Authorization", "Bearer " + headerValue(token))
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .build();
      }
      case Channel.Mail mail -> throw new IllegalArgumentException("mail is not sent by HTTP");
    };
  }

  private HttpRequest.Builder post(String url, Delivery delivery, String body) throws NotUsable {
    return HttpRequest.newBuilder(uri(url))
        .timeout(patience)
        .header("Content-Type", "application/json")
        .header("User-Agent", "staging-operator")
        .header("Idempotency-Key", delivery.key())
        .POST(HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8));
  }

  private static URI uri(String url) throws NotUsable {
    try {
      var uri = new URI(url);
      boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (web && uri.getHost() != null && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Reported below, without the text, which may be a credential.
    }
    throw new NotUsable(
        "what the Secret or the spec gives is not usable as a URL: it needs"
            + " https://host/path, without user:password@, spaces or line ends");
  }

  /** Refuses line ends, which could add a header: the client would quote the token. */
  private static String headerValue(String token) throws NotUsable {
    if (token.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new NotUsable("the token in the Secret has characters that no token has");
    }
    return token;
  }

  private static String withoutSlash(String api) {
    return api.endsWith("/") ? api.substring(0, api.length() - 1) : api;
  }

  /** Hexadecimal HMAC with SHA-256 of the body's UTF-8. */
  static String signature(String key, String body) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JVM has HmacSHA256", e);
    }
  }

  private static boolean isTaken(int status) {
    return status >= 200 && status < 300;
  }

  private static Outcome outcome(HttpResponse<String> answer, Channel channel) {
    int status = answer.statusCode();
    if (isTaken(status)) {
      return new Outcome.Sent();
    }
    var wait = wait(answer);
    if (status == TOO_MANY_REQUESTS || (status == UNAVAILABLE && !wait.isZero())) {
      return new Outcome.Failed(
          Outcome.Kind.Unreachable,
          "the receiver responds with %d: rate limited".formatted(status),
          wait);
    }
    // GitHub reports exceeded limits with 403.
    if (status >= 500 || status == 408 || status == 425 || !wait.isZero()) {
      return new Outcome.Failed(
          Outcome.Kind.Unreachable, "the receiver responds with " + status, wait);
    }
    return Outcome.Failed.refused(
        "the receiver responds with %d: %s".formatted(status, cure(status, channel)));
  }

  private static String cure(int status, Channel channel) {
    if (status < 400) {
      return "redirects are not followed; give the URL that it redirects to";
    }
    return switch (channel) {
      case Channel.Slack slack -> "check that the webhook still exists and the Secret has its URL";
      case Channel.Telegram telegram ->
          "check that the Secret has the bot's token, and the bot is in the chat and may"
              + " write";
      case Channel.CommitStatus github ->
          "check that the token is valid and may write commit statuses of the"
              + " repository, and that the repository has the commit";
      case Channel.Webhook webhook -> "see the receiver's log";
      case Channel.Mail mail -> throw new IllegalArgumentException("mail is not sent by HTTP");
    };
  }

  /** The wait of the header Retry-After, or of Telegram's retry_after; zero when absent. */
  private static Duration wait(HttpResponse<String> answer) {
    return answer
        .headers()
        .firstValue("Retry-After")
        .flatMap(HttpSender::parsed)
        .or(() -> retryAfter(answer.body()))
        .filter(wait -> !wait.isNegative())
        .orElse(Duration.ZERO);
  }

  private static Optional<Duration> parsed(String header) {
    try {
      return Optional.of(
          header.matches("[0-9]{1,9}")
              ? Duration.ofSeconds(Long.parseLong(header))
              : Duration.between(
                  Instant.now(),
                  ZonedDateTime.parse(header, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant()));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static Optional<Duration> retryAfter(String body) {
    try {
      int seconds = JSON.readTree(body).path("parameters").path("retry_after").asInt(0);
      return seconds > 0 ? Optional.of(Duration.ofSeconds(seconds)) : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static Outcome failed(Throwable cause) {
    return switch (cause) {
      case HttpTimeoutException e -> late();
      case SSLException e ->
          Outcome.Failed.refused(
              "the receiver's certificate is not accepted, or it does not use TLS on that"
                  + " port");
      case ConnectException e ->
          Outcome.Failed.unreachable(
              e.getCause() instanceof UnresolvedAddressException
                  ? "the receiver's host name cannot be resolved"
                  : "the receiver does not accept connections");
      case IOException e -> Outcome.Failed.unreachable("the receiver closed the connection");
      default -> Outcome.Failed.unreachable("met an error: " + cause.getClass().getSimpleName());
    };
  }

  private static Outcome late() {
    return Outcome.Failed.unreachable("the receiver did not respond in time");
  }

  /** Its message describes the fault of the request, without quoting it. */
  private static final class NotUsable extends Exception {
    private NotUsable(String message) {
      super(message);
    }
  }
}

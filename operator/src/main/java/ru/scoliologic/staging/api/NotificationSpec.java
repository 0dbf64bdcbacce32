package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** Somebody who is told how versions fare: by Slack, Telegram, e-mail or a webhook. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "(has(self.slack) ? 1 : 0) + (has(self.telegram) ? 1 : 0) + (has(self.email) ? 1 : 0) +"
            + " (has(self.webhook) ? 1 : 0) == 1",
    message = NotificationSpec.ONE_MESSAGE)
public record NotificationSpec(
    @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Name of this entry; each has its own.")
        String name,
    @Size(max = 4)
        @JsonPropertyDescription(
            "What is told: Verified, RolledBack, Failed, Recovered; all of them when absent.")
        List<Occasion> on,
    @JsonPropertyDescription("An incoming webhook of Slack, or of what understands the same.")
        Slack slack,
    @JsonPropertyDescription("A bot of Telegram.") Telegram telegram,
    @JsonPropertyDescription("A mail server.") Email email,
    @JsonPropertyDescription("A URL that gets a signed JSON document.") Webhook webhook) {

  public static final String ONE_MESSAGE =
      "has no or several addressees: give one of slack, telegram, email and webhook";
  public static final String URL_PATTERN = "^https?://[^ ]+$";
  public static final String URL_MESSAGE =
      "is not a URL: give one like https://hooks.example.org/staging";

  public NotificationSpec {
    on = on == null || on.isEmpty() ? List.of(Occasion.values()) : List.copyOf(on);
  }

  /** What is worth telling. */
  public enum Occasion {
    /** A version passed its checks. */
    Verified,
    /** A version failed after it had got the traffic; the one before serves again. */
    RolledBack,
    /** A version failed before it got any traffic, or was not built. */
    Failed,
    /** A version passed after one before it had failed. */
    Recovered
  }

  /** An incoming webhook; its URL is a credential. */
  public record Slack(
      @Required @JsonPropertyDescription("Key of a Secret with the webhook's URL.")
          KeyRef urlSecretKeyRef) {}

  /** A bot that writes into a chat. */
  public record Telegram(
      @Required @Size(min = 1, max = 64) @JsonPropertyDescription("Chat, as its number or @name.")
          String chatId,
      @Required @JsonPropertyDescription("Key of a Secret with the bot's token.")
          KeyRef tokenSecretKeyRef,
      @Default("https://api.telegram.org")
          @Size(max = 300)
          @ValidationRule(value = "self.matches('" + URL_PATTERN + "')", message = URL_MESSAGE)
          @JsonPropertyDescription("Where Telegram's API is; another one behind a proxy.")
          String api) {
    public Telegram {
      api = api == null ? "https://api.telegram.org" : api;
    }
  }

  /** Mail by SMTP. */
  public record Email(
      @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Host of the mail server.")
          String host,
      @Default("587") @Min(1) @Max(65535) @JsonPropertyDescription("Port of the mail server.")
          Integer port,
      @Default("StartTls")
          @JsonPropertyDescription(
              "StartTls, Tls (from the first byte) or None, for a server in one's own network.")
          Encryption encryption,
      @Required @Size(min = 3, max = 254) @JsonPropertyDescription("Sender.") String from,
      @Required @Size(min = 1, max = 20) @JsonPropertyDescription("Recipients.")
          List<@Size(min = 3, max = 254) String> to,
      @JsonPropertyDescription("A Secret with the keys username and password.")
          SharedIngress.SecretName credentials) {
    public Email {
      port = port == null ? 587 : port;
      encryption = encryption == null ? Encryption.StartTls : encryption;
      to = to == null ? List.of() : List.copyOf(to);
    }

    /** How the connection is protected. */
    public enum Encryption {
      StartTls,
      Tls,
      None
    }
  }

  /** A URL that gets a JSON document. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.url) != has(self.urlSecretKeyRef)",
      message = "needs one URL: give url, or urlSecretKeyRef when it is a credential")
  public record Webhook(
      @Size(max = 1000)
          @ValidationRule(value = "self.matches('" + URL_PATTERN + "')", message = URL_MESSAGE)
          @JsonPropertyDescription("The URL.")
          String url,
      @JsonPropertyDescription("Key of a Secret with the URL.") KeyRef urlSecretKeyRef,
      @JsonPropertyDescription(
              "Key of a Secret with the word that signs the body: X-Staging-Signature-256 holds"
                  + " sha256= and its HMAC.")
          KeyRef signingSecretKeyRef) {}
}

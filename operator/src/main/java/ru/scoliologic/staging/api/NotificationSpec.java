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

/** An addressee of reports about versions: by Slack, Telegram, e-mail or a webhook. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "(has(self.slack) ? 1 : 0) + (has(self.telegram) ? 1 : 0) + (has(self.email) ? 1 : 0) +"
            + " (has(self.webhook) ? 1 : 0) == 1",
    message = NotificationSpec.ONE_MESSAGE)
public record NotificationSpec(
    @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Name of this entry. It must be unique.")
        String name,
    @Size(max = 4)
        @JsonPropertyDescription(
            "Events to report: Verified, RolledBack, Failed, Recovered. Defaults to all of"
                + " them.")
        List<Occasion> occasions,
    @JsonPropertyDescription("Incoming webhook of Slack or of a compatible service.") Slack slack,
    @JsonPropertyDescription("Telegram bot.") Telegram telegram,
    @JsonPropertyDescription("Mail server and recipients.") Email email,
    @JsonPropertyDescription(
            "URL that receives a JSON document, signed if signingSecretKeyRef is given.")
        Webhook webhook) {

  public static final String ONE_MESSAGE =
      "has no or several addressees: give one of slack, telegram, email and webhook";
  static final String URL_PATTERN = "^https?://[^ ]+$";
  static final String URL_MESSAGE = "is not a URL: give one like https://hooks.example.org/staging";
  static final String PASSWORD_PATTERN = "^https?://[^/]*@.*";
  public static final String DISTINCT_MESSAGE =
      "holds a name twice: give each entry a name of its own";

  public NotificationSpec {
    occasions =
        occasions == null || occasions.isEmpty()
            ? List.of(Occasion.values())
            : List.copyOf(occasions);
  }

  /** The events that can be reported. */
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
      @Required
          @Size(min = 1, max = 64)
          @ValidationRule(value = "self.matches('" + CHAT_PATTERN + "')", message = CHAT_MESSAGE)
          @JsonPropertyDescription("Chat id, or the @name of a channel.")
          String chatId,
      @Required @JsonPropertyDescription("Key of a Secret with the bot's token.")
          KeyRef tokenSecretKeyRef,
      @Default("https://api.telegram.org")
          @Size(max = 300)
          @ValidationRule(value = "self.matches('" + URL_PATTERN + "')", message = URL_MESSAGE)
          @ValidationRule(
              value = "!self.matches('" + PASSWORD_PATTERN + "')",
              message = API_PASSWORD_MESSAGE)
          @JsonPropertyDescription("URL of Telegram's API. Set it for a proxy.")
          String api) {
    static final String CHAT_PATTERN = "^(-?[0-9]+|@[A-Za-z0-9_]+)$";
    static final String CHAT_MESSAGE =
        "is not a chat: give its number, like -1001234567890, or the name of a channel, like @team";
    static final String API_PASSWORD_MESSAGE =
        "holds credentials: leave them out, the token is read from tokenSecretKeyRef";

    public Telegram {
      api = api == null ? "https://api.telegram.org" : api;
    }
  }

  /** Mail by SMTP. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "!has(self.credentials) || !has(self.encryption) || self.encryption != 'None'",
      message = Email.CLEAR_MESSAGE)
  public record Email(
      @Required
          @Size(min = 1, max = 253)
          @ValidationRule(value = "self.matches('" + HOST_PATTERN + "')", message = HOST_MESSAGE)
          @JsonPropertyDescription("Host name of the mail server.")
          String host,
      @Default("587") @Min(1) @Max(65535) @JsonPropertyDescription("Port of the mail server.")
          Integer port,
      @Default("StartTls")
          @JsonPropertyDescription(
              "StartTls, Tls (from the first byte) or None, for a server in a private"
                  + " network.")
          Encryption encryption,
      @Required
          @Size(min = 3, max = 254)
          @ValidationRule(
              value = "self.matches('" + ADDRESS_PATTERN + "')",
              message = ADDRESS_MESSAGE)
          @JsonPropertyDescription("Address of the sender.")
          String from,
      @Required
          @Size(min = 1, max = 20)
          @ValidationRule(
              value = "self.all(a, a.matches('" + ADDRESS_PATTERN + "'))",
              message = RECIPIENTS_MESSAGE)
          @JsonPropertyDescription("Addresses of the recipients.")
          List<@Size(min = 3, max = 254) String> to,
      @JsonPropertyDescription("Secret with the keys username and password.")
          SharedIngress.SecretName credentials) {
    static final String HOST_PATTERN = "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$";
    static final String HOST_MESSAGE =
        "is not a host name: give one like mail.example.org, and the port in port";
    static final String ADDRESS_PATTERN = "^[A-Za-z0-9.!#$%&*+/=?^_{|}~-]+@[A-Za-z0-9.-]+$";
    static final String ADDRESS_MESSAGE =
        "is not an e-mail address: give one like staging@example.org";
    static final String RECIPIENTS_MESSAGE =
        "holds what is no e-mail address: give ones like team@example.org";
    public static final String CLEAR_MESSAGE =
        "sends a password in the clear: set encryption to StartTls or Tls, or leave credentials"
            + " out";

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

  /** A URL that receives a JSON document. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.url) != has(self.urlSecretKeyRef)",
      message = Webhook.ONE_MESSAGE)
  public record Webhook(
      @Size(max = 1000)
          @ValidationRule(value = "self.matches('" + URL_PATTERN + "')", message = URL_MESSAGE)
          @ValidationRule(
              value = "!self.matches('" + PASSWORD_PATTERN + "')",
              message = Webhook.PASSWORD_MESSAGE)
          @JsonPropertyDescription("URL that receives the document.")
          String url,
      @JsonPropertyDescription("Key of a Secret with the URL. Use it when the URL is a credential.")
          KeyRef urlSecretKeyRef,
      @JsonPropertyDescription(
              "Key of a Secret with the shared secret that signs the body. The header"
                  + " X-Staging-Signature-256 has the value sha256=<HMAC>.")
          KeyRef signingSecretKeyRef) {
    public static final String ONE_MESSAGE =
        "needs one URL: give url, or urlSecretKeyRef when it is a credential";
    static final String PASSWORD_MESSAGE =
        "holds credentials: give urlSecretKeyRef, the key of a Secret with the URL";
  }
}

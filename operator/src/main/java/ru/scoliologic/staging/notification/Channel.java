package ru.scoliologic.staging.notification;

import java.util.List;
import java.util.Optional;
import ru.scoliologic.staging.api.NotificationSpec.Email.Encryption;

/** The destination of a message, with credentials that {@code toString} does not show. */
public sealed interface Channel {

  /** An incoming webhook of Slack. */
  record Slack(String url) implements Channel {
    @Override
    public String toString() {
      return "Slack";
    }
  }

  /** A bot of Telegram that writes into a chat. */
  record Telegram(String api, String chatId, String token) implements Channel {
    @Override
    public String toString() {
      return "Telegram";
    }
  }

  /** A URL that receives a JSON document. */
  record Webhook(String url, Optional<String> signingKey) implements Channel {
    @Override
    public String toString() {
      return "Webhook";
    }
  }

  record Mail(
      String host,
      int port,
      Encryption encryption,
      String from,
      List<String> to,
      Optional<Login> login)
      implements Channel {
    @Override
    public String toString() {
      return "Mail";
    }
  }

  /** A status of a commit on GitHub. */
  record CommitStatus(String api, String repository, String commit, String state, String token)
      implements Channel {
    @Override
    public String toString() {
      return "CommitStatus";
    }
  }

  /** A user of a mail server. */
  record Login(String username, String password) {
    @Override
    public String toString() {
      return "Login";
    }
  }
}

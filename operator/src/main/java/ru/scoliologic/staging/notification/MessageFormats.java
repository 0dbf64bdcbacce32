package ru.scoliologic.staging.notification;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;

/** The JSON documents of a notification, one for each kind of receiver. */
final class MessageFormats {
  private static final ObjectMapper JSON =
      new ObjectMapper().setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL);

  /** Of a description of a commit's status. https://docs.github.com/rest/commits/statuses */
  private static final int LONGEST_DESCRIPTION = 140;

  /** Of the text of a block. https://docs.slack.dev/reference/block-kit/blocks/section-block */
  private static final int LONGEST_SECTION = 3_000;

  /** Of a message. https://core.telegram.org/bots/api#sendmessage */
  private static final int LONGEST_TELEGRAM = 4_096;

  private MessageFormats() {}

  /** For an incoming webhook of Slack: blocks, and the same as text for notifications. */
  static String slack(NotificationContent news) {
    var body = new ArrayList<String>();
    body.add("*%s*".formatted(mrkdwn(news.title())));
    news.lines().stream().map(MessageFormats::mrkdwn).forEach(body::add);
    var links = new ArrayList<String>();
    links.add("<%s|Application>".formatted(mrkdwn(news.appUrl())));
    news.commitUrl().ifPresent(url -> links.add("<%s|Commit>".formatted(mrkdwn(url))));
    return json(
        Map.of(
            "text",
            mrkdwn(news.title()),
            "blocks",
            List.of(
                section(String.join("\n", body)),
                section(String.join(" · ", links)),
                Map.of(
                    "type",
                    "context",
                    "elements",
                    List.of(text("`" + mrkdwn(news.command()) + "`"))))));
  }

  private static Map<String, Object> section(String text) {
    return Map.of("type", "section", "text", text(text));
  }

  private static Map<String, Object> text(String text) {
    return Map.of("type", "mrkdwn", "text", cut(text, LONGEST_SECTION));
  }

  /** Escapes the three characters that have a meaning in Slack's texts. */
  private static String mrkdwn(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  /** For sendMessage of Telegram. */
  static String telegram(String chatId, NotificationContent news) {
    var body = new ArrayList<String>();
    body.add("<b>%s</b>".formatted(html(news.title())));
    news.lines().stream().map(MessageFormats::html).forEach(body::add);
    body.add("<a href=\"%s\">Application</a>".formatted(html(news.appUrl())));
    news.commitUrl().ifPresent(url -> body.add("<a href=\"%s\">Commit</a>".formatted(html(url))));
    body.add("<code>%s</code>".formatted(html(news.command())));
    var text = String.join("\n", body);
    // The limits of the content keep it short enough; cut HTML would be refused.
    return json(
        text.length() <= LONGEST_TELEGRAM
            ? Map.of(
                "chat_id",
                chatId,
                "text",
                text,
                "parse_mode",
                "HTML",
                "link_preview_options",
                Map.of("is_disabled", true))
            : Map.of("chat_id", chatId, "text", cut(news.text(), LONGEST_TELEGRAM)));
  }

  private static String html(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  /** For a webhook: the document of docs/notifications.md. */
  static String webhook(String key, NotificationContent news) {
    var document = new LinkedHashMap<String, Object>();
    document.put("version", 1);
    document.put("id", key);
    document.put("occasion", news.occasion());
    document.put("namespace", news.namespace());
    document.put("environment", news.environment());
    document.put("release", news.release());
    document.put("at", news.at());
    document.put("seconds", news.seconds().orElse(null));
    if (news.commit().isPresent()) {
      document.put("commit", commit(news, news.commit().get()));
    } else {
      document.put("image", news.version());
    }
    document.put("message", news.sentence());
    document.put("failedChecks", news.failedChecks());
    document.put("moreFailedChecks", news.moreFailedChecks());
    document.put("url", news.appUrl());
    document.put("text", news.text());
    document.values().removeIf(java.util.Objects::isNull);
    return json(document);
  }

  private static Map<String, Object> commit(NotificationContent news, Commit commit) {
    var document = new LinkedHashMap<String, Object>();
    document.put("hash", commit.hash());
    document.put("branch", commit.branch());
    document.put("author", commit.author());
    document.put("subject", commit.subject());
    document.put("committed", commit.committed());
    document.put("url", news.commitUrl().orElse(null));
    document.values().removeIf(java.util.Objects::isNull);
    return document;
  }

  /** For the statuses of a commit on GitHub. */
  static String commitStatus(String state, NotificationContent news) {
    return json(
        Map.of(
            "state",
            state,
            "target_url",
            news.appUrl(),
            "description",
            cut(news.sentence().replaceAll("\\s+", " "), LONGEST_DESCRIPTION),
            "context",
            "staging/" + news.environment()));
  }

  private static String cut(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest - 1) + "…";
  }

  private static String json(Object document) {
    try {
      return JSON.writeValueAsString(document);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts and numbers are always JSON", e);
    }
  }
}

package ru.scoliologic.staging.reconcile.validate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.NotificationSpec;
import ru.scoliologic.staging.api.NotificationSpec.Email;
import ru.scoliologic.staging.api.NotificationSpec.Telegram;
import ru.scoliologic.staging.api.NotificationSpec.Webhook;

/** The schema's rules for spec.notifications; see {@link SpecValidator}. */
final class NotificationRules {
  private final List<String> problems = new ArrayList<>();

  private NotificationRules() {}

  static List<String> problems(List<NotificationSpec> notifications) {
    var rules = new NotificationRules();
    var names = new HashSet<String>();
    for (var notification : notifications) {
      if (notification.name() == null || notification.name().isBlank()) {
        rules.missing("spec.notifications[].name");
      } else if (!names.add(notification.name())) {
        rules.problems.add("spec.notifications: " + NotificationSpec.DISTINCT_MESSAGE);
      }
      rules.notification(notification);
    }
    return rules.problems;
  }

  private void notification(NotificationSpec notification) {
    var field = "spec.notifications[" + notification.name() + "]";
    long addressees =
        Stream.of(
                notification.slack(),
                notification.telegram(),
                notification.email(),
                notification.webhook())
            .filter(Objects::nonNull)
            .count();
    if (addressees != 1) {
      problems.add(field + " " + NotificationSpec.ONE_MESSAGE);
    }
    if (notification.slack() != null) {
      reference(field + ".slack.urlSecretKeyRef", notification.slack().urlSecretKeyRef());
    }
    if (notification.telegram() != null) {
      telegram(field + ".telegram", notification.telegram());
    }
    if (notification.email() != null) {
      email(field + ".email", notification.email());
    }
    if (notification.webhook() != null) {
      webhook(field + ".webhook", notification.webhook());
    }
  }

  private void telegram(String field, Telegram telegram) {
    matches(field + ".chatId", telegram.chatId(), Telegram.CHAT_PATTERN, Telegram.CHAT_MESSAGE);
    reference(field + ".tokenSecretKeyRef", telegram.tokenSecretKeyRef());
    url(field + ".api", telegram.api(), Telegram.API_PASSWORD_MESSAGE);
  }

  private void email(String field, Email email) {
    matches(field + ".host", email.host(), Email.HOST_PATTERN, Email.HOST_MESSAGE);
    matches(field + ".from", email.from(), Email.ADDRESS_PATTERN, Email.ADDRESS_MESSAGE);
    if (email.to().isEmpty()) {
      missing(field + ".to");
    }
    for (var recipient : email.to()) {
      matches(field + ".to", recipient, Email.ADDRESS_PATTERN, Email.RECIPIENTS_MESSAGE);
    }
    if (email.credentials() != null && email.credentials().name() == null) {
      missing(field + ".credentials.name");
    }
    if (email.credentials() != null && email.encryption() == Email.Encryption.None) {
      problems.add(field + " " + Email.CLEAR_MESSAGE);
    }
  }

  private void webhook(String field, Webhook webhook) {
    if ((webhook.url() == null) == (webhook.urlSecretKeyRef() == null)) {
      problems.add(field + " " + Webhook.ONE_MESSAGE);
    }
    if (webhook.url() != null) {
      url(field + ".url", webhook.url(), Webhook.PASSWORD_MESSAGE);
    }
    if (webhook.urlSecretKeyRef() != null) {
      reference(field + ".urlSecretKeyRef", webhook.urlSecretKeyRef());
    }
    if (webhook.signingSecretKeyRef() != null) {
      reference(field + ".signingSecretKeyRef", webhook.signingSecretKeyRef());
    }
  }

  /** A URL with a password is not quoted. */
  private void url(String field, String url, String passwordMessage) {
    if (Pattern.matches(NotificationSpec.PASSWORD_PATTERN, url)) {
      problems.add(field + " " + passwordMessage);
    } else {
      matches(field, url, NotificationSpec.URL_PATTERN, NotificationSpec.URL_MESSAGE);
    }
  }

  private void reference(String field, KeyRef reference) {
    if (reference == null || reference.name() == null || reference.key() == null) {
      missing(field);
    }
  }

  private void matches(String field, String value, String pattern, String message) {
    if (value == null || value.isBlank()) {
      missing(field);
    } else if (!Pattern.matches(pattern, value)) {
      problems.add("%s: '%s' %s".formatted(field, value, message));
    }
  }

  private void missing(String field) {
    problems.add(field + " is missing: see `kubectl explain stenv.spec`");
  }
}

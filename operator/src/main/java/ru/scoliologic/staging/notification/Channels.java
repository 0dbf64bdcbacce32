package ru.scoliologic.staging.notification;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.NotificationSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;

/** Composes the destinations of an environment's messages from its spec and its Secrets. */
public final class Channels {
  /** Key in the Secret of a mail server. */
  private static final String USERNAME = "username";

  private static final String PASSWORD = "password";

  private final StagingEnvironment environment;
  private final Map<String, Map<String, String>> secrets;

  /**
   * Channels of one environment.
   *
   * @param secrets values by key, by the name of the Secret; those of {@link #secrets} that exist
   */
  public Channels(StagingEnvironment environment, Map<String, Map<String, String>> secrets) {
    this.environment = environment;
    this.secrets = new HashMap<>(secrets);
  }

  /** Names of the Secrets with the channels' credentials. */
  public static Set<String> secrets(StagingEnvironment environment) {
    var names = new TreeSet<String>();
    for (var notification : environment.getSpec().notifications()) {
      keys(notification).map(KeyRef::name).forEach(names::add);
      if (notification.email() != null && notification.email().credentials() != null) {
        names.add(notification.email().credentials().name());
      }
    }
    commitStatus(environment).ifPresent(status -> names.add(status.tokenSecretKeyRef().name()));
    return names;
  }

  private static Stream<KeyRef> keys(NotificationSpec notification) {
    var webhook = notification.webhook();
    return Stream.of(
            Optional.ofNullable(notification.slack()).map(NotificationSpec.Slack::urlSecretKeyRef),
            Optional.ofNullable(notification.telegram())
                .map(NotificationSpec.Telegram::tokenSecretKeyRef),
            Optional.ofNullable(webhook).map(NotificationSpec.Webhook::urlSecretKeyRef),
            Optional.ofNullable(webhook).map(NotificationSpec.Webhook::signingSecretKeyRef))
        .flatMap(Optional::stream);
  }

  private static Optional<GitopsSpec.CommitStatus> commitStatus(StagingEnvironment environment) {
    return Optional.ofNullable(environment.getSpec().gitops()).map(GitopsSpec::commitStatus);
  }

  /**
   * The destination of a message.
   *
   * @throws MissingCredential if a Secret or a key is missing
   */
  public Channel of(StagingRelease release, Told told) throws MissingCredential {
    var state = CommitState.named(told.occasion());
    if (state.isPresent()) {
      var status = commitStatus(environment).orElseThrow();
      return new Channel.CommitStatus(
          status.api(),
          environment.getSpec().gitops().repository(),
          release.getSpec().commit().hash(),
          state.get().state(),
          value(status.tokenSecretKeyRef()));
    }
    var notification =
        environment.getSpec().notifications().stream()
            .filter(n -> n.name().equals(told.notification()))
            .findFirst()
            .orElseThrow();
    if (notification.slack() != null) {
      return new Channel.Slack(value(notification.slack().urlSecretKeyRef()));
    }
    if (notification.telegram() != null) {
      var telegram = notification.telegram();
      return new Channel.Telegram(
          telegram.api(), telegram.chatId(), value(telegram.tokenSecretKeyRef()));
    }
    return notification.email() != null
        ? mail(notification.email())
        : webhook(notification.webhook());
  }

  private Channel webhook(NotificationSpec.Webhook webhook) throws MissingCredential {
    return new Channel.Webhook(
        webhook.urlSecretKeyRef() == null ? webhook.url() : value(webhook.urlSecretKeyRef()),
        webhook.signingSecretKeyRef() == null
            ? Optional.empty()
            : Optional.of(value(webhook.signingSecretKeyRef())));
  }

  private Channel mail(NotificationSpec.Email email) throws MissingCredential {
    var secret = email.credentials() == null ? null : email.credentials().name();
    return new Channel.Mail(
        email.host(),
        email.port(),
        email.encryption(),
        email.from(),
        email.to(),
        secret == null
            ? Optional.empty()
            : Optional.of(
                new Channel.Login(
                    value(new KeyRef(secret, USERNAME)), value(new KeyRef(secret, PASSWORD)))));
  }

  private String value(KeyRef ref) throws MissingCredential {
    var secret = secrets.get(ref.name());
    if (secret == null) {
      throw new MissingCredential("the Secret " + ref.name() + " does not exist");
    }
    var value = secret.getOrDefault(ref.key(), "").strip();
    if (value.isEmpty()) {
      throw new MissingCredential(
          "the Secret %s has no key %s, or it is empty".formatted(ref.name(), ref.key()));
    }
    return value;
  }

  /** Its message names the missing Secret or key. */
  public static final class MissingCredential extends Exception {
    private MissingCredential(String message) {
      super(message);
    }
  }
}

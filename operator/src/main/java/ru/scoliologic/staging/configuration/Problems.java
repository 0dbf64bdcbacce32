package ru.scoliologic.staging.configuration;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** All that is wrong, gathered so that one message names everything, and what is worth knowing. */
final class Problems {
  private final Set<String> missingSecrets = new LinkedHashSet<>();
  private final Set<String> missingKeys = new LinkedHashSet<>();
  private final Set<String> missingConfigMaps = new LinkedHashSet<>();
  private final Set<String> invalid = new LinkedHashSet<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private String lost;

  void missingSecret(String name) {
    missingSecrets.add(name);
  }

  void missingKey(String name) {
    missingKeys.add(name);
  }

  void missingConfigMap(String what) {
    missingConfigMaps.add(what);
  }

  void invalid(String what) {
    invalid.add(what);
  }

  void lost(String what) {
    lost = what;
  }

  /** Nothing is wrong, but not all is as somebody might think. */
  void note(String what) {
    notes.add(what);
  }

  boolean any() {
    return lost != null
        || !missingSecrets.isEmpty()
        || !missingKeys.isEmpty()
        || !missingConfigMaps.isEmpty()
        || !invalid.isEmpty();
  }

  /**
   * The result of the stage.
   *
   * @param found what to say when nothing is wrong
   */
  StageResult result(String found) {
    if (lost != null) {
      return new StageResult.Stalled(Reason.CREDENTIALS_LOST, lost);
    }
    var message = message();
    if (!missingSecrets.isEmpty()) {
      return new StageResult.Waiting(Reason.SECRET_MISSING, message);
    }
    if (!missingKeys.isEmpty()) {
      return new StageResult.Waiting(Reason.KEY_MISSING, message);
    }
    if (!missingConfigMaps.isEmpty()) {
      return new StageResult.Waiting(Reason.CONFIG_MAP_MISSING, message);
    }
    if (!invalid.isEmpty()) {
      return new StageResult.Stalled(Reason.KEY_INVALID, message);
    }
    return new StageResult.Ready(
        Reason.CONFIGURATION_READY,
        notes.isEmpty() ? found : found + "; " + String.join("; ", notes));
  }

  private String message() {
    var parts = new ArrayList<String>();
    if (!missingSecrets.isEmpty()) {
      parts.add("Secrets that do not exist: " + String.join(", ", missingSecrets));
    }
    if (!missingKeys.isEmpty()) {
      parts.add("keys that no Secret has: " + String.join(", ", missingKeys));
    }
    if (!missingConfigMaps.isEmpty()) {
      parts.add("missing: " + String.join(", ", missingConfigMaps));
    }
    parts.addAll(invalid);
    return String.join("; ", parts);
  }
}

package ru.scoliologic.staging.configuration;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Collects all problems, so that one message names them all, and notes. */
final class Problems {
  /** The needed keys by name of the Secret, where the spec names them. */
  private final Map<String, Set<String>> missingSecrets = new LinkedHashMap<>();

  private final Set<String> missingKeys = new LinkedHashSet<>();
  private final Set<String> missingConfigMaps = new LinkedHashSet<>();
  private final Set<String> invalid = new LinkedHashSet<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private String lost;

  void missingSecret(String name) {
    missingSecrets.computeIfAbsent(name, absent -> new TreeSet<>());
  }

  void missingSecret(KeyRef ref) {
    missingSecrets.computeIfAbsent(ref.name(), absent -> new TreeSet<>()).add(ref.key());
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

  /** Adds a remark that is not a problem. */
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
   * @param found message when nothing is wrong
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

  private String missingSecrets() {
    return missingSecrets.entrySet().stream()
        .map(secret -> {
          var keys = String.join(", ", secret.getValue());
          return secret.getKey() + (keys.isEmpty() ? "" : " (with %s)".formatted(keys));
        })
        .collect(Collectors.joining(", "));
  }

  private String message() {
    var parts = new ArrayList<String>();
    if (!missingSecrets.isEmpty()) {
      parts.add("Secrets that do not exist: " + missingSecrets());
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

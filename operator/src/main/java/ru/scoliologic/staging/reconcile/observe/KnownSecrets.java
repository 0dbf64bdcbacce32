package ru.scoliologic.staging.reconcile.observe;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.configuration.Settings;

/**
 * The secret values of each environment since the operator started, in memory only: a log from
 * before a change may quote a value that is no longer in force.
 */
public final class KnownSecrets {
  /** Old values kept for one environment; the oldest is dropped first. */
  private static final int MOST_OLD = 500;

  /** Total characters of the old values kept for one environment. */
  private static final long MOST_OLD_CHARACTERS = 128 * 1024;

  private final EnvironmentMemories.Slot<LinkedHashSet<String>> known;

  public KnownSecrets(EnvironmentMemories memories) {
    this.known = memories.slot();
  }

  /** The settings, which then mask older values too. */
  public Settings remember(String uid, Settings settings) {
    var all = known.get(uid, LinkedHashSet::new);
    synchronized (all) {
      settings.secrets().forEach(all::addLast);
      int old = all.size() - new HashSet<>(settings.secrets()).size();
      long characters = all.stream().limit(old).mapToLong(String::length).sum();
      for (; old > MOST_OLD || characters > MOST_OLD_CHARACTERS; old--) {
        characters -= all.removeFirst().length();
      }
      return settings.hiding(all);
    }
  }

  /** Masks the known values of an environment. */
  public SecretMasker masking(String uid) {
    return known
        .find(uid)
        .map(all -> {
          synchronized (all) {
            return new SecretMasker(all);
          }
        })
        .orElseGet(() -> new SecretMasker(List.of()));
  }
}

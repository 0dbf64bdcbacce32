package ru.scoliologic.staging.reconcile.observe;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

  private final Map<String, LinkedHashSet<String>> known = new ConcurrentHashMap<>();

  /** The settings, which then mask older values too. */
  public Settings remember(String uid, Settings settings) {
    var all = known.computeIfAbsent(uid, u -> new LinkedHashSet<>());
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
    var all = known.get(uid);
    if (all == null) {
      return new SecretMasker(List.of());
    }
    synchronized (all) {
      return new SecretMasker(all);
    }
  }

  public void keepOnly(Set<String> uids) {
    known.keySet().retainAll(uids);
  }
}

package ru.scoliologic.staging.reconcile;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.configuration.Settings;

/**
 * The secret values of each environment since the operator started, in memory only: a log that is
 * read, or was kept, from before a change may quote one that is no longer in force.
 */
final class KnownSecrets {
  /** Old values kept for one environment; the oldest is forgotten first. */
  private static final int MOST_OLD = 500;

  private final Map<String, LinkedHashSet<String>> known = new ConcurrentHashMap<>();

  /** The settings, which then hide older values too. */
  Settings remember(String uid, Settings settings) {
    var all = known.computeIfAbsent(uid, u -> new LinkedHashSet<>());
    synchronized (all) {
      settings.secrets().forEach(all::addLast);
      while (all.size() > settings.secrets().size() + MOST_OLD) {
        all.removeFirst();
      }
      return settings.hiding(all);
    }
  }

  /** Hides what is known of an environment. */
  Masking masking(String uid) {
    var all = known.get(uid);
    if (all == null) {
      return new Masking(List.of());
    }
    synchronized (all) {
      return new Masking(all);
    }
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    known.keySet().retainAll(uids);
  }
}

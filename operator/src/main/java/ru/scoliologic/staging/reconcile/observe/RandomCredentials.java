package ru.scoliologic.staging.reconcile.observe;

import java.security.SecureRandom;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** New credentials: every character is drawn from the alphabet with the same probability. */
final class RandomCredentials implements Snapshot.RandomValues {
  private final SecureRandom random = new SecureRandom();

  @Override
  public String next(int length, String alphabet) {
    return random
        .ints(length, 0, alphabet.length())
        .map(alphabet::charAt)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}

package ru.scoliologic.staging.configuration;

import at.favre.lib.crypto.bcrypt.BCrypt;
import java.nio.charset.StandardCharsets;

/** The only user of the environment's registry. */
final class RegistryUser {
  static final String NAME = "staging";

  /** Characters, as many bytes, of the salt. */
  static final int SALT_LENGTH = 16;

  /**
   * The least there is: the registry computes it at every request, and nobody guesses 32 random
   * characters however fast a guess is.
   */
  private static final int COST = 4;

  private RegistryUser() {}

  /** As the registry reads it: {@code name:hash}, by bcrypt, for it knows no other. */
  static String line(String password, String salt) {
    var hash =
        BCrypt.with(BCrypt.Version.VERSION_2Y)
            .hash(
                COST,
                salt.getBytes(StandardCharsets.US_ASCII),
                password.getBytes(StandardCharsets.UTF_8));
    return NAME + ":" + new String(hash, StandardCharsets.US_ASCII);
  }
}

package ru.scoliologic.staging.configuration;

import at.favre.lib.crypto.bcrypt.BCrypt;
import java.nio.charset.StandardCharsets;

/** The only user of the environment's registry. */
final class RegistryUser {
  static final String NAME = "staging";

  /** Characters of the salt, each of one byte. */
  static final int SALT_LENGTH = 16;

  /**
   * The least cost of bcrypt: the registry computes it at every request, and 32 random characters
   * cannot be guessed at any speed.
   */
  private static final int COST = 4;

  private RegistryUser() {}

  /** In the form {@code name:hash}, by bcrypt, the only hash that the registry accepts. */
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

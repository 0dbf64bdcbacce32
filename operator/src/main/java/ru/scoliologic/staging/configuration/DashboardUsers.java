package ru.scoliologic.staging.configuration;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Users of the dashboard or of the application's domain in htpasswd form. */
final class DashboardUsers {
  /** The user with which the operator itself checks that the dashboard opens. */
  static final String PROBE_USER = "staging-operator";

  private static final Pattern LINE =
      Pattern.compile(
          "[^:\\s]+:(\\$2[abxy]\\$\\d\\d\\$[./A-Za-z0-9]{53}|\\$apr1\\$[^$\\s]{1,8}\\$[./A-Za-z0-9]{22}"
              + "|\\{SHA}[A-Za-z0-9+/]{27}=)");

  private DashboardUsers() {}

  /** Lines of a given value; the dollar signs that compose files double become single. */
  static List<String> lines(String given) {
    var lines = new ArrayList<String>();
    for (var line : given.split("[\\r\\n,]+", -1)) {
      if (!line.isBlank()) {
        var plain = line.strip();
        lines.add(plain.matches("[^:]+:\\$\\$.*") ? plain.replace("$$", "$") : plain);
      }
    }
    return lines;
  }

  /** The fault of the lines, if any; quotes no part of them. */
  static Optional<String> problem(List<String> lines) {
    if (lines.isEmpty()) {
      return Optional.of("is empty");
    }
    for (int i = 0; i < lines.size(); i++) {
      if (!LINE.matcher(lines.get(i)).matches()) {
        return Optional.of(
            "is not user:hash in line %d: write it with `htpasswd -nB <user>` (bcrypt, apr1 or SHA)"
                .formatted(i + 1));
      }
      if (lines.get(i).startsWith(PROBE_USER + ":")) {
        return Optional.of(
            "has the user %s, which the operator needs for its own check: choose another name"
                .formatted(PROBE_USER));
      }
    }
    return Optional.empty();
  }

  /** The line of the operator's own user. SHA-1 is enough for 32 random characters. */
  static String probeLine(String password) {
    try {
      var digest =
          MessageDigest.getInstance("SHA-1").digest(password.getBytes(StandardCharsets.UTF_8));
      return PROBE_USER + ":{SHA}" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-1", e);
    }
  }
}

package ru.scoliologic.staging.reconcile.validate;

import java.net.IDN;
import java.util.Locale;
import ru.scoliologic.staging.api.Domains;

/** Names with non-ASCII letters, as the DNS encodes them (IDNA, RFC 3490). */
final class HostNames {
  private HostNames() {}

  /** A clause with the encoded name; empty where the name has none. */
  static String asciiForm(String name) {
    if (name == null || name.chars().allMatch(letter -> letter < 128)) {
      return "";
    }
    try {
      var ascii = IDN.toASCII(name.toLowerCase(Locale.ROOT));
      return ascii.matches(Domains.HOST_NAME_PATTERN)
          ? "; the ASCII form of this one is " + ascii
          : "";
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}

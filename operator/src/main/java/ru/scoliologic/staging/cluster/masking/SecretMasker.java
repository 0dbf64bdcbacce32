package ru.scoliologic.staging.cluster.masking;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Removes known secret values from text for users: in plain form, in base64, each line of a
 * multi-line value, and all of these percent-encoded or with JSON escapes. Overlapping and adjacent
 * matches are hidden together, so that no rest of a value remains.
 */
public final class SecretMasker {
  private static final String MASK = "***";

  /** Shorter values are too common to be masked. */
  private static final int SHORTEST = 4;

  /** Shorter values are masked as whole words only: they may be part of a longer word. */
  private static final int DISTINCT = 8;

  /** Longer than any masked text; of such a value only the lines are searched for. */
  private static final int LONGEST = 10_000;

  /** Bound on the characters of all values: each is kept and searched for in a dozen forms. */
  static final int MOST = 512 * 1024;

  private static final String NOT_SHOWN =
      "(not shown, for it may hold a secret: the Secrets that the spec names hold more than 512 KiB,"
          + " which is too much to be searched for; name smaller ones, and mount what is large)";

  /** Too common to be secret, although a Secret may contain them. */
  private static final Set<String> COMMON = Set.of("true", "false", "null", "none");

  private final Set<String> forms = new LinkedHashSet<>();
  private final boolean tooMuch;

  /** Masks the given values; when they exceed the bound, all text is hidden. */
  public SecretMasker(Collection<String> secrets) {
    tooMuch = secrets.stream().mapToLong(String::length).sum() > MOST;
    if (!tooMuch) {
      secrets.forEach(this::add);
    }
  }

  private void add(String secret) {
    if (secret.length() < SHORTEST || COMMON.contains(secret)) {
      return;
    }
    secret.lines().map(String::strip).filter(l -> l.length() >= DISTINCT).forEach(forms::add);
    if (secret.length() > LONGEST) {
      return;
    }
    forms.add(secret);
    if (!secret.strip().isEmpty() && secret.strip().length() >= SHORTEST) {
      forms.add(secret.strip());
    }
    addBase64(secret.getBytes(StandardCharsets.UTF_8));
  }

  /** The value alone, and within a longer one such as user:password, at each of 3 bit offsets. */
  private void addBase64(byte[] value) {
    addBase64(Base64.getEncoder().encodeToString(value));
    addBase64(Base64.getEncoder().withoutPadding().encodeToString(value));
    if (value.length < DISTINCT) {
      return;
    }
    for (int before = 0; before < 3; before++) {
      var longer = new byte[before + value.length];
      System.arraycopy(value, 0, longer, before, value.length);
      // Only characters that do not depend on the bytes before and after.
      addBase64(
          Base64.getEncoder()
              .encodeToString(longer)
              .substring((before * 8 + 5) / 6, longer.length * 8 / 6));
    }
  }

  private void addBase64(String encoded) {
    forms.add(encoded);
    forms.add(encoded.replace('+', '-').replace('/', '_'));
  }

  /** The text with every known value replaced; null for null. */
  public String mask(String text) {
    if (text == null || text.isEmpty()) {
      return text;
    }
    if (tooMuch || forms.isEmpty()) {
      return tooMuch ? NOT_SHOWN : text;
    }
    var hidden = new BitSet(text.length());
    for (var reading : readings(text)) {
      forms.forEach(form -> hide(form, reading, hidden));
    }
    return hidden.isEmpty() ? text : without(hidden, text);
  }

  private static List<DecodedText> readings(String text) {
    var readings = new ArrayList<>(List.of(DecodedText.plain(text)));
    if (text.indexOf('%') >= 0 || text.indexOf('+') >= 0) {
      readings.add(DecodedText.percentDecoded(text, false));
      readings.add(DecodedText.percentDecoded(text, true));
    }
    if (text.indexOf('\\') >= 0) {
      readings.add(DecodedText.unescaped(text));
    }
    return readings;
  }

  private static void hide(String form, DecodedText reading, BitSet hidden) {
    var text = reading.text();
    for (int at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) {
      int end = at + form.length();
      if (form.length() >= DISTINCT || isWord(text, at, end)) {
        hidden.set(reading.origin(at), reading.origin(end));
      }
    }
  }

  private static boolean isWord(String text, int begin, int end) {
    return (begin == 0 || !Character.isLetterOrDigit(text.charAt(begin - 1)))
        && (end == text.length() || !Character.isLetterOrDigit(text.charAt(end)));
  }

  private static String without(BitSet hidden, String text) {
    var masked = new StringBuilder();
    for (int at = 0; at < text.length(); ) {
      int begin = hidden.nextSetBit(at);
      if (begin < 0) {
        return masked.append(text, at, text.length()).toString();
      }
      masked.append(text, at, begin).append(MASK);
      at = hidden.nextClearBit(begin);
    }
    return masked.toString();
  }
}

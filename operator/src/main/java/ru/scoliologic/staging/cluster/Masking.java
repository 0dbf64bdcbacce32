package ru.scoliologic.staging.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Removes known secret values from text that people will read: as they are, in base64, each line of
 * one that has several, and all of that percent-encoded or with backslashes as in JSON. All that is
 * found is hidden together, so a value within another one, or beside it, leaves no rest.
 */
public final class Masking {
  private static final String MASK = "***";

  /** Values that are shorter are too common to be searched for. */
  private static final int SHORTEST = 4;

  /** One that is shorter is searched for as a word: it may be part of another one. */
  private static final int DISTINCT = 8;

  /** Longer than any text that is masked; such a value counts by its lines only. */
  private static final int LONGEST = 10_000;

  /** Nobody's secret, though a Secret may hold it. */
  private static final Set<String> COMMON = Set.of("true", "false", "null", "none");

  private final Set<String> forms = new LinkedHashSet<>();

  public Masking(Collection<String> secrets) {
    secrets.forEach(this::add);
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

  /** Alone, and within something longer such as user:password, where it starts at any of 3 bits. */
  private void addBase64(byte[] value) {
    addBase64(Base64.getEncoder().encodeToString(value));
    addBase64(Base64.getEncoder().withoutPadding().encodeToString(value));
    if (value.length < DISTINCT) {
      return;
    }
    for (int before = 0; before < 3; before++) {
      var longer = new byte[before + value.length];
      System.arraycopy(value, 0, longer, before, value.length);
      // Only characters that say nothing of what stands before and behind.
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
    if (text == null || text.isEmpty() || forms.isEmpty()) {
      return text;
    }
    var hidden = new BitSet(text.length());
    for (var reading : readings(text)) {
      forms.forEach(form -> hide(form, reading, hidden));
    }
    return hidden.isEmpty() ? text : without(hidden, text);
  }

  private static List<Reading> readings(String text) {
    var readings = new ArrayList<>(List.of(Reading.plain(text)));
    if (text.indexOf('%') >= 0 || text.indexOf('+') >= 0) {
      readings.add(Reading.percentDecoded(text, false));
      readings.add(Reading.percentDecoded(text, true));
    }
    if (text.indexOf('\\') >= 0) {
      readings.add(Reading.unescaped(text));
    }
    return readings;
  }

  private static void hide(String form, Reading reading, BitSet hidden) {
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

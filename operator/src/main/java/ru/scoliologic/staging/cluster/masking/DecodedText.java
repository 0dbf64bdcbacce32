package ru.scoliologic.staging.cluster.masking;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A text with its escapes decoded, and the position of each character in the original. */
final class DecodedText {
  private static final String ESCAPES = "nrtbf";
  private static final String MEANINGS = "\n\r\t\b\f";
  private static final int UNICODE = 6;

  private final String text;

  /** One entry per character, and the original's length at the end. */
  private final int[] origins;

  private DecodedText(String text, int[] origins) {
    this.text = text;
    this.origins = origins;
  }

  static DecodedText plain(String text) {
    var builder = new Builder(text);
    for (int i = 0; i < text.length(); i++) {
      builder.add(text.charAt(i), i);
    }
    return builder.build();
  }

  /**
   * Decodes percent-encoding.
   *
   * @param form whether '+' is a space, as in a form
   */
  static DecodedText percentDecoded(String text, boolean form) {
    var builder = new Builder(text);
    for (int i = 0; i < text.length(); ) {
      var bytes = new ByteArrayOutputStream();
      int end = i;
      for (int value = percent(text, end); value >= 0; value = percent(text, end)) {
        bytes.write(value);
        end += 3;
      }
      if (end == i) {
        builder.add(form && text.charAt(i) == '+' ? ' ' : text.charAt(i), i);
        i++;
      } else {
        decoded(bytes.toByteArray(), i, builder);
        i = end;
      }
    }
    return builder.build();
  }

  /** Decodes the bytes as UTF-8; each character is at its first byte. */
  private static void decoded(byte[] bytes, int begin, Builder builder) {
    int at = begin;
    var characters = new String(bytes, StandardCharsets.UTF_8);
    for (int i = 0; i < characters.length(); ) {
      int point = characters.codePointAt(i);
      for (char c : Character.toChars(point)) {
        builder.add(c, Math.min(at, begin + 3 * (bytes.length - 1)));
      }
      i += Character.charCount(point);
      at += 3 * Character.toString(point).getBytes(StandardCharsets.UTF_8).length;
    }
  }

  private static int percent(String text, int at) {
    return at + 2 < text.length() && text.charAt(at) == '%' ? hex(text, at + 1, at + 3) : -1;
  }

  /** Decodes the escapes of a JSON string. */
  static DecodedText unescaped(String text) {
    var builder = new Builder(text);
    for (int i = 0; i < text.length(); ) {
      if (text.charAt(i) != '\\' || i + 1 == text.length()) {
        builder.add(text.charAt(i), i);
        i++;
        continue;
      }
      char escaped = text.charAt(i + 1);
      int code = escaped == 'u' ? hex(text, i + 2, i + UNICODE) : -1;
      int known = ESCAPES.indexOf(escaped);
      if (code >= 0) {
        builder.add((char) code, i);
        i += UNICODE;
      } else {
        builder.add(known >= 0 ? MEANINGS.charAt(known) : escaped, i);
        i += 2;
      }
    }
    return builder.build();
  }

  private static int hex(String text, int begin, int end) {
    int value = 0;
    for (int i = begin; i < end; i++) {
      int digit = i < text.length() ? Character.digit(text.charAt(i), 16) : -1;
      if (digit < 0) {
        return -1;
      }
      value = value * 16 + digit;
    }
    return value;
  }

  String text() {
    return text;
  }

  /** The position of a character in the original; for the end, the original's length. */
  int origin(int index) {
    return origins[index];
  }

  private static final class Builder {
    private final StringBuilder text = new StringBuilder();
    private final int[] origins;
    private final int length;

    private Builder(String original) {
      length = original.length();
      origins = new int[length + 1];
    }

    private void add(char character, int origin) {
      origins[text.length()] = origin;
      text.append(character);
    }

    private DecodedText build() {
      int[] all = Arrays.copyOf(origins, text.length() + 1);
      all[text.length()] = length;
      return new DecodedText(text.toString(), all);
    }
  }
}

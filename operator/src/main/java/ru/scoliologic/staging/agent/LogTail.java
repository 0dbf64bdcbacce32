package ru.scoliologic.staging.agent;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/** The last lines of a log, within bounds. */
final class LogTail {
  static final int LINES = 60;
  static final int BYTES = 8 * 1024;

  /** Of one line; what is longer is a progress bar or a minified file. */
  static final int LONGEST = 500;

  private final Deque<String> lines = new ArrayDeque<>();
  private int bytes;

  /** A line without what a terminal would act upon, and no longer than anybody reads. */
  static String bounded(String line) {
    var plain =
        line.replaceAll("\\u001B\\[[0-9;?]*[A-Za-z]", "").replaceAll("[\\p{Cntrl}&&[^\t]]", "");
    if (plain.length() <= LONGEST) {
      return plain;
    }
    int end = Character.isHighSurrogate(plain.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
    return plain.substring(0, end) + "...";
  }

  synchronized void add(String line) {
    lines.add(line);
    bytes += size(line);
    while (lines.size() > LINES || bytes > BYTES) {
      bytes -= size(lines.remove());
    }
  }

  private static int size(String line) {
    return line.getBytes(StandardCharsets.UTF_8).length + 1;
  }

  /** The lines, each with its end; null while there are none. */
  synchronized String text() {
    return lines.isEmpty() ? null : String.join("\n", lines) + "\n";
  }
}

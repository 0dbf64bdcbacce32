package ru.scoliologic.staging.agent.build;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/** The last lines of a log, within bounds. */
final class LogTail {
  static final int LINES = 60;
  static final int BYTES = 8 * 1024;

  /** Characters of one line; longer ones are progress bars or minified files. */
  static final int LONGEST = 500;

  private final Deque<String> lines = new ArrayDeque<>();
  private int bytes;

  /** The line without terminal control sequences, cut to the limit. */
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

  /** The lines, each with its line end; null when there are none. */
  synchronized String text() {
    return lines.isEmpty() ? null : String.join("\n", lines) + "\n";
  }
}

package ru.scoliologic.staging.cluster.log;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The quoted part of a program's log: the line that names the failure, its remedy, and the last
 * lines.
 *
 * @param line that names the failure, else the last line; empty without a log
 * @param tells whether the line names a failure
 * @param cure the remedy, or empty if unknown
 * @param tail the last lines, bounded; empty when the line is all there is
 */
public record ProgramLog(String line, boolean tells, String cure, String tail) {
  public static final ProgramLog NONE = new ProgramLog("", false, "", "");

  private static final String TAIL = "\nits last lines: ";

  /** Characters of a line that are quoted. */
  private static final int LONGEST_LINE = 400;

  private static final int TAIL_LINES = 12;
  private static final int TAIL_LENGTH = 1_500;

  /**
   * Extracts the quote from the end of a log.
   *
   * @param log with secrets masked: cutting it first could hide a part of one
   * @param component of the container
   */
  public static ProgramLog of(String log, String component) {
    var lines = plain(log).toList();
    if (lines.isEmpty()) {
      return NONE;
    }
    var found = FailureLine.in(log).map(FailureLine::text);
    var line = bounded(found.orElseGet(() -> last(lines.getLast())));
    return new ProgramLog(
        line,
        found.isPresent(),
        found.flatMap(words -> KnownCures.of(words, component)).orElse(""),
        lines.size() == 1 ? "" : tail(lines));
  }

  /** The lines of a log without terminal control sequences. */
  public static Stream<String> plain(String log) {
    return log.lines().map(LogLine::plain).filter(line -> !line.isBlank());
  }

  private static String last(String line) {
    var text = LogLine.of(line).text();
    return text.isEmpty() ? line.strip() : text;
  }

  private static String tail(List<String> lines) {
    var last =
        lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()).stream()
            .map(ProgramLog::bounded)
            .collect(Collectors.joining("\n"));
    return last.length() <= TAIL_LENGTH ? last : "…" + last.substring(last.length() - TAIL_LENGTH);
  }

  private static String bounded(String line) {
    if (line.length() <= LONGEST_LINE) {
      return line;
    }
    int end = Character.isHighSurrogate(line.charAt(LONGEST_LINE - 1)) ? 1 : 0;
    return line.substring(0, LONGEST_LINE - end) + "…";
  }

  /** The whole quote, the failure line first. */
  public String words() {
    return told() + (tail.isEmpty() ? "" : TAIL + tail);
  }

  /** To be appended to a sentence about a program that ended; empty when there is no log. */
  public String quote() {
    return line.isEmpty() ? "" : ": " + words();
  }

  /** To be appended to a sentence about a running program; empty when there is no log. */
  public String aside() {
    if (tells) {
      return "; its log says: " + words();
    }
    return tailOnly();
  }

  /** To be appended to a sentence that already names the cause; empty when there is no log. */
  public String tailOnly() {
    return line.isEmpty() ? "" : TAIL + (tail.isEmpty() ? line : tail);
  }

  /** For a program that is starting; empty when no line names a failure. */
  public String asideWhileStarting() {
    return tells ? "; its log says: " + told() : "";
  }

  private String told() {
    return cure.isEmpty() ? line : line + "; " + cure;
  }

  /** The message without the quoted last lines. */
  public static String sentence(String message) {
    int tail = message.indexOf(TAIL);
    return tail < 0 ? message : message.substring(0, tail);
  }

  /** The message with text inserted before the quoted last lines. */
  public static String with(String message, String more) {
    var sentence = sentence(message);
    return sentence + more + message.substring(sentence.length());
  }
}

package ru.scoliologic.staging.cluster.log;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import ru.scoliologic.staging.cluster.log.LogLine.Weight;

/**
 * The line of a program's log that names the failure. Programs print it before a stack trace or an
 * object dump, so the last lines seldom contain it. Lines that belong together form a block, such
 * as an exception with its trace and causes. The last of the blocks with the highest weight is
 * chosen: the program survived the earlier ones.
 *
 * @param text of the line, without time and colours
 */
record FailureLine(String text) {
  private static final Pattern TRACEBACK =
      Pattern.compile("^(?:\\+ Exception Group )?Traceback \\(most recent call last\\)");
  private static final Pattern CHAINED =
      Pattern.compile("^(?:The above exception was|During handling of the above exception)");
  private static final Pattern CAUSE =
      Pattern.compile("^(?:Caused by: |\\[cause\\]: |---> )(?<what>.+)");
  private static final Pattern ROOT_HEADING = Pattern.compile("^Caused by:$");

  /** A frame of a trace, or a line of its drawing. */
  private static final Pattern FRAME =
      Pattern.compile(
          "^(?:at |from |\\.\\.\\. \\d+|#\\d+ |\\^|~|\\d+: 0x|\\[\\w+\\]: \\[|[{}\\[\\]()*=-]+,?$|code: |errno: )");

  /** Names no failure without the next line. */
  private static final Pattern HEADING =
      Pattern.compile(
          ":\\s*\\{?$|aborted!$|^Error: P\\d{4}$|^(?:fail|crit): .*\\[\\d+\\]$|CONFIG FILE ERROR"
              + "|^(?:ValidationError|[\\w.]+Error): \\d+ validation errors? for \\S+$");

  private static final int HEADINGS = 3;
  private static final int HEADING_REACH = 30;

  /** The program survived trouble that is farther from the end. */
  private static final int HINT_WITHIN = 25;

  private static final Pattern DESCRIPTION = Pattern.compile("^Description:$");
  private static final Pattern INDEX = Pattern.compile("^\\d+: ");

  /** The line; empty when no line names a failure. */
  static Optional<FailureLine> in(String log) {
    var lines = log.lines().map(LogLine::of).filter(line -> !line.text().isEmpty()).toList();
    return new Search(lines).best();
  }

  private static final class Block {
    private final Weight weight;
    private final boolean leveled;
    private int at;
    private int end;

    private Block(Weight weight, boolean leveled, int at) {
      this.weight = weight;
      this.leveled = leveled;
      this.at = at;
      this.end = at;
    }
  }

  private static final class Search {
    private final List<LogLine> lines;
    private final List<Block> blocks = new ArrayList<>();
    private Block open;
    private boolean chained;

    private Search(List<LogLine> lines) {
      this.lines = lines;
    }

    Optional<FailureLine> best() {
      for (int at = 0; at < lines.size(); at++) {
        at = look(at);
      }
      Block best = null;
      for (var block : blocks) {
        boolean counts = block.weight != Weight.HINT || lines.size() - block.end <= HINT_WITHIN;
        if (counts && (best == null || block.weight.compareTo(best.weight) >= 0)) {
          best = block;
        }
      }
      return Optional.ofNullable(best).map(block -> new FailureLine(text(block.at)));
    }

    /** Processes a line; returns the index of the last line consumed. */
    private int look(int at) {
      var line = lines.get(at);
      if (TRACEBACK.matcher(line.text()).find()) {
        return traceback(at);
      }
      if (CHAINED.matcher(line.text()).find()) {
        chained = open != null;
        return at;
      }
      if (ROOT_HEADING.matcher(line.text()).matches()) {
        return rootBelow(at);
      }
      if (CAUSE.matcher(line.text()).matches()) {
        return cause(at);
      }
      if (line.text().contains("APPLICATION FAILED TO START")) {
        return description(at);
      }
      if (line.indented()) {
        return within(at);
      }
      if (line.weight() == Weight.QUIET) {
        open = null;
      } else if (line.weight() != Weight.NONE) {
        begin(line.weight(), line.leveled(), at);
      }
      return at;
    }

    private void begin(Weight weight, boolean leveled, int at) {
      // A message that follows directly at the same level is a consequence.
      if (leveled && open != null && open.leveled && open.weight == weight && open.end == at - 1) {
        open.end = at;
        return;
      }
      open = new Block(weight, leveled, at);
      blocks.add(open);
    }

    /** An exception is printed after its trace; a logged one has the weight of its level. */
    private int traceback(int at) {
      int last = at + 1;
      while (last < lines.size() && (lines.get(last).indented() || isFrame(last))) {
        last++;
      }
      if (last >= lines.size()) {
        return at;
      }
      boolean logged = open != null && open.leveled && open.end == at - 1;
      if (open != null && (logged || chained)) {
        open.at = last;
        open.end = last;
      } else {
        open = new Block(Weight.FATAL, false, last);
        blocks.add(open);
      }
      chained = false;
      return last;
    }

    private boolean isFrame(int at) {
      return FRAME.matcher(lines.get(at).text()).find();
    }

    /** A nested cause comes later and replaces the earlier one. */
    private int cause(int at) {
      if (open == null) {
        open = new Block(Weight.FATAL, false, at);
        blocks.add(open);
      }
      open.at = at;
      open.end = at;
      return at;
    }

    /** The last of the indented causes, else the heading line. */
    private int rootBelow(int at) {
      int last = at;
      while (last + 1 < lines.size() && lines.get(last + 1).indented() && !isFrame(last + 1)) {
        last++;
      }
      return last > at ? cause(last) : at;
    }

    private int description(int at) {
      for (int next = at + 1; next + 1 < lines.size(); next++) {
        if (DESCRIPTION.matcher(lines.get(next).text()).matches()) {
          open = new Block(Weight.FATAL, false, next + 1);
          blocks.add(open);
          return next + 1;
        }
      }
      return at;
    }

    /** Dumps and traces are ignored, with few exceptions. */
    private int within(int at) {
      var text = lines.get(at).text();
      if (open == null) {
        var weight = lines.get(at).weight();
        if (weight.compareTo(Weight.HINT) >= 0 && !isFrame(at)) {
          blocks.add(new Block(Weight.HINT, false, at));
        }
      } else {
        open.end = at;
        if (text.contains("UnsupportedClassVersionError")) {
          open.at = at;
        }
      }
      return at;
    }

    /** The line, joined with the next ones when it is only a heading. */
    private String text(int at) {
      var text = new StringBuilder(plain(at));
      int heading = at;
      for (int joined = 0; joined < HEADINGS && HEADING.matcher(text).find(); joined++) {
        var next = below(heading);
        if (next.isEmpty()) {
          break;
        }
        heading = next.get();
        text.append(text.charAt(text.length() - 1) == ':' ? " " : ": ").append(plain(heading));
      }
      return text.toString();
    }

    private String plain(int at) {
      return INDEX.matcher(lines.get(at).text()).replaceFirst("");
    }

    /** The first line below that names an error, else the first line that is no frame. */
    private Optional<Integer> below(int heading) {
      Optional<Integer> first = Optional.empty();
      int end = Math.min(lines.size(), heading + HEADING_REACH);
      for (int at = heading + 1; at < end; at++) {
        if (isFrame(at) || TRACEBACK.matcher(lines.get(at).text()).find()) {
          continue;
        }
        if (lines.get(at).weight().compareTo(Weight.ERROR) >= 0) {
          return Optional.of(at);
        }
        first = first.isPresent() ? first : Optional.of(at);
      }
      return first;
    }
  }
}

package ru.scoliologic.staging.agent;

import com.github.dockerjava.api.model.ResponseItem;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;

/** What an engine says during one build, by lines. */
final class BuildLog {
  private static final int LAST = 50;

  /** A line that does not end would fill the memory. */
  private static final int LONGEST = 1 << 14;

  private static final Pattern STEP = Pattern.compile("Step \\d+/\\d+ : (.*)");

  /** Colours and cursor movements. */
  private static final Pattern CONTROLS = Pattern.compile("\u001B\\[[0-9;?]*[A-Za-z]");

  private final ImageBuilder.Progress progress;
  private final StringBuilder open = new StringBuilder();
  private final Deque<String> last = new ArrayDeque<>();
  private String step = "";
  private String error;

  BuildLog(ImageBuilder.Progress progress) {
    this.progress = progress;
  }

  void add(ResponseItem item) {
    if (item.getStream() != null) {
      piece(item.getStream());
    } else if (item.getStatus() != null && item.getProgressDetail() == null) {
      line(item.getId() == null ? item.getStatus() : item.getId() + ": " + item.getStatus());
    }
    var detail = item.getErrorDetail();
    if (detail != null && detail.getMessage() != null) {
      error = detail.getMessage();
    }
  }

  private void piece(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\n' || open.length() >= LONGEST) {
        end();
      }
      if (c != '\n') {
        open.append(c);
      }
    }
  }

  /** Gives away what has no end of line. */
  void end() {
    var text = CONTROLS.matcher(open).replaceAll("").stripTrailing();
    open.setLength(0);
    if (!text.isBlank()) {
      // Of a progress bar the last state.
      line(text.substring(text.lastIndexOf('\r') + 1));
    }
  }

  private void line(String text) {
    var started = STEP.matcher(text);
    if (started.matches()) {
      step = started.group(1);
    }
    if (last.size() == LAST) {
      last.removeFirst();
    }
    last.addLast(text);
    progress.line(text);
  }

  /** The instruction that was begun last; empty before the first one. */
  String step() {
    return step;
  }

  List<String> lastLines() {
    return List.copyOf(last);
  }

  /** Why the engine gave the task up, or null. */
  String error() {
    return error;
  }
}

package ru.scoliologic.staging.agent.docker;

import com.github.dockerjava.api.model.ResponseItem;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;
import ru.scoliologic.staging.agent.build.ImageBuilder;

/** The engine's output during one build, by lines. */
final class BuildLog {
  /** Lines that are kept to classify a failure. */
  private static final int LAST = 1_000;

  private static final int LAST_LENGTH = 256 * 1024;

  /** Limit of a line without an end, to bound memory. */
  private static final int LONGEST = 1 << 14;

  private static final Pattern STEP = Pattern.compile("Step \\d+/\\d+ : (.*)");

  /** Colours and cursor movements. */
  private static final Pattern CONTROLS = Pattern.compile("\u001B\\[[0-9;?]*[A-Za-z]");

  private final ImageBuilder.Progress progress;
  private final StringBuilder open = new StringBuilder();
  private final Deque<String> last = new ArrayDeque<>();
  private int length;
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
      error = progress.masked(detail.getMessage());
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

  /** Flushes text without a line end. */
  void end() {
    var text = CONTROLS.matcher(open).replaceAll("").stripTrailing();
    open.setLength(0);
    if (!text.isBlank()) {
      // The last state of a progress bar.
      line(text.substring(text.lastIndexOf('\r') + 1));
    }
  }

  private void line(String text) {
    var started = STEP.matcher(text);
    if (started.matches()) {
      step = progress.masked(started.group(1));
    }
    var masked = progress.masked(text);
    last.addLast(masked);
    length += masked.length();
    while (last.size() > LAST || length > LAST_LENGTH) {
      length -= last.removeFirst().length();
    }
    progress.line(text);
  }

  /** The last started instruction; empty before the first one. */
  String step() {
    return step;
  }

  /** The last lines, masked. */
  List<String> lastLines() {
    return List.copyOf(last);
  }

  /** The engine's error message, masked, or null. */
  String error() {
    return error;
  }
}

package ru.scoliologic.staging.agent.docker;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds Dockerfile syntax that needs BuildKit. The engine's own builder rejects some of it and
 * ignores the rest: it runs a here-document as an empty command.
 */
final class BuildKitSyntax {
  private static final Pattern INSTRUCTION =
      Pattern.compile("\\s*(ONBUILD\\s+)?([A-Za-z]+)(\\s.*)?");
  private static final Pattern FLAG = Pattern.compile("\\s+--([a-z-]+)(?:=(\\S*))?");
  private static final Pattern HERE_DOCUMENT =
      Pattern.compile("(?<=\\s)\\d*<<-?([\"']?)([A-Za-z_][A-Za-z0-9_.]*)\\1(?=\\s|$|[|>;&)])");
  private static final Pattern DIRECTIVE =
      Pattern.compile("#\\s*(\\w+)\\s*=\\s*(\\S+)\\s*", Pattern.CASE_INSENSITIVE);
  private static final Pattern STAGE = Pattern.compile("(?i).*\\sAS\\s+(\\S+)\\s*");

  /**
   * One such construct.
   *
   * @param line from 1
   * @param construct as written, shortened
   * @param certain whether every engine without BuildKit fails on it; else it depends on the
   *     version
   */
  record Use(int line, String construct, boolean certain) {}

  private record Instruction(int line, String name, String rest) {}

  private final List<String> lines;
  private final List<Instruction> instructions = new ArrayList<>();
  private String syntax;
  private char escape = '\\';

  private BuildKitSyntax(String dockerfile) {
    lines = dockerfile.lines().toList();
    directives();
    parse();
  }

  /**
   * The first certain use in the part of a Dockerfile that builds a target; in all of it without
   * one.
   */
  static Optional<Use> certain(String dockerfile, String target) {
    var file = new BuildKitSyntax(dockerfile);
    return file.uses(file.upTo(target)).filter(Use::certain).findFirst();
  }

  /** The first use anywhere, including uses that depend on the engine's version. */
  static Optional<Use> any(String dockerfile) {
    var file = new BuildKitSyntax(dockerfile);
    return Stream.concat(file.uses(file.instructions.size()), file.frontend()).findFirst();
  }

  private void directives() {
    for (var line : lines) {
      var directive = DIRECTIVE.matcher(line);
      if (!directive.matches()) {
        return;
      }
      switch (directive.group(1).toLowerCase(Locale.ROOT)) {
        case "syntax" -> syntax = line;
        case "escape" -> escape = directive.group(2).charAt(0);
        default -> {}
      }
    }
  }

  private void parse() {
    var text = new StringBuilder();
    int start = 0;
    for (int i = 0; i < lines.size(); i++) {
      var line = lines.get(i).stripTrailing();
      if (line.isBlank() || line.stripLeading().startsWith("#")) {
        continue;
      }
      if (text.isEmpty()) {
        start = i + 1;
      }
      boolean goesOn = line.charAt(line.length() - 1) == escape;
      text.append(goesOn ? line.substring(0, line.length() - 1) : line).append(' ');
      if (!goesOn) {
        instruction(start, text.toString());
        text.setLength(0);
      }
    }
    instruction(start, text.toString());
  }

  private void instruction(int line, String text) {
    var parts = INSTRUCTION.matcher(text);
    if (parts.matches()) {
      var rest = parts.group(3) == null ? "" : parts.group(3);
      instructions.add(new Instruction(line, parts.group(2).toUpperCase(Locale.ROOT), rest));
    }
  }

  /** Number of instructions up to the end of a target, which is a stage's name or number. */
  private int upTo(String target) {
    boolean found = false;
    int stage = -1;
    for (int i = 0; i < instructions.size(); i++) {
      if (!instructions.get(i).name().equals("FROM")) {
        continue;
      }
      if (found) {
        return i;
      }
      stage++;
      var named = STAGE.matcher(instructions.get(i).rest());
      found =
          String.valueOf(stage).equals(target)
              || (named.matches() && named.group(1).equalsIgnoreCase(target));
    }
    return instructions.size();
  }

  private Stream<Use> uses(int first) {
    return instructions.stream().limit(first).flatMap(i -> use(i).stream());
  }

  private Stream<Use> frontend() {
    return syntax == null
            || syntax.matches("#\\s*syntax\\s*=\\s*(docker\\.io/)?docker/dockerfile:.*")
        ? Stream.empty()
        : Stream.of(new Use(lines.indexOf(syntax) + 1, syntax.strip(), false));
  }

  private Optional<Use> use(Instruction instruction) {
    var flags = FLAG.matcher(instruction.rest());
    int end = 0;
    while (flags.find(end) && flags.start() == end) {
      end = flags.end();
      var construct = instruction.name() + " --" + flags.group(1);
      switch (construct) {
        case "RUN --mount",
            "RUN --network",
            "RUN --security",
            "RUN --device",
            "COPY --chmod",
            "COPY --parents",
            "COPY --exclude",
            "ADD --chmod",
            "ADD --checksum",
            "ADD --keep-git-dir",
            "ADD --exclude",
            "ADD --unpack" -> {
          return Optional.of(new Use(instruction.line(), construct, true));
        }
        case "COPY --link", "ADD --link" -> {
          return Optional.of(new Use(instruction.line(), construct, false));
        }
        case "FROM --platform" -> {
          if (flags.group(2) != null && flags.group(2).matches("\\$\\{?(BUILD|TARGET).*")) {
            return Optional.of(
                new Use(instruction.line(), construct + "=" + flags.group(2), false));
          }
        }
        default -> {}
      }
    }
    return hereDocument(instruction);
  }

  private Optional<Use> hereDocument(Instruction instruction) {
    if (!List.of("RUN", "COPY", "ADD").contains(instruction.name())) {
      return Optional.empty();
    }
    var words = HERE_DOCUMENT.matcher(instruction.rest());
    while (words.find()) {
      var end = words.group(2);
      if (lines.stream().skip(instruction.line()).anyMatch(line -> line.strip().equals(end))) {
        return Optional.of(new Use(instruction.line(), instruction.name() + " <<" + end, true));
      }
    }
    return Optional.empty();
  }
}

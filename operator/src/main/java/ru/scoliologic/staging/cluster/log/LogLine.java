package ru.scoliologic.staging.cluster.log;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One line of a program's log, classified by its form.
 *
 * @param text without colours, times and process ids
 * @param indented whether it continues the line above
 * @param weight how surely it names a failure
 * @param leveled whether a logger wrote it, as its level shows
 */
record LogLine(String text, boolean indented, Weight weight, boolean leveled) {

  /** How surely a line names the failure that ended the program. */
  enum Weight {
    /** Unknown. */
    NONE,
    /** Information, by its level. */
    QUIET,
    /** Contains words that suggest trouble. */
    HINT,
    ERROR,
    /** A message that programs print when they end. */
    FATAL
  }

  /** Characters of a line that are classified. */
  private static final int LONGEST = 2_000;

  private static final Pattern COLOURS = Pattern.compile("\u001B\\[[0-9;?]*[ -/]*[@-~]");
  private static final Pattern CONTROLS = Pattern.compile("[\\p{Cntrl}&&[^\t]]");

  /** Logger, time and process; each may occur several times. */
  private static final Pattern PREFIX =
      Pattern.compile(
          "^(?:[\\w.-]+ +\\| ?"
              + "|\\d+:[A-Z] \\d{2} \\w{3} \\d{4} [\\d:.]+ [#*.-] +"
              + "|[\\[(]?(?:\\d{4}[-/.]\\d\\d[-/.]\\d\\d[T ,]+)?\\d{1,2}:\\d\\d(?::\\d\\d)?(?:[.,]\\d+)?"
              + "(?: ?Z| ?[+-]\\d\\d:?\\d\\d| UTC| ?[AP]M)?[\\])]?[\\s,|-]+"
              + "|\\[\\d+\\][:\\s]*"
              + "|npm (?:ERR!|error) ?)");

  private static final Pattern KLOG =
      Pattern.compile("^([IWEF])\\d{4} [\\d:.]+ +\\d+ \\S+:\\d+\\] (.*)$");

  private static final Set<String> FATALS =
      Set.of(
          "EMERG", "ALERT", "CRITICAL", "CRIT", "FATAL", "PANIC", "FTL", "SEVERE", "DPANIC", "F");
  private static final Set<String> ERRORS = Set.of("ERROR", "ERR", "ERRO", "FAIL", "E");
  private static final Set<String> WARNINGS = Set.of("WARN", "WARNING", "WRN", "W");

  private static final String LEVELS =
      "EMERG|ALERT|CRITICAL|CRIT|FATAL|PANIC|DPANIC|FTL|SEVERE|ERROR|ERRO|ERR|WARNING|WARN|WRN"
          + "|INFO|INF|NOTICE|DEBUG|DBG|DBUG|TRACE|TRCE|TRC|VERBOSE";

  /** A level where loggers write it; in lower case only with a logger's delimiters. */
  private static final Pattern LEVEL =
      Pattern.compile(
          "(?:^|[\\s\\[(|:])("
              + LEVELS
              + "|LOG(?=:))(?=$|[\\s\\])|:!,])"
              + "|(?i:[\\[(]("
              + LEVELS
              + ")[\\])]|\\b(?:level|lvl|severity)=\"?("
              + LEVELS
              + ")\\b"
              + "|^(fatal|error|crit|fail|warn|info|dbug)(?=: |:$))");

  /** A level is at the beginning, after a logger's name at most. */
  private static final int LEVEL_WITHIN = 80;

  private static final Pattern LAST_WORDS =
      Pattern.compile(
          "^panic: |^fatal error: |^Exception in thread |^Unhandled exception|^(?:PHP )?Fatal error: "
              + "|^thread '.*' panicked at |APPLICATION FAILED TO START|: exec format error$"
              + "|error while loading shared libraries|^Error loading shared library"
              + "|:\\d+:in .*\\([A-Z]\\w*(?:::\\w+)*\\)$|^(?:rails|rake) aborted!"
              + "|\\*\\*\\* FATAL CONFIG FILE ERROR|^Error: LinkageError occurred"
              + "|^Error: Could not find or load main class|^Error: Unable to access jarfile"
              + "|^Segmentation fault|^terminate called after throwing");

  private static final Pattern ERROR =
      Pattern.compile(
          "^\\[?(?:[\\w$]+(?:\\.|::|\\\\))*[A-Z]\\w*(?:Error|Exception|Failure|Rejection)\\b"
              + "(?: \\[[^\\]]*\\]| \\([^)]*\\))?(?::.*|$| \\{$)"
              + "|^(?i:error) ?[:!\\[]|: error(?: \\w+)?: |^[\\w./-]+: fatal: |: bad option|^E: "
              + "|^ERROR in |^FAILED: |\\.\\.\\.\\s*error: |^Caused by: |^error during |flag provided but not defined"
              + "|unknown (?:flag|option|command|shorthand)|unrecogni[sz]ed (?:option|argument)"
              + "|: (?:command )?not found$|Can't open or create|^Bad directive");

  private static final Pattern TROUBLE =
      Pattern.compile(
          "(?i)permission denied|no such file|read-only file|already in use|no such host|no space left"
              + "|out of memory|connection refused|ECONN\\w+|EROFS|ENOENT|EACCES|ENOTFOUND|EADDR\\w+"
              + "|could ?n[o']t|cannot|can't|unable to|unresolved|\\bfail(?:ed|ure|s)?\\b|not found"
              + "|denied|refused|timed? ?out|invalid|missing|unknown|undefined|\\babort|mismatch"
              + "|does not exist|authentication|unauthorized|\\berror\\b|exception|not set|required");

  /** Phrases such as "0 errors" that match {@code TROUBLE} without trouble. */
  private static final Pattern HARMLESS =
      Pattern.compile(
          "(?i)\\b(?:0|no|zero|without|any) (?:\\w+ )?(?:errors?|fail\\w*|warnings?|problems?|issues?"
              + "|exceptions?|vulnerabilities)\\b"
              + "|\\b(?:errors?|failed|failures?|warnings?|missing)['\"]?\\s*[:=]\\s*(?:0\\b|none|null"
              + "|false|nil|off|undefined|\"\"|''|\\[\\])|\\berror_log\\b"
              + "|\\berror[ _-]?(?:pages?|handl\\w+|report\\w*|level|track\\w*)\\b");

  /** Handled or possible trouble, and access log lines. */
  private static final Pattern GOT_OVER =
      Pattern.compile(
          "(?i)using (?:the )?default|falling back|ignor(?:ed|ing)|skipp(?:ed|ing)|optional"
              + "|\\b(?:may|might) (?:\\w+ )?(?:fail|break|not)\\b|deprecat"
              + "|\"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) \\S+ HTTP/");

  /** Messages of wrappers about a program that ended, and of servers that start: not the cause. */
  private static final Pattern CONSEQUENCE =
      Pattern.compile(
          "(?i)ELIFECYCLE|command failed with exit code|^exit status \\d+|^signal: |lifecycle script"
              + "|complete log of this run|^Node\\.js v\\d|^(?:code|errno|path|command|syscall|signal|cwd"
              + "|workspace|location|dest|failed at the)\\b|worker \\(pid:\\d+\\) exited"
              + "|shutting down: master|worker failed to boot|database system is (?:starting|shutting)"
              + "|^Error relocating |\\[Help 1\\]|full stack trace of the errors|Re-run Maven"
              + "|information about the errors|^make(?:\\[\\d+\\])?: \\*\\*\\*|process exited with"
              + "|subprocess-exited|terminating connection due to administrator");

  private static final Pattern RETRY =
      Pattern.compile(
          "(?i)\\bretry(?:ing)?\\b|\\bretries\\b|will try|try(?:ing)? again|attempt (?:#|no\\.? )?\\d"
              + "|reconnect|backing off");
  private static final Pattern GIVES_UP =
      Pattern.compile("(?i)giv(?:e|es|ing|en) up|gave up|exhausted|exceeded|no more|aborting");

  /** Removes terminal control sequences. */
  static String plain(String raw) {
    return CONTROLS.matcher(COLOURS.matcher(raw).replaceAll("")).replaceAll("").stripTrailing();
  }

  static LogLine of(String raw) {
    var plain = plain(raw);
    var json = JsonLine.of(plain.strip());
    if (json.isPresent()) {
      var text = json.get().text();
      return new LogLine(text, false, ofLevel(json.get().level(), text), true);
    }
    var klog = KLOG.matcher(plain);
    if (klog.matches()) {
      return new LogLine(klog.group(2), false, ofLevel(klog.group(1), klog.group(2)), true);
    }
    boolean npm = plain.startsWith("npm ");
    var text = withoutPrefix(plain.substring(0, Math.min(plain.length(), LONGEST)));
    boolean indented = !text.isEmpty() && Character.isWhitespace(text.charAt(0));
    var level = indented ? Optional.<String>empty() : level(text);
    var weight =
        level
            .map(word -> strongest(ofLevel(word, text), unleveled(text.strip())))
            .orElseGet(() -> unleveled(text.strip()));
    return new LogLine(
        text.strip(),
        indented,
        npm && weight == Weight.NONE ? npm(text) : weight,
        npm || level.isPresent());
  }

  /** A final message stays FATAL whatever level it contains. */
  private static Weight strongest(Weight ofLevel, Weight ofForm) {
    return ofForm == Weight.FATAL ? ofForm : ofLevel;
  }

  /** Messages of npm about a failure are hints, except for its details. */
  private static Weight npm(String text) {
    return text.isBlank() || CONSEQUENCE.matcher(text).find() ? Weight.NONE : Weight.HINT;
  }

  private static String withoutPrefix(String line) {
    var text = line;
    for (var prefix = PREFIX.matcher(text); prefix.find(); prefix = PREFIX.matcher(text)) {
      text = text.substring(prefix.end());
    }
    return text;
  }

  private static Optional<String> level(String text) {
    var level = LEVEL.matcher(text.substring(0, Math.min(text.length(), LEVEL_WITHIN)));
    if (!level.find()) {
      return Optional.empty();
    }
    for (int group = 1; group <= level.groupCount(); group++) {
      if (level.group(group) != null) {
        return Optional.of(level.group(group).toUpperCase(Locale.ROOT));
      }
    }
    return Optional.empty();
  }

  private static Weight ofLevel(String level, String text) {
    if (CONSEQUENCE.matcher(text).find()) {
      return Weight.QUIET;
    }
    if (HARMLESS.matcher(text).find()) {
      return Weight.QUIET;
    }
    if (FATALS.contains(level) || ERRORS.contains(level)) {
      return retries(text) ? Weight.HINT : FATALS.contains(level) ? Weight.FATAL : Weight.ERROR;
    }
    return WARNINGS.contains(level) && hints(text) ? Weight.HINT : Weight.QUIET;
  }

  private static Weight unleveled(String text) {
    if (CONSEQUENCE.matcher(text).find()) {
      return Weight.NONE;
    }
    if (LAST_WORDS.matcher(text).find()) {
      return Weight.FATAL;
    }
    if (HARMLESS.matcher(text).find()) {
      return Weight.NONE;
    }
    if (ERROR.matcher(text).find()) {
      return retries(text) ? Weight.HINT : Weight.ERROR;
    }
    return hints(text) ? Weight.HINT : Weight.NONE;
  }

  private static boolean hints(String text) {
    return TROUBLE.matcher(text).find() && !GOT_OVER.matcher(text).find();
  }

  private static boolean retries(String text) {
    return RETRY.matcher(text).find() && !GIVES_UP.matcher(text).find();
  }
}

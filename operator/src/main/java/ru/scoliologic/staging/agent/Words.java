package ru.scoliologic.staging.agent;

import java.util.regex.Pattern;

/** What engines and registries say, made fit for one sentence. */
final class Words {
  private static final int LONGEST = 1000;

  private static final Pattern UNREACHABLE =
      Pattern.compile(
          "no such host|connection refused|connection reset|broken pipe|i/o timeout"
              + "|network is unreachable|no route to host|tls handshake timeout|client\\.timeout"
              + "|context deadline exceeded|temporary failure in name resolution|server misbehaving"
              + "|unexpected eof|: eof$|bad gateway|service unavailable|gateway time-?out"
              + "|internal server error|http status: 5\\d\\d|too ?many ?requests|proxyconnect",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern REFUSED =
      Pattern.compile(
          "unauthorized|denied|no basic auth credentials|authentication required|forbidden"
              + "|insufficient_scope",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern FAILED =
      Pattern.compile(
          "internal server error|http status: 500|unknown error|no space left on device",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern DISK_FULL =
      Pattern.compile("no space left on device|disk quota exceeded", Pattern.CASE_INSENSITIVE);
  private static final Pattern MEMORY_FULL =
      Pattern.compile(
          "cannot allocate memory|out of memory|resource temporarily unavailable",
          Pattern.CASE_INSENSITIVE);

  private Words() {}

  /** One line of bounded length, without the full stop. */
  static String line(String text) {
    var line = text.strip().replaceAll("\\s*\\R\\s*", " ");
    line = line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line;
    return line.endsWith(".") && !line.endsWith("...")
        ? line.substring(0, line.length() - 1)
        : line;
  }

  /** A server did not answer, or not now: the same may work later. */
  static boolean unreachable(String said) {
    return UNREACHABLE.matcher(said).find();
  }

  /** A server met an error of its own; distribution's registry says no more of a full disk. */
  static boolean failed(String said) {
    return FAILED.matcher(said).find();
  }

  /** A server wants other credentials. */
  static boolean refused(String said) {
    return REFUSED.matcher(said).find();
  }

  static boolean diskFull(String said) {
    return DISK_FULL.matcher(said).find();
  }

  static boolean memoryFull(String said) {
    return MEMORY_FULL.matcher(said).find();
  }
}

package ru.scoliologic.staging.agent.docker;

import java.util.regex.Pattern;

/** Shortens and classifies messages of engines and registries. */
final class ErrorText {
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

  private ErrorText() {}

  /** One line of bounded length, without the final period. */
  static String line(String text) {
    var line = text.strip().replaceAll("\\s*\\R\\s*", " ");
    line = line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line;
    return line.endsWith(".") && !line.endsWith("...")
        ? line.substring(0, line.length() - 1)
        : line;
  }

  /** The server did not respond or is unavailable: a retry may succeed. */
  static boolean unreachable(String said) {
    return UNREACHABLE.matcher(said).find();
  }

  /**
   * The server reported an internal error; distribution's registry gives no other cause for a full
   * disk.
   */
  static boolean failed(String said) {
    return FAILED.matcher(said).find();
  }

  /** The server rejected the credentials. */
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

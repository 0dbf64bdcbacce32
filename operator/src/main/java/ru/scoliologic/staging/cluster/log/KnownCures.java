package ru.scoliologic.staging.cluster.log;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Remedies for failures that programs report in messages of their own. */
public final class KnownCures {
  private static final String APP = "app";
  private static final String MIGRATION = "migration";

  /** A class file's version minus this is its Java version. */
  private static final int CLASS_FILE_BEFORE_JAVA = 44;

  private static final Pattern CLASS_FILE =
      Pattern.compile("class file version (\\d{1,3})(?:\\.\\d+)?(?:.*?up to (\\d{1,3}))?");
  private static final Pattern OTHER_PROCESSOR = Pattern.compile("(?i)exec format error");
  private static final Pattern LIBRARY =
      Pattern.compile(
          "(?:error while loading shared libraries: |Error loading shared library )([^:\\s]+)");
  private static final Pattern NOT_EXECUTABLE =
      Pattern.compile("(?i)^\\S*sh: .*permission denied|exec\\b.*permission denied");
  private static final Pattern LOW_PORT =
      Pattern.compile("(?i)\\b(?:listen|bind)\\b.*(?:permission denied|EACCES)");
  private static final Pattern PORT_TAKEN =
      Pattern.compile(
          "(?i)EADDRINUSE|address (?:is )?already in use|port \\d+ (?:was|is) already in use");
  private static final Pattern NOT_WRITABLE =
      Pattern.compile(
          "(?i)EROFS|read-only file ?system|ENOENT[^/]*\\bmkdir\\b|EACCES|permission denied"
              + "|AccessDeniedException");
  private static final Pattern NO_HOST =
      Pattern.compile(
          "(?i)\\bENOTFOUND|EAI_AGAIN|no such host|could not translate host name"
              + "|name or service not known|UnknownHostException|name resolution|host not found in"
              + "|name does not resolve");
  private static final Pattern NO_LOGIN =
      Pattern.compile("(?i)password authentication failed|\\bP1000\\b|no password supplied");
  private static final Pattern NO_REDIS_LOGIN =
      Pattern.compile("WRONGPASS|NOAUTH|invalid username-password pair");
  private static final Pattern REFUSED =
      Pattern.compile("(?i)refused|ECONNREFUSED|can't reach database server");
  private static final Pattern LOCAL =
      Pattern.compile("(?:127\\.0\\.0\\.1|::1|localhost)\\b.{0,20}?(?:\\]?:|port )(\\d{2,5})\\b");
  private static final Pattern NODE_HEAP = Pattern.compile("JavaScript heap out of memory");

  private static final Pattern PATH = Pattern.compile("(?<![\\w./])/[\\w@.+-]+(?:/[\\w@.+-]+)*");

  /** The source location in a message, which is removed. */
  private static final Pattern SOURCE =
      Pattern.compile("\\bin /\\S+(?: on line |:)\\d+|^\\S+:\\d+:");

  private static final Pattern FOLDER_WITHIN = Pattern.compile("/[^/]+/.+");
  private static final Pattern FILE = Pattern.compile(".*\\.\\w{1,8}");

  private static final List<Function<String, Optional<String>>> OF_ALL =
      List.of(
          line -> found(CLASS_FILE, line).map(KnownCures::java),
          line ->
              found(OTHER_PROCESSOR, line)
                  .map(found ->
                      "the image is built for another processor than the node's, or its script has no"
                          + " #! line: build it for the node's architecture, or choose nodes by the"
                          + " label kubernetes.io/arch in nodeSelector"),
          line ->
              found(LIBRARY, line)
                  .map(found ->
                      "the image lacks the library %s: install it there, or use a base image that has"
                              .formatted(found.group(1))
                          + " it"),
          line ->
              found(NOT_EXECUTABLE, line)
                  .map(found -> "the file may not be executed: give it the x bit in the image"),
          line ->
              found(LOW_PORT, line)
                  .map(found ->
                      "ports below 1024 need a right that the container does not have: listen on a"
                          + " higher one"),
          line ->
              found(PORT_TAKEN, line)
                  .map(found ->
                      "two programs of this container want one port: start the program once, or give"
                          + " the other one another port"));

  private static final List<Function<String, Optional<String>>> OF_THE_APP =
      List.of(
          KnownCures::local,
          line ->
              found(NO_HOST, line)
                  .map(found ->
                      "the cluster knows no host of that name: PostgreSQL is at $(POSTGRES_HOST), Redis"
                          + " at $(REDIS_HOST), in spec.services.app.env"),
          line ->
              found(NO_LOGIN, line)
                  .map(found ->
                      "PostgreSQL refuses that login: in spec.services.app.env, compose its address of"
                          + " $(POSTGRES_USER) and $(POSTGRES_PASSWORD:url); where it is, the value in"
                          + " the Secret was changed by hand and PostgreSQL's was not: put it back, and"
                          + " rotate the key instead"),
          line ->
              found(NO_REDIS_LOGIN, line)
                  .map(found ->
                      "Redis refuses that password: in spec.services.app.env, compose its address of"
                          + " $(REDIS_PASSWORD:url)"),
          line ->
              found(NODE_HEAP, line)
                  .map(found ->
                      "Node's heap is full: raise spec.services.app.resources.limits.memory, or"
                          + " --max-old-space-size in NODE_OPTIONS"));

  private KnownCures() {}

  /**
   * The remedy for a log line, if one is known.
   *
   * @param component of the container: fields of the application's spec help no other component
   */
  public static Optional<String> of(String line, String component) {
    var cure = first(OF_ALL, line);
    return switch (component) {
      case APP -> cure.or(() -> first(OF_THE_APP, line)).or(() -> volume(line));
      case MIGRATION ->
          cure.or(() -> first(OF_THE_APP, line))
              .or(() ->
                  path(line)
                      .map(path ->
                          "the root of the file system is read-only: a migration can write below /tmp"
                              + " only"));
      default -> cure;
    };
  }

  private static Optional<String> first(
      List<Function<String, Optional<String>>> cures, String line) {
    return cures.stream().flatMap(cure -> cure.apply(line).stream()).findFirst();
  }

  private static Optional<Matcher> found(Pattern pattern, String line) {
    return Optional.of(pattern.matcher(line)).filter(Matcher::find);
  }

  private static String java(Matcher found) {
    var needs = "it was compiled for Java %d".formatted(version(found.group(1)));
    return found.group(2) == null
        ? needs + ": use a base image with that version or a newer one"
        : "%s and the image has Java %d: use a base image with Java %d or newer"
            .formatted(needs, version(found.group(2)), version(found.group(1)));
  }

  private static int version(String ofClassFile) {
    return Integer.parseInt(ofClassFile) - CLASS_FILE_BEFORE_JAVA;
  }

  private static Optional<String> local(String line) {
    return found(REFUSED, line)
        .flatMap(refused -> found(LOCAL, line))
        .map(local ->
            switch (local.group(1)) {
              case "5432" ->
                  "PostgreSQL does not run in this container: use $(POSTGRES_HOST) in"
                      + " spec.services.app.env";
              case "6379" ->
                  "Redis does not run in this container: use $(REDIS_HOST) in spec.services.app.env";
              default ->
                  "nothing listens on port %s of this container itself: name the host that does"
                      .formatted(local.group(1));
            });
  }

  private static Optional<String> volume(String line) {
    return path(line)
        .map(path -> {
          boolean file = !line.contains("mkdir") && FILE.matcher(path).matches();
          var folder = file ? path.substring(0, path.lastIndexOf('/')) : path;
          return FOLDER_WITHIN.matcher(folder).matches()
              ? "the root of the file system is read-only: name a volume in"
                  + " spec.services.app.volumes with path "
                  + folder
              : "the root of the file system is read-only: have it written to a folder of its own,"
                  + " and name a volume for that in spec.services.app.volumes";
        });
  }

  /** The path that could not be written. */
  private static Optional<String> path(String line) {
    return found(NOT_WRITABLE, line)
        .flatMap(cause ->
            PATH.matcher(SOURCE.matcher(line).replaceAll(" "))
                .results()
                .map(result -> result.group())
                .reduce((one, later) -> later));
  }
}

package ru.scoliologic.staging.cli;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;

/**
 * What {@code java -jar} starts: says what Java the operator needs where an older one runs, and else
 * starts it. Compiled for Java 8, so that every Java can read it.
 */
public final class Launcher {
  private static final String MAIN = "ru.scoliologic.staging.cli.Main";

  /** Number of a class file's version that is not yet one of Java's own. */
  private static final int CLASS_FILE_BEFORE_JAVA = 44;

  private Launcher() {}

  public static void main(String[] args) throws Throwable {
    String refusal = refusal(System.getProperty("java.specification.version"), needed());
    if (refusal != null) {
      System.err.println(refusal);
      System.exit(1);
    }
    try {
      Class.forName(MAIN).getMethod("main", String[].class).invoke(null, (Object) args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** The Java that the operator was compiled for. */
  static int needed() throws IOException {
    try (InputStream file =
            Launcher.class.getResourceAsStream("/" + MAIN.replace('.', '/') + ".class");
        DataInputStream main = new DataInputStream(file)) {
      main.skipBytes(6);
      return main.readUnsignedShort() - CLASS_FILE_BEFORE_JAVA;
    }
  }

  /**
   * Why it cannot start, in one line, or null when it can.
   *
   * @param running such as 1.8 or 17
   * @param needed such as 25
   */
  static String refusal(String running, int needed) {
    int version = Integer.parseInt(running.startsWith("1.") ? running.substring(2) : running);
    return version >= needed
        ? null
        : "operator.jar needs Java "
            + needed
            + ", and this is Java "
            + running
            + ": start it by a newer one, or run the operator's image, which has it: docker run --rm"
            + " -i <image> <arguments>";
  }
}

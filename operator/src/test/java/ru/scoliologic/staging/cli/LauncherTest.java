package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code java -jar} starts first, compiled here as the build does. */
class LauncherTest {
  private static final String NAME = "ru.scoliologic.staging.cli.Launcher";
  private static final int CLASS_FILE_OF_JAVA_8 = 52;

  @TempDir static Path classes;
  private static Class<?> launcher;

  @BeforeAll
  static void it_is_compiled_for_java_8() throws Exception {
    var source = "src/launcher/java/" + NAME.replace('.', '/') + ".java";
    assertThat(
            ToolProvider.getSystemJavaCompiler()
                .run(
                    null,
                    null,
                    null,
                    "--release",
                    "8",
                    "-Xlint:-options",
                    "-d",
                    classes.toString(),
                    source))
        .isZero();
    var paths = System.getProperty("java.class.path").split(File.pathSeparator, -1);
    var urls = new URL[paths.length + 1];
    urls[0] = classes.toUri().toURL();
    for (int at = 0; at < paths.length; at++) {
      urls[at + 1] = Path.of(paths[at]).toUri().toURL();
    }
    launcher = new URLClassLoader(urls, null).loadClass(NAME);
  }

  private static Object call(String method, Class<?>[] types, Object... arguments)
      throws ReflectiveOperationException {
    var found = launcher.getDeclaredMethod(method, types);
    found.setAccessible(true);
    return found.invoke(null, arguments);
  }

  private static String refusal(String running, int needed) throws ReflectiveOperationException {
    return (String) call("refusal", new Class<?>[] {String.class, int.class}, running, needed);
  }

  @ParameterizedTest
  @CsvSource({"1.8", "11", "17", "24"})
  void an_older_java_says_in_one_line_what_is_needed(String running)
      throws ReflectiveOperationException {
    assertThat(refusal(running, 25))
        .startsWith("operator.jar needs Java 25, and this is Java " + running)
        .contains("docker run")
        .hasLineCount(1);
  }

  @Test
  void the_java_that_is_needed_and_newer_ones_start_it() throws ReflectiveOperationException {
    assertThat(refusal("25", 25)).isNull();
    assertThat(refusal("26", 25)).isNull();
  }

  @Test
  void it_knows_what_the_operator_was_compiled_for() throws ReflectiveOperationException {
    assertThat(call("needed", new Class<?>[] {})).isEqualTo(25);
  }

  @Test
  void every_java_since_8_can_read_it_and_the_jar_begins_with_it() throws IOException {
    var file = Files.readAllBytes(classes.resolve(NAME.replace('.', '/') + ".class"));

    assertThat(file[7]).isEqualTo((byte) CLASS_FILE_OF_JAVA_8);
    assertThat(Files.readString(Path.of("pom.xml")))
        .contains("<launcher.class>" + NAME + "</launcher.class>")
        .contains("<mainClass>${launcher.class}</mainClass>");
  }
}

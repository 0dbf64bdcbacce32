package ru.scoliologic.staging.cluster.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ru.scoliologic.staging.Given;

/** What is quoted of the logs in src/test/resources/logs. */
class ProgramLogTest {
  private static final String FOLDER = "/logs/";

  /**
   * One log.
   *
   * @param line that must be chosen; empty where none tells of a failure
   * @param cure words of it; empty where none is known
   */
  record Row(String name, String line, String cure) {
    static Row of(String text) {
      var cells = text.split(" \\|(?: |$)", -1);
      return new Row(cells[0], cells[1].strip(), cells.length > 2 ? cells[2].strip() : "");
    }

    String log() {
      return Given.resource(FOLDER + name + ".log");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static List<Row> rows() {
    return Given.resource(FOLDER + "lines.txt")
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(Row::of)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void the_line_that_says_what_went_wrong_stands_first_and_its_cure_behind(Row row) {
    var said = ProgramLog.of(row.log(), "app");

    assertThat(said.tells()).isEqualTo(!row.line().isEmpty());
    if (said.tells()) {
      assertThat(said.line()).isEqualTo(row.line());
      assertThat(said.quote()).startsWith(": " + row.line());
    } else {
      assertThat(said.line()).isEqualTo(LogLine.of(row.log().lines().toList().getLast()).text());
    }
    assertThat(said.cure()).contains(row.cure());
    assertThat(said.cure().isEmpty()).isEqualTo(row.cure().isEmpty());
  }

  @Test
  void the_table_has_every_log_of_the_folder() {
    try (Stream<Path> files = Files.list(Path.of("src/test/resources" + FOLDER))) {
      var logs =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".log"))
              .map(name -> name.substring(0, name.length() - ".log".length()))
              .collect(Collectors.toSet());

      assertThat(rows()).extracting(Row::name).containsExactlyInAnyOrderElementsOf(logs);
      assertThat(logs).hasSizeGreaterThanOrEqualTo(25);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

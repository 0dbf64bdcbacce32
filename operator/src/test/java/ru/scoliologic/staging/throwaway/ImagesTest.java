package ru.scoliologic.staging.throwaway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ImagesTest {
  @Test
  void what_make_run_works_without_is_the_same_in_the_table_and_for_the_node() throws IOException {
    assertThat(Images.ofTests())
        .containsExactlyInAnyOrderElementsOf(
            rows().filter(row -> row.getLast().equals("tests")).map(List::getFirst).toList());
  }

  @Test
  void every_image_that_a_node_has_from_its_start_is_in_the_table() throws IOException {
    assertThat(rows().map(List::getFirst)).containsAll(Images.ofNodes());
  }

  private static Stream<List<String>> rows() throws IOException {
    return Files.readAllLines(Repository.root().resolve("operator/src/test/cluster/images.txt"))
        .stream()
        .filter(line -> !line.startsWith("#"))
        .map(line -> Stream.of(line.split("\\|", -1)).map(String::strip).toList());
  }
}

package ru.scoliologic.staging.throwaway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

class SampleCloneTest {
  private static String pages() throws IOException {
    return Files.readString(Repository.root().resolve("examples/sample-app/src/pages.js"));
  }

  @Test
  void the_front_page_of_the_sample_application_gets_another_heading() throws IOException {
    var before = pages();

    var after = SampleClone.withHeading(before, "Welcome at 10:00:00");

    assertThat(after).contains("  '/': ['Welcome at 10:00:00', ");
    assertThat(after.replace("Welcome at 10:00:00", "Welcome")).isEqualTo(before);
  }

  @Test
  void a_page_without_that_heading_or_with_this_one_is_told() throws IOException {
    var pages = pages();

    assertThatThrownBy(() -> SampleClone.withHeading(pages, "Welcome"))
        .isInstanceOf(ClusterException.class);
    assertThatThrownBy(() -> SampleClone.withHeading("'/auth': ['Sign in']", "Welcome"))
        .hasMessageContaining("no heading of the front page");
  }
}

package ru.scoliologic.staging.throwaway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

class SampleCloneTest {
  @Test
  void the_heading_of_the_sample_applications_front_page_is_found_and_no_other()
      throws IOException {
    var pages = Files.readString(Repository.root().resolve("examples/sample-app/src/pages.js"));

    assertThat(SampleClone.beginning(pages)).isEqualTo("'/': ['Welcome'");
    assertThat(pages).containsOnlyOnce("'/': ['Welcome'");
  }

  @Test
  void pages_without_it_are_told() {
    assertThatThrownBy(() -> SampleClone.beginning("  '/auth': ['Sign in', ''],"))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("no heading of the front page");
  }
}

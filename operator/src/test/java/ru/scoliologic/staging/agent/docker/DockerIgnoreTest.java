package ru.scoliologic.staging.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DockerIgnoreTest {
  @ParameterizedTest
  @CsvSource({
    "node_modules, node_modules/a/b, true",
    "node_modules, web/node_modules, false",
    "/web/, web/a, true",
    "*.log, a.log, true",
    "*.log, a/b.log, false",
    "**/*.log, a/b.log, true",
    "**/*.log, b.log, true",
    "**/target, a/target/b, true",
    "a/**, a/b/c, true",
    "a/**/c, a/c, true",
    "a?c, a/c, false",
    "[ab].txt, b.txt, true",
    "[ab].txt, c.txt, false",
    "a.b, aXb, false",
    "# a, a, false",
    "a|!a/b, a/b, false",
    "a|!a/b, a/c, true",
    "!a|a, a, true",
    "*|!a, a/deep, false",
  })
  void the_last_rule_that_matches_decides(String rules, String path, boolean excluded) {
    assertThat(DockerIgnore.of(rules.replace('|', '\n')).excludes(path)).isEqualTo(excluded);
  }

  @Test
  void a_rule_that_is_none_is_named() {
    assertThatThrownBy(() -> DockerIgnore.of("a[b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a[b");
  }
}

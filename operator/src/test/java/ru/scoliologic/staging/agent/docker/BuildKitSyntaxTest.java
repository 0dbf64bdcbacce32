package ru.scoliologic.staging.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BuildKitSyntaxTest {
  private static String file(String step) {
    return "FROM base\n# a comment\n" + step.replace("|", "\n") + "\n";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "RUN --mount=type=cache,target=/c make; RUN --mount",
        "run --network=none make; RUN --network",
        "COPY --from=base --chmod=755 a b; COPY --chmod",
        "ADD --checksum=sha256:0 http://a/b c; ADD --checksum",
        "RUN <<EOF|make|EOF; RUN <<EOF",
        "COPY <<-'END' /file|text|END; COPY <<END",
      })
  void what_no_engine_can_do_without_it_is_found(String step, String construct) {
    assertThat(BuildKitSyntax.certain(file(step), null))
        .hasValue(new BuildKitSyntax.Use(3, construct, true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "RUN make",
        "RUN echo --mount",
        "RUN echo $((1<<EOF))",
        "RUN cat <<<EOF|EOF",
        "RUN cat <<NEVER",
        "COPY --from=base --chown=1:1 a b",
        "CMD [\"--mount\"]"
      })
  void what_is_ordinary_is_let_pass(String step) {
    assertThat(BuildKitSyntax.certain(file(step), null)).isEmpty();
  }

  @Test
  void stages_behind_the_target_do_not_count() {
    var dockerfile = "FROM a AS one\nRUN true\nFROM b AS two\nRUN --mount=type=ssh true\n";

    assertThat(BuildKitSyntax.certain(dockerfile, "one")).isEmpty();
    assertThat(BuildKitSyntax.certain(dockerfile, "two")).isPresent();
    assertThat(BuildKitSyntax.any(dockerfile)).isPresent();
  }

  @Test
  void a_step_on_several_lines_is_named_by_its_first() {
    var use = BuildKitSyntax.certain("FROM a\nRUN \\\n  # why\n  --mount=type=ssh \\\n  x\n", null);

    assertThat(use).hasValue(new BuildKitSyntax.Use(2, "RUN --mount", true));
  }

  @Test
  void another_frontend_counts_only_when_the_engine_understood_nothing() {
    var dockerfile = "# syntax=example/frontend:1\nFROM a\n";

    assertThat(BuildKitSyntax.certain(dockerfile, null)).isEmpty();
    assertThat(BuildKitSyntax.any(dockerfile)).isPresent();
    assertThat(BuildKitSyntax.any("# syntax=docker/dockerfile:1\nFROM a\n")).isEmpty();
  }
}

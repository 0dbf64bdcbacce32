package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * The plan as people see it. Each folder under {@code golden/} has an {@code in.yaml} and the
 * {@code out.yaml} it must become; {@code -Dgolden.write=true} writes the latter anew, for a diff
 * to read.
 */
class RenderTest {
  static final Path GOLDEN = Path.of("src/test/resources/golden");

  @TempDir private Path folder;

  private record Outcome(int code, String out, String err) {}

  private static Outcome render(Path file) {
    var out = new StringWriter();
    var err = new StringWriter();
    int code =
        new CommandLine(new RenderCommand())
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute("-f", file.toString());
    return new Outcome(code, out.toString(), err.toString());
  }

  private Outcome renderText(String yaml) throws IOException {
    var file = folder.resolve("in.yaml");
    Files.writeString(file, yaml);
    return render(file);
  }

  static Stream<Path> cases() throws IOException {
    try (var entries = Files.list(GOLDEN)) {
      return entries.filter(Files::isDirectory).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void a_manifest_becomes_the_objects_that_its_golden_file_shows(Path golden) throws IOException {
    var rendered = render(golden.resolve("in.yaml"));
    var expected = golden.resolve("out.yaml");
    if (Boolean.getBoolean("golden.write")) {
      Files.writeString(expected, rendered.out());
    }

    assertThat(rendered.err()).isEmpty();
    assertThat(rendered.out()).isEqualTo(Files.readString(expected));
  }

  @Test
  void no_secret_value_is_printed() throws IOException {
    var rendered = render(GOLDEN.resolve("minimal/in.yaml"));

    assertThat(rendered.out())
        .doesNotContain("fake-client-secret")
        .doesNotContain("$apr1$")
        .contains("JWT_SECRET: <hidden>");
  }

  @Test
  void rendering_twice_gives_the_same() {
    assertThat(render(GOLDEN.resolve("minimal/in.yaml")))
        .isEqualTo(render(GOLDEN.resolve("minimal/in.yaml")));
  }

  @Test
  void a_spec_that_is_wrong_prints_every_problem_and_fails() throws IOException {
    var yaml =
        Files.readString(GOLDEN.resolve("minimal/in.yaml"))
            .replace("app: app.staging.example.org", "app: https://app")
            .replace("email: ops@example.org", "email: nobody");

    var rendered = renderText(yaml);

    assertThat(rendered.code()).isEqualTo(1);
    assertThat(rendered.out()).isEmpty();
    assertThat(rendered.err())
        .contains("spec.domains.app: 'https://app' is not a host name")
        .contains("spec.ingress.acme.email: 'nobody' is not an e-mail address");
  }

  @Test
  void a_secret_that_is_not_in_the_manifest_is_said_and_the_rest_is_printed() throws IOException {
    var yaml =
        Files.readString(GOLDEN.resolve("minimal/in.yaml"))
            .replace("name: demo-secrets\nstring", "name: other\nstring");

    var rendered = renderText(yaml);

    assertThat(rendered.code()).isZero();
    assertThat(rendered.err()).contains("Secrets that do not exist: demo-secrets");
    assertThat(rendered.out()).contains("kind: StatefulSet");
  }

  @Test
  void a_file_that_does_not_exist_is_named() {
    var rendered = render(folder.resolve("nowhere.yaml"));

    assertThat(rendered.code()).isEqualTo(2);
    assertThat(rendered.err()).contains("no such file").contains("nowhere.yaml");
  }

  @Test
  void a_file_without_an_environment_is_refused() throws IOException {
    var rendered = renderText("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n");

    assertThat(rendered.code()).isEqualTo(2);
    assertThat(rendered.err()).contains("holds no StagingEnvironment");
  }
}

package ru.scoliologic.staging.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.api.Build;

class BuildContextTest {
  private static final Build BUILD = new Build(null, null, null, null, null, null);

  @TempDir private Path source;

  @Test
  void a_dockerfile_that_is_no_utf_8_is_read_all_the_same() throws Exception {
    Files.write(source.resolve("Dockerfile"), new byte[] {'F', 'R', 'O', 'M', ' ', (byte) 0xe9});

    assertThat(BuildContext.of(source, BUILD).dockerfile()).startsWith("FROM ");
  }

  private Set<String> sent(String dockerfile) throws Exception {
    var build = new Build(dockerfile, null, null, null, null, null);
    var names = new TreeSet<String>();
    try (var tar = new TarArchiveInputStream(BuildContext.of(source, build).open())) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        names.add(entry.getName());
        if (entry.getName().equals(".dockerignore")) {
          rules = new String(tar.readAllBytes(), StandardCharsets.UTF_8);
        }
      }
    }
    return names;
  }

  private String rules = "";

  private void write(String file, String text) throws IOException {
    Files.createDirectories(source.resolve(file).getParent());
    Files.writeString(source.resolve(file), text);
  }

  @Test
  void the_ignore_file_beside_a_dockerfile_goes_before_the_one_of_the_context() throws Exception {
    write("docker/Dockerfile", "FROM scratch");
    write("docker/Dockerfile.dockerignore", "secret\n");
    write("docker/Other", "FROM scratch");
    write(".dockerignore", "public\n");
    write("secret", "");
    write("public", "");

    assertThat(sent("docker/Dockerfile"))
        .contains("public", "docker/Dockerfile")
        .doesNotContain("secret");
    assertThat(rules).as("what the engine applies").contains("secret").doesNotContain("public");
    assertThat(sent("docker/Other")).contains("secret").doesNotContain("public");
    assertThat(rules).isEqualTo("public\n");
  }

  @Test
  void a_file_that_cannot_be_read_leaves_no_half_context() throws Exception {
    Files.writeString(source.resolve("Dockerfile"), "FROM scratch");
    // More than is written ahead of the reader.
    Files.write(source.resolve("E"), new byte[1 << 20]);
    Files.writeString(source.resolve("F"), "x");

    try (var context = BuildContext.of(source, BUILD).open()) {
      assertThat(context.read()).isNotNegative();
      Files.delete(source.resolve("F"));
      assertThatThrownBy(context::readAllBytes)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot be read");
    }
  }
}

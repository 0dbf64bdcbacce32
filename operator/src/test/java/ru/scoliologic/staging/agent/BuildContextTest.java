package ru.scoliologic.staging.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

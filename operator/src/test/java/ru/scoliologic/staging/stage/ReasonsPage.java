package ru.scoliologic.staging.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the page of reasons from {@link Reason}; run by the build, before the tests. */
public final class ReasonsPage {
  private ReasonsPage() {}

  public static void main(String[] args) throws IOException {
    var page =
        new StringBuilder(
            """
            # Reasons

            Every reason that a condition or an event of a StagingEnvironment, or a condition of a StagingRelease,
            can carry. `EngineUnreachable`, `EngineOutOfDisk`, `EngineOutOfMemory`, `RegistryUnreachable`,
            `RegistryRefused` and `BaseImageUnavailable` stand in `status.build.reason` of a release only, while its
            Built is Unknown (`BuildWaiting`). Generated from the code by the build; do not edit.

            | Reason | What it means | What helps |
            |---|---|---|
            """);
    for (var reason : Reason.values()) {
      page.append(
          "| `%s` | %s | %s |%n".formatted(reason.camelCase(), reason.cause(), reason.cure()));
    }
    Files.writeString(Path.of(args[0]), page);
  }
}

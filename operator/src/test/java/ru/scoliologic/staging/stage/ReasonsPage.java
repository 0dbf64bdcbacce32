package ru.scoliologic.staging.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import ru.scoliologic.staging.agent.build.BuildReason;

/**
 * Writes the page of reasons from {@link Reason} and {@link BuildReason}; run by the build, before
 * the tests.
 */
public final class ReasonsPage {
  private ReasonsPage() {}

  public static void main(String[] args) throws IOException {
    var page =
        """
        # Reasons

        Every reason that a condition, an event or a build can have. Generated from the code by the build; do not edit.

        ## Conditions and events

        Reasons of conditions and events of a StagingEnvironment, and of conditions of a StagingRelease.

        %s
        ## Builds

        Reasons of `status.build` of a StagingRelease. While the agent cannot fetch the commit, the reason is the one
        that the branch reports, from the table above; after an unknown error it is `UnexpectedError`. The condition
        Built of the release is False (`BuildFailed`, or `BuildCancelled` for `Superseded`), or Unknown
        (`BuildWaiting`) while the build is retried automatically.

        %s\
        """
            .formatted(table(Reason.values()), table(BuildReason.values()));
    Files.writeString(Path.of(args[0]), page);
  }

  private static String table(StatusReason... reasons) {
    var table =
        new StringBuilder("| Reason | What it means | What helps |%n|---|---|---|%n".formatted());
    for (var reason : reasons) {
      table.append(
          "| `%s` | %s | %s |%n".formatted(reason.camelCase(), reason.cause(), reason.cure()));
    }
    return table.toString();
  }
}

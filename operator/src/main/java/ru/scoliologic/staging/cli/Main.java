package ru.scoliologic.staging.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line: {@code operator <command>}. */
@Command(
    name = "operator",
    description = "Runs staging environments on Kubernetes.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {RunCommand.class, RenderCommand.class, ReportCommand.class, AgentCommand.class})
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    int code = new CommandLine(new Main()).execute(args.length == 0 ? new String[] {"-h"} : args);
    if (code != 0) {
      System.exit(code);
    }
  }

  /** The version that the build wrote into the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      var version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"staging operator " + (version == null ? "(unpackaged)" : version)};
    }
  }
}

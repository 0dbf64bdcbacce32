package ru.scoliologic.staging.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.api.StagingRelease;

/** {@code operator report}: prints the checks of a release as text or for a test runner. */
@Command(
    name = "report",
    description = {
      "Prints the smoke report of the version that an environment serves, or of a given release.",
      "  operator report <environment> -n <namespace>",
      "  kubectl get strel <name> -o yaml | operator report -f -",
      "Here operator stands for: java -jar operator.jar. It only reads, with the"
          + " current context of the kubeconfig. Exits with 1 when a critical check failed."
    },
    mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {
  enum Format {
    table,
    junit
  }

  private final Supplier<KubernetesClient> clients;

  @Spec private CommandSpec command;

  ReportCommand() {
    this(() -> new KubernetesClientBuilder().build());
  }

  /** Reads with the given client, which is closed after use. */
  ReportCommand(Supplier<KubernetesClient> clients) {
    this.clients = clients;
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "<environment>",
      description = "An environment in the cluster of the current context.")
  private String environment;

  @Option(
      names = {"-n", "--namespace"},
      description = "Its namespace (default: the context's).")
  private String namespace;

  @Option(
      names = {"-f", "--file"},
      description = "A StagingRelease as YAML or JSON, or - for standard input.")
  private String file;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Format format;

  @Override
  public Integer call() throws IOException, XMLStreamException {
    if ((environment == null) == (file == null)) {
      throw new ParameterException(
          command.commandLine(), "give either an environment or -f with a release");
    }
    var release = file == null ? fromCluster() : read();
    var report = release.getStatus() == null ? null : release.getStatus().report();
    var name = release.getMetadata() == null ? "" : release.getMetadata().getName();
    if (report == null || report.results() == null) {
      throw new ParameterException(
          command.commandLine(),
          "release %s has no report: its checks have not run yet".formatted(name));
    }
    var out = command.commandLine().getOut();
    out.print(format == Format.junit ? junit(name, report) : table(report));
    out.flush();
    return report.verdict() == SmokeReport.Verdict.Failed ? 1 : 0;
  }

  private static String table(SmokeReport report) {
    var text = new StringBuilder();
    var row = "%-8s %-10s %-16s %-32s %s%n";
    text.append(row.formatted("OUTCOME", "PRIORITY", "GROUP", "CHECK", "MESSAGE"));
    for (var result : report.results()) {
      text.append(
          row.formatted(
              result.outcome(),
              result.priority(),
              result.group(),
              result.name(),
              result.message() == null ? "" : result.message()));
    }
    return text.append(
            "%n%s: %d passed, %d failed, %d pending, since %s%n"
                .formatted(
                    report.verdict(),
                    report.passed(),
                    report.failed(),
                    report.pending(),
                    report.since()))
        .toString();
  }

  private static String junit(String name, SmokeReport report) throws XMLStreamException {
    var text = new StringWriter();
    var xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
    xml.writeStartDocument();
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", name);
    xml.writeAttribute("tests", String.valueOf(report.results().size()));
    xml.writeAttribute("failures", String.valueOf(report.failed()));
    xml.writeAttribute("skipped", String.valueOf(report.pending()));
    xml.writeAttribute("timestamp", report.since());
    for (var result : report.results()) {
      testCase(xml, result);
    }
    xml.writeEndElement();
    xml.writeEndDocument();
    return text + System.lineSeparator();
  }

  private static void testCase(XMLStreamWriter xml, SmokeReport.Result result)
      throws XMLStreamException {
    xml.writeStartElement("testcase");
    xml.writeAttribute("classname", result.group());
    xml.writeAttribute("name", result.name());
    if (result.outcome() != Outcome.Passed) {
      xml.writeStartElement(result.outcome() == Outcome.Failed ? "failure" : "skipped");
      xml.writeAttribute("message", result.message() == null ? "" : result.message());
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private StagingRelease fromCluster() {
    try (var client = clients.get()) {
      var where = namespace == null ? client.getNamespace() : namespace;
      var found =
          client.resources(StagingEnvironment.class).inNamespace(where).withName(environment).get();
      if (found == null) {
        throw new ParameterException(
            command.commandLine(),
            "no environment %s in namespace %s".formatted(environment, where));
      }
      var app = found.getStatus() == null ? null : found.getStatus().app();
      return Optional.ofNullable(app)
          .map(StagingEnvironmentStatus.AppVersions::release)
          .map(name ->
              client.resources(StagingRelease.class).inNamespace(where).withName(name).get())
          .orElseThrow(() ->
              new ParameterException(
                  command.commandLine(),
                  "environment %s serves no version yet".formatted(environment)));
    } catch (KubernetesClientException e) {
      throw new ParameterException(
          command.commandLine(), "the cluster cannot be read: " + e.getMessage(), e);
    }
  }

  private StagingRelease read() throws IOException {
    try (InputStream input = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
      var text = new String(input.readAllBytes(), StandardCharsets.UTF_8);
      return new KubernetesSerialization().unmarshal(text, StagingRelease.class);
    } catch (NoSuchFileException e) {
      throw new ParameterException(command.commandLine(), "no such file: " + file, e);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          command.commandLine(), file + " holds no single StagingRelease", e);
    }
  }
}

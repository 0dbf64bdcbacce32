package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;
import picocli.CommandLine;
import ru.scoliologic.staging.Given;

class ReportTest {
  @TempDir private Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int report(String yaml, String... options) throws Exception {
    var file = folder.resolve("release.yaml");
    Files.writeString(file, yaml);
    var arguments = new java.util.ArrayList<>(java.util.List.of("-f", file.toString()));
    arguments.addAll(java.util.List.of(options));
    return new CommandLine(new ReportCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments.toArray(String[]::new));
  }

  @Test
  void a_table_lists_every_check_and_ends_with_the_verdict() throws Exception {
    int code = report(Given.resource("/releases/remarks.yaml"));

    assertThat(code).isZero();
    assertThat(out.toString())
        .containsPattern("Passed +Critical +environment +health")
        .containsPattern("Failed +Minor +pages +settings page +/settings answers with status 500")
        .containsPattern("Pending +Critical +people +sign in")
        .contains("PassedWithRemarks: 1 passed, 1 failed, 1 pending");
  }

  @Test
  void a_failed_critical_check_ends_with_one() throws Exception {
    int code =
        report(
            Given.resource("/releases/remarks.yaml")
                .replace("verdict: PassedWithRemarks", "verdict: Failed"));

    assertThat(code).isEqualTo(1);
  }

  @Test
  void the_junit_form_is_what_test_runners_read() throws Exception {
    report(Given.resource("/releases/remarks.yaml"), "--format", "junit");

    var suite =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new java.io.StringReader(out.toString())))
            .getDocumentElement();
    assertThat(suite.getAttribute("tests")).isEqualTo("3");
    assertThat(suite.getElementsByTagName("failure").getLength()).isEqualTo(1);
    assertThat(suite.getElementsByTagName("skipped").getLength()).isEqualTo(1);
  }

  @Test
  void a_release_without_a_report_is_told() throws Exception {
    var yaml = Given.resource("/releases/remarks.yaml");

    int code = report(yaml.substring(0, yaml.indexOf("status:")));

    assertThat(code).isEqualTo(2);
    assertThat(err.toString()).contains("release demo-12345678 has no report");
  }
}

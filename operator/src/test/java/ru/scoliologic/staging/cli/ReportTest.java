package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;
import picocli.CommandLine;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.api.StagingRelease;

class ReportTest {
  private static final String API = "/apis/staging.scoliologic.ru/v1alpha1/namespaces/team/";

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "image: sample-app:1 | demo-e89d2ab2 | sample-app:1",
        "commit: {hash: 88f8914c93, subject: Another heading} | demo-88f8914c93-c5ee13 |"
            + " 88f8914c \"Another heading\"",
      })
  void the_serving_release_is_read_from_the_cluster_whether_of_an_image_or_of_a_commit(
      String version, String name, String title) throws Exception {
    var yaml =
        Given.resource("/releases/remarks.yaml")
            .replace("image: sample-app:1", version)
            .replace("demo-12345678", name);
    var serving = Given.environment("demo");
    serving.setStatus(servingStatus(title, name));
    var waiting = Given.environment("demo");
    waiting.setStatus(Given.status(null));
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    answer(server, API + "stagingenvironments/demo", serving);
    answer(server, API + "stagingenvironments/waiting", waiting);
    answer(
        server,
        API + "stagingreleases/" + name,
        new KubernetesSerialization().unmarshal(yaml, StagingRelease.class));
    server.start();
    try {
      assertThat(fromCluster(server, "demo", "-n", "team")).isZero();
      assertThat(out.toString()).contains("PassedWithRemarks: 1 passed, 1 failed, 1 pending");

      assertThat(fromCluster(server, "waiting", "-n", "team")).isEqualTo(2);
      assertThat(err.toString()).contains("environment waiting serves no version yet");

      assertThat(fromCluster(server, "other", "-n", "team")).isEqualTo(2);
      assertThat(err.toString()).contains("no environment other in namespace team");
    } finally {
      server.stop(0);
    }
  }

  private static StagingEnvironmentStatus servingStatus(String title, String release) {
    var app =
        new StagingEnvironmentStatus.AppVersions(
            title, null, null, null, null, release, null, null);
    return new StagingEnvironmentStatus(
        1L, null, null, List.of(), List.of(), null, app, List.of(), null, null, null, null, null,
        null);
  }

  private int fromCluster(HttpServer server, String... arguments) {
    var config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
            .build();
    return new CommandLine(
            new ReportCommand(() -> new KubernetesClientBuilder().withConfig(config).build()))
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  private static void answer(HttpServer server, String path, Object object) {
    var body = new KubernetesSerialization().asJson(object).getBytes(StandardCharsets.UTF_8);
    server.createContext(
        path,
        exchange -> {
          boolean exact = exchange.getRequestURI().getPath().equals(path);
          exchange.sendResponseHeaders(exact ? 200 : 404, exact ? body.length : -1);
          if (exact) {
            exchange.getResponseBody().write(body);
          }
          exchange.close();
        });
  }

  @Test
  void neither_or_both_of_an_environment_and_a_file_are_refused() throws Exception {
    assertThat(report(Given.resource("/releases/remarks.yaml"), "demo")).isEqualTo(2);

    assertThat(err.toString()).contains("give either an environment or -f with a release");
  }

  @Test
  void a_release_without_a_report_is_told() throws Exception {
    var yaml = Given.resource("/releases/remarks.yaml");

    int code = report(yaml.substring(0, yaml.indexOf("status:")));

    assertThat(code).isEqualTo(2);
    assertThat(err.toString()).contains("release demo-12345678 has no report");
  }
}

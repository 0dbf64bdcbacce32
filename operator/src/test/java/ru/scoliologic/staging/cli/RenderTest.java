package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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

  /** Fields that all-overrides lacks, and where they are shown or why they are not. */
  private static final Map<String, String> ELSEWHERE =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(
                  "infrastructure",
                  "asks questions and shapes no object: CapacityTest, DnsRecordsTest"),
              Map.entry(
                  "ingress.acme.first.caBundle",
                  "beside server it would be Custom: AcmeBudgetTest"),
              Map.entry(
                  "ingress.acme.first.directory",
                  "beside server it would be Custom: AcmeBudgetTest"),
              Map.entry("ingress.addresses", "expected of the records: DnsRecordsTest"),
              Map.entry("ingress.mode", "the other mode: golden/shared-ingress"),
              Map.entry(
                  "ingress.shared", "the other mode: golden/shared-ingress, SharedIngressTest"),
              Map.entry("notifications", "tells people, makes nothing: OutboxTest, NotifierTest"),
              Map.entry("rollback", "of a first deployment that fails: FirstDeploymentTest"),
              Map.entry("services.app.health.command", "one of three: HealthCheckTest"),
              Map.entry("services.app.health.tcp", "one of three: HealthCheckTest"),
              Map.entry(
                  "services.postgres.seed.configMapRef",
                  "beside volume it is refused: jobs/seed.yaml"),
              Map.entry("suspend", "nothing is made then"),
              Map.entry("validation", "DeclaredChecksTest; containers: golden/access")));

  /** Structures that are handed on as they are. */
  private static final Set<String> OF_KUBERNETES =
      Set.of("resources", "tolerations", "imagePullSecrets");

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

  /** A field that is not rendered anywhere could be ignored without a golden file showing it. */
  @Test
  void every_field_that_shapes_an_object_stands_in_the_golden_input_with_all_of_them()
      throws IOException {
    var yaml = new ObjectMapper(new YAMLFactory());
    var schema =
        yaml.readTree(Path.of("../crds/stagingenvironments.staging.scoliologic.ru-v1.yml").toFile())
            .at("/spec/versions/0/schema/openAPIV3Schema/properties/spec");
    var specs = new ArrayList<JsonNode>();
    // A branch is followed in two ways that exclude each other.
    for (var golden : List.of("all-overrides", "gitops", "gitops-external")) {
      var documents = Files.readString(GOLDEN.resolve(golden + "/in.yaml")).split("(?m)^---$", -1);
      var spec = yaml.readTree(documents[documents.length - 1]).path("spec");
      specs.add(golden.equals("all-overrides") ? spec : ((ObjectNode) spec).retain("gitops"));
    }
    var absent = new TreeSet<String>();
    absent(schema, specs, "", absent);

    assertThat(absent)
        .as("fields that the golden input lacks: add them there, or here with the reason")
        .isEqualTo(ELSEWHERE.keySet());
  }

  private static void absent(
      JsonNode schema, List<JsonNode> present, String path, Set<String> absent) {
    schema
        .path("properties")
        .properties()
        .forEach(field -> {
          var at = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
          var values =
              present.stream()
                  .map(v -> v.path(field.getKey()))
                  .filter(v -> !v.isMissingNode())
                  .toList();
          var items = field.getValue().path("items");
          if (values.isEmpty()) {
            absent.add(at);
          } else if (OF_KUBERNETES.contains(field.getKey())) {
            return;
          } else if (items.has("properties")) {
            absent(
                items, values.stream().flatMap(JsonNode::valueStream).toList(), at + "[]", absent);
          } else {
            absent(field.getValue(), values, at, absent);
          }
        });
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

  @Test
  void the_image_is_trained_with_the_minimal_example() throws IOException {
    assertThat(Path.of("src/main/image/training.yaml"))
        .hasSameTextualContentAs(Path.of("../examples/minimal/environment.yaml"));
  }
}

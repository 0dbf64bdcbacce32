package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;

/**
 * {@code docs/states.md} shows what kubectl really says: it is written anew by {@code
 * -Dgolden.write=true}, and compared otherwise. Events and lines of a log come in no certain order
 * and what the first stage found is the machine's, so these are shown but not compared.
 */
class StatesPageE2E {
  private static final String NAMESPACE = "states";
  private static final String NAME = "demo";
  private static final Path PAGE = Path.of("../docs/states.md");

  private static final Pattern AGE = Pattern.compile("(?<= )(\\d+m)?\\d+s(?= |$)");

  private static Staging staging;

  @BeforeAll
  static void a_namespace_is_made() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
  }

  @AfterAll
  static void it_is_removed() {
    staging.remove(NAMESPACE);
  }

  @Test
  void the_page_of_states_shows_what_kubectl_says() throws IOException {
    var shown = new LinkedHashMap<String, String>();
    staging
        .admin()
        .resource(
            Staging.read(
                "environment.yaml",
                Map.of("name: env", "name: demo", "bad.staging.test", "staging.test")))
        .inNamespace(NAMESPACE)
        .create();
    staging.awaitReason(NAMESPACE, NAME, "ConfigurationReady", "SecretMissing");
    shown.put("waiting", looks());

    staging.given(NAMESPACE);
    staging.awaitReady(NAMESPACE, NAME);
    shown.put("healthy", looks());

    kubectl(
        "patch",
        "stenv",
        NAME,
        "--type=merge",
        "-p",
        "{\"spec\":{\"services\":{\"app\":{\"image\":\"sample-app:broken\"}}}}");
    staging.awaitReason(NAMESPACE, NAME, "Stalled", "CandidateFailed");
    shown.put("failed", looks());
    staging.awaitRelease(NAMESPACE, "sample-app:broken", "Failed");
    shown.put("releases", block("kubectl get strel", kubectl("get", "strel")));

    var page = Given.resource("/e2e/states.md");
    for (var part : shown.entrySet()) {
      page = page.replace("{{" + part.getKey() + "}}", part.getValue());
    }
    if (Boolean.getBoolean("golden.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(compared(page))
        .as("docs/states.md; write it anew with -Dgolden.write=true and read the difference")
        .isEqualTo(compared(Files.readString(PAGE)));
  }

  private static String looks() {
    var described = kubectl("describe", "stenv", NAME);
    return String.join(
        "\n\n",
        block("kubectl get stenv", kubectl("get", "stenv")),
        block("kubectl get stenv -o wide", kubectl("get", "stenv", "-o", "wide")),
        block("kubectl describe stenv demo", described.substring(described.indexOf("Status:"))));
  }

  private static String kubectl(String... arguments) {
    var all = new String[arguments.length + 2];
    all[0] = "-n";
    all[1] = NAMESPACE;
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return staging.cluster().kubectl(all);
  }

  /** As it was printed, but for what differs from one run to the next. */
  private static String block(String command, String printed) {
    var plain =
        printed
            .replace(staging.cluster().nodeIp(), "192.0.2.10")
            .replaceAll("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ", "2026-01-02T03:04:05Z");
    return "    $ %s\n%s"
        .formatted(
            command,
            plain
                .lines()
                .map(line -> ("    " + AGE.matcher(line).replaceAll("1m")).stripTrailing())
                .reduce((a, b) -> a + "\n" + b)
                .orElse(""));
  }

  /** Without what depends on the machine, and without the events. */
  private static String compared(String page) {
    return page.replaceAll("(?s) {4}Events:.*?(?=\\n {0,3}\\S|\\n {4}\\$|$)", "")
        .replaceAll("(?m)^(.*Message: +)storage classes .*$", "$1")
        .replaceAll("its last lines: .*(?:\\n {4}(?:connecting|sample-app:) .*)*", "its log")
        .replaceAll("(Attempts: +)[1-9]\\d*", "$1some")
        .replaceAll("  +", " ");
  }
}

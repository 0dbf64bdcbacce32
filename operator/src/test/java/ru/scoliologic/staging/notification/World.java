package ru.scoliologic.staging.notification;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Timings;
import ru.scoliologic.staging.api.ValidationSpec.Priority;

/** An environment with the notifications of the examples, and releases of it. */
public final class World {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final Path EXAMPLES = Path.of("../examples/notifications");

  private World() {}

  /** The environment with all that the examples ask for. */
  public static StagingEnvironment environment() {
    var environment = Given.aGoodStart().edited(World::patched).snapshot().environment();
    environment.getMetadata().setUid("uid-1");
    return environment;
  }

  /** The manifest with spec.notifications, and a repository whose commits get statuses. */
  public static String patched(String manifest) {
    ObjectNode patched = JSON.valueToTree(YAML.unmarshal(manifest, Map.class));
    var spec = (ObjectNode) patched.get("spec");
    spec.set("notifications", example("notifications").at("/spec/notifications"));
    spec.set(
        "gitops",
        ((ObjectNode) example("commit-status").at("/spec/gitops"))
            .put("repository", "https://github.com/team/app.git"));
    return patched.toString();
  }

  /** The manifest with nobody but the webhook of the examples, at another site. */
  public static String patchedWithWebhook(String manifest, String site) {
    ObjectNode patched = JSON.valueToTree(YAML.unmarshal(manifest, Map.class));
    var entry = (ObjectNode) example("notifications").at("/spec/notifications/3");
    ((ObjectNode) entry.get("webhook")).put("url", site + "/hooks/staging");
    ((ObjectNode) patched.get("spec")).putArray("notifications").add(entry);
    return patched.toString();
  }

  private static ObjectNode example(String name) {
    try {
      var yaml = Files.readString(EXAMPLES.resolve(name + ".yaml"));
      return JSON.valueToTree(YAML.unmarshal(yaml, Map.class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Commit commit(int number) {
    return new Commit(
        "%07x".formatted(0xabc0000 + number) + "0".repeat(33),
        "main",
        "Ann Author",
        "Change <%d> & more".formatted(number),
        "2026-01-02T02:59:00Z");
  }

  /** A release of a commit, the one of {@code number} asked for in that minute. */
  public static StagingRelease release(int number, StagingReleaseStatus status) {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder().withName("demo-c" + number).withNamespace("team").build());
    release.setSpec(
        new StagingReleaseSpec(
            "demo", null, commit(number), "b1", null, null, null, null, List.of()));
    release.setStatus(status);
    return release;
  }

  public static StagingReleaseStatus underWay(int number) {
    return status(number, "Starting", "it starts", null, null);
  }

  public static StagingReleaseStatus verified(int number) {
    return status(
        number,
        "Serving",
        "serves and is verified",
        null,
        "2026-01-02T03:04:00Z",
        condition("RolledOut", "True"),
        condition("Verified", "True"));
  }

  public static StagingReleaseStatus failed(int number) {
    return status(
        number, "Failed", "it ends with exit code 1", null, null, condition("RolledOut", "False"));
  }

  public static StagingReleaseStatus rolledBack(int number) {
    return status(
        number,
        "Failed",
        "the check dashboard found status 500",
        "2026-01-02T03:03:00Z",
        null,
        condition("RolledOut", "True"),
        condition("Verified", "False"));
  }

  public static StagingReleaseStatus superseded(int number) {
    return status(
        number, "Superseded", "c9 came first", null, null, condition("Superseded", "True"));
  }

  /** The outcome of a check that a person is shown, in the order of the report. */
  public static SmokeReport report(int minorFailures) {
    var results = new ArrayList<Result>();
    results.add(new Result("front page", "pages", Priority.Critical, Outcome.Passed, null));
    for (int i = 0; i < minorFailures; i++) {
      results.add(new Result("minor " + i, "pages", Priority.Minor, Outcome.Failed, "500"));
    }
    results.add(new Result("dashboard", "pages", Priority.Critical, Outcome.Failed, "500"));
    return new SmokeReport(
        SmokeReport.Verdict.Failed, null, 1, minorFailures + 1, 0, List.copyOf(results));
  }

  public static StagingReleaseStatus reporting(StagingReleaseStatus status, SmokeReport report) {
    return new StagingReleaseStatus(
        status.observedGeneration(),
        status.state(),
        status.message(),
        status.conditions(),
        status.timings(),
        null,
        null,
        report,
        null,
        null,
        null,
        null,
        status.told(),
        null);
  }

  private static StagingReleaseStatus status(
      int number,
      String state,
      String message,
      String switched,
      String verified,
      Condition... conditions) {
    return new StagingReleaseStatus(
        1L,
        state,
        message,
        List.of(conditions),
        new Timings(
            null,
            "2026-01-02T03:%02d:00Z".formatted(number),
            null,
            null,
            null,
            switched,
            verified,
            null),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  private static Condition condition(String type, String status) {
    return new ConditionBuilder().withType(type).withStatus(status).build();
  }
}

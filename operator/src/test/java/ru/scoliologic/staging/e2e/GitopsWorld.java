package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ru.scoliologic.staging.e2e.ReleaseView.BUILT;
import static ru.scoliologic.staging.e2e.ReleaseView.ROLLED_OUT;
import static ru.scoliologic.staging.e2e.ReleaseView.VERIFIED;
import static ru.scoliologic.staging.e2e.ReleaseView.condition;
import static ru.scoliologic.staging.e2e.ReleaseView.is;
import static ru.scoliologic.staging.e2e.ReleaseView.isBad;
import static ru.scoliologic.staging.e2e.ReleaseView.state;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.throwaway.GitRepository;
import ru.scoliologic.staging.throwaway.Images;

/**
 * An environment that follows a branch: a Git server in the cluster that asks for a name and a
 * token, an engine and a registry of the environment's, and {@code examples/sample-app} as the
 * repository. Each commit gives the front page another heading, by which it is known.
 */
final class GitopsWorld implements AutoCloseable {
  static final String NAME = "env";
  static final String DEPLOYED = "Deployed";
  static final String GITOPS = "GitOpsActive";

  private static final String BRANCH = "main";
  private static final int SHORT = 10;

  /** Credentials that are made up for each environment; see {@code gitops.yaml}. */
  static final List<String> SECRETS =
      List.of(
          "agentToken",
          "nextToken",
          "developerToken",
          "webhookWord",
          "slackWord",
          "telegramToken",
          "signingWord",
          "githubToken");

  private final Staging staging;
  private final String namespace;
  private final String app;
  private final Browser browser;
  private final Map<String, String> words = new TreeMap<>();
  private final GitRepository repository;

  /**
   * Starts the Git server with a first commit, and the environment.
   *
   * @param folder for the work tree
   * @param interval seconds between two looks at the branch
   */
  GitopsWorld(String namespace, Path folder, int interval) {
    this.staging = Staging.shared();
    this.namespace = namespace;
    var zone = namespace + ".staging.test";
    this.app = "https://app." + zone;
    this.browser = staging.browser();
    words.put("namespace", namespace);
    words.put("zone", zone);
    words.put("interval", Integer.toString(interval));
    words.put("dashboard", Given.DASHBOARD_USER);
    for (var secret : SECRETS) {
      words.put(secret, UUID.randomUUID().toString());
    }
    staging.namespace(namespace);
    var images = staging.cluster().exec("ctr", "-n", "k8s.io", "images", "ls", "-q").stdout();
    if (!images.contains(Images.BASE_IMAGES)) {
      staging.cluster().loadImage(Images.BASE_IMAGES);
    }
    var objects = objects();
    objects.stream().filter(o -> !o.getKind().equals("StagingEnvironment")).forEach(this::create);
    kubectl("rollout", "status", "deployment/git", "--timeout=60s");
    this.repository =
        GitRepository.at(folder, gitServer(), "developer", words.get("developerToken"));
    objects.stream().filter(o -> o.getKind().equals("StagingEnvironment")).forEach(this::create);
  }

  private List<HasMetadata> objects() {
    var yaml = Given.resource("/e2e/gitops.yaml");
    for (var word : words.entrySet()) {
      yaml = yaml.replace("@" + word.getKey() + "@", word.getValue());
    }
    return staging
        .admin()
        .load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
        .items();
  }

  private void create(HasMetadata object) {
    staging.admin().resource(object).inNamespace(namespace).create();
  }

  private String gitServer() {
    var service = staging.admin().services().inNamespace(namespace).withName("git").get();
    return "http://%s:%d/team/app.git"
        .formatted(
            staging.cluster().nodeIp(), service.getSpec().getPorts().getFirst().getNodePort());
  }

  Staging staging() {
    return staging;
  }

  String namespace() {
    return namespace;
  }

  GitRepository repository() {
    return repository;
  }

  /** A value that was made up for this environment; see {@code gitops.yaml}. */
  String word(String name) {
    return words.get(name);
  }

  String kubectl(String... arguments) {
    var all = new ArrayList<>(List.of("-n", namespace));
    all.addAll(List.of(arguments));
    return staging.cluster().kubectl(all.toArray(String[]::new));
  }

  /** Commits the application with this heading on its front page, pushes, and returns the hash. */
  String push(String heading, Edit... edits) {
    repository.fill("examples/sample-app");
    repository.edit("src/pages.js", "Welcome", heading);
    for (var edit : edits) {
      repository.edit(edit.file(), edit.what(), edit.with());
    }
    var commit = repository.commit(heading);
    forcePush(commit);
    return commit;
  }

  /** Makes the branch stand at a commit, whatever it was before. */
  void forcePush(String commit) {
    // A Service that selects another pod takes a moment to reach the proxies.
    Awaitility.await("the Git server to take " + commit)
        .atMost(Staging.SOON)
        .ignoreExceptions()
        .until(() -> {
          repository.push(commit, BRANCH);
          return true;
        });
  }

  /** Says, as GitHub does, that there was a push; returns the status of the answer. */
  int announce(String word) throws IOException {
    var body = "{\"ref\":\"refs/heads/main\"}";
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(word.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      var signature = HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
      return browser
          .postWith(
              app + AgentContract.WEBHOOK_PATH,
              body,
              Map.of("X-Hub-Signature-256", "sha256=" + signature))
          .status();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Twenty requests a second for the front page. */
  Load load() {
    return new Load(browser, app + "/");
  }

  /** Waits until the front page has a heading: a switch takes a moment to reach the proxies. */
  void answers(String heading) {
    Awaitility.await("%s on the front page".formatted(heading))
        .atMost(Staging.SOON)
        .pollInterval(Duration.ofMillis(250))
        .until(this::heading, heading::equals);
  }

  /** Heading of the front page. */
  String heading() throws IOException {
    return browser.get(app + "/").body().replaceAll("(?s).*<h1>(.*)</h1>.*", "$1");
  }

  StagingEnvironment environment() {
    return staging.environment(namespace, NAME).get();
  }

  void patch(String spec) {
    staging
        .environment(namespace, NAME)
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":%s}".formatted(spec));
  }

  void patch(StagingRelease release, String spec) {
    staging
        .admin()
        .resource(release)
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":%s}".formatted(spec));
  }

  StagingRelease release(String commit) {
    return staging
        .releaseOf(namespace, commit)
        .orElseThrow(() -> new AssertionError("no release of " + commit));
  }

  /** Waits for the release of a commit; says how all stands if it is never so. */
  StagingRelease await(String commit, String what, Predicate<StagingRelease> predicate) {
    return await(commit, what, Staging.LONG, predicate);
  }

  StagingRelease await(
      String commit, String what, Duration limit, Predicate<StagingRelease> predicate) {
    try {
      Awaitility.await("%s of %s".formatted(what, commit.substring(0, SHORT)))
          .atMost(limit)
          .pollInterval(Duration.ofMillis(250))
          .until(() -> {
            Staging.checkContract(environment());
            return staging.releaseOf(namespace, commit).filter(predicate).isPresent();
          });
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "%s; release: %s%nenvironment: %s%n%s"
              .formatted(
                  e.getMessage(),
                  staging.releaseOf(namespace, commit).map(Serialization::asYaml).orElse("none"),
                  Staging.told(environment()),
                  kubectl("get", "strel,pods", "-o", "wide")),
          e);
    }
    return release(commit);
  }

  /** Waits for a condition of the environment. */
  StagingEnvironment awaitCondition(String type, String status, String reason) {
    return staging.await(
        namespace,
        NAME,
        "%s to be %s %s".formatted(type, status, reason),
        Staging.LONG,
        e -> Staging.has(e, type, status, reason));
  }

  /** Waits until a commit serves, is verified, and the environment says so. */
  StagingRelease verified(String commit) {
    var release =
        await(
            commit,
            "verification",
            r -> is(r, VERIFIED, "True", "ChecksPassed") && state(r).equals("Serving"));
    assertThat(condition(release, BUILT).getStatus()).isEqualTo("True");
    assertThat(condition(release, ROLLED_OUT).getStatus()).isEqualTo("True");
    serves(commit);
    return release(commit);
  }

  /** Waits until the environment says that it is ready and that a commit serves. */
  void serves(String commit) {
    staging.await(
        namespace,
        NAME,
        "%s to serve".formatted(commit.substring(0, SHORT)),
        Staging.LONG,
        e ->
            Staging.ready(e)
                && e.getStatus().app().commit() != null
                && commit.startsWith(e.getStatus().app().commit()));
  }

  /** Waits until a commit is given up for this reason, and returns its release. */
  StagingRelease bad(String commit, String type, String reason) {
    return await(
        commit,
        "%s to be False %s, and the end of it".formatted(type, reason),
        r -> is(r, type, "False", reason) && isBad(r) && state(r).equals("Failed"));
  }

  /** What people were told so far, as the receiver wrote it. */
  List<JsonNode> told() {
    return kubectl("logs", "deployment/receiver")
        .lines()
        .<JsonNode>map(line -> Serialization.unmarshal(line, JsonNode.class))
        .toList();
  }

  /** Names of the Deployments of versions. */
  List<String> versions() {
    return staging.versions(namespace).stream()
        .map(deployment -> deployment.getMetadata().getName())
        .sorted()
        .toList();
  }

  /** Kills the operator; the next one need not wait for the lease. */
  void killOperator() {
    staging.admin().pods().inNamespace(Staging.OPERATOR).withGracePeriod(0).delete();
    staging.admin().leases().inNamespace(Staging.OPERATOR).delete();
  }

  void awaitOperator() {
    staging
        .cluster()
        .kubectl(
            "-n",
            Staging.OPERATOR,
            "rollout",
            "status",
            "deployment/" + Staging.OPERATOR,
            "--timeout=120s");
  }

  @Override
  public void close() {
    try {
      browser.close();
    } catch (IOException e) {
      System.err.println(e.getMessage());
    }
    staging.remove(namespace);
  }
}

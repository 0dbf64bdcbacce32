package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.agent.Agent;
import ru.scoliologic.staging.agent.AgentFiles;
import ru.scoliologic.staging.agent.build.ImageBuilder;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.throwaway.GitHttpServer;
import ru.scoliologic.staging.throwaway.GitRepository;

/**
 * The operator dies before or after any of its writes while it rolls a commit out, finds it bad
 * beside the serving version, or takes it back; in the end all is as without. API server, ingress,
 * certificates, Git and the agent are real; the application's pods and the builds are played.
 *
 * <p>{@code make faults} takes every write, {@code make test} a few.
 */
class CommitCrashIT {
  private static final String NAMESPACE = "commits";
  private static final int STRIDE = 5;
  private static final Duration LIMIT = Duration.ofMinutes(3);

  /** Traefik says so of itself: what lacks it went to a pod without it. */
  private static final String THROUGH_THE_INGRESS = "X-Forwarded-Server";

  @TempDir private static Path folder;

  private static final Map<Fate, Integer> WRITES = new EnumMap<>(Fate.class);
  private static final Map<Fate, End> ENDS = new EnumMap<>(Fate.class);
  private static StubEnvironment environment;
  private static GitRepository repository;
  private static GitHttpServer server;
  private static Agent agent;
  private static ObjectNode spec;
  private static int pushes;

  /** What becomes of a commit. */
  private enum Fate {
    VERIFIED("ChecksPassed", "Following") {
      @Override
      Predicate<Headers> refused(String serving) {
        return headers -> false;
      }
    },
    BAD_BESIDE_THE_SERVING("ChecksFailed", "CommitFailed") {
      @Override
      Predicate<Headers> refused(String serving) {
        return headers -> !headers.containsKey(THROUGH_THE_INGRESS);
      }
    },
    TAKEN_BACK("ChecksFailed", "RolledBack") {
      @Override
      Predicate<Headers> refused(String serving) {
        return headers -> headers.containsKey(THROUGH_THE_INGRESS) && !serving().equals(serving);
      }
    };

    private final String reason;
    private final String followed;

    Fate(String reason, String followed) {
      this.reason = reason;
      this.followed = followed;
    }

    /**
     * What the application refuses, so that it comes so.
     *
     * @param serving the version that served before
     */
    abstract Predicate<Headers> refused(String serving);

    boolean has(String commit) {
      var present = environment.resource().get();
      return release(commit)
              .filter(
                  r -> ReleaseView.condition(r, ReleaseView.VERIFIED).getReason().equals(reason))
              .isPresent()
          && Staging.has(present, GitopsWorld.GITOPS, "True", followed)
          && Staging.has(present, "Ready", "True", "Ready")
          && present.getStatus().app().candidate() == null;
    }
  }

  /**
   * What is said in the end.
   *
   * @param ofRelease conditions of the commit's release
   * @param ofEnvironment conditions, by type
   */
  private record End(String ofRelease, Map<String, String> ofEnvironment) {
    static End of(String commit) {
      var present = environment.resource().get();
      Staging.checkContract(present);
      return new End(
          said(release(commit).orElseThrow()),
          present.getStatus().conditions().stream()
              .collect(
                  Collectors.toMap(
                      c -> c.getType(),
                      c -> c.getStatus() + " " + c.getReason(),
                      (one, other) -> one,
                      TreeMap::new)));
    }
  }

  @BeforeAll
  static void a_verified_commit_serves() throws Exception {
    environment = new StubEnvironment(NAMESPACE);
    repository = GitRepository.create(folder, "app.git");
    server = GitHttpServer.start(folder);
    ObjectNode manifest =
        new ObjectMapper()
            .valueToTree(
                new KubernetesSerialization()
                    .unmarshal(Given.resource("/e2e/commits.yaml"), Map.class));
    ((ObjectNode) manifest.at("/spec/services/app")).put("port", StubApp.port());
    ((ObjectNode) manifest.at("/spec/gitops")).put("repository", server.url("app.git"));
    spec = (ObjectNode) manifest.get("spec");
    environment.operator();
    environment.create(manifest);
    startAgent();
    goes(Fate.VERIFIED, commit -> {});
    for (var fate : Fate.values()) {
      var operator = environment.operator();
      var commit = goes(fate, pushed -> {});
      WRITES.put(fate, (int) operator.writes().stream().filter(InProcessOperator::isStep).count());
      ENDS.put(fate, End.of(commit));
    }
    System.out.printf("writes of a commit's roll-out: %s%n", WRITES);
  }

  /** One as in its pod, with the rights and the configuration that the operator gives it. */
  private static void startAgent() throws Exception {
    var names = new Names(StubEnvironment.NAME);
    var bindings = environment.admin().rbac().roleBindings().inNamespace(NAMESPACE);
    var deployments = environment.admin().apps().deployments().inNamespace(NAMESPACE);
    await("the agent's rights and its pod")
        .atMost(LIMIT)
        .until(() ->
            bindings.withName(names.agent()).get() != null
                && deployments.withName(names.agent()).get() != null);
    // The cluster's own agent gives way to this one.
    deployments
        .withName(names.agent())
        .patch(
            PatchContext.of(PatchType.STRATEGIC_MERGE),
            """
            {"spec": {"template": {"spec": {"nodeSelector": {"%1$s": "true"}, "tolerations": [{"key": "%1$s", "operator": "Exists"}]}}}}
            """
                .formatted(StubNode.SELECTOR));
    var file = folder.resolve("config.json");
    Files.writeString(
        file,
        environment
            .admin()
            .configMaps()
            .inNamespace(NAMESPACE)
            .withName(names.agentConfig())
            .get()
            .getData()
            .get(file.getFileName().toString()));
    var none = folder.resolve("none");
    agent =
        Agent.start(
            new AgentFiles(file, none, none, none, none, none, none, folder.resolve("work")),
            Staging.shared().cluster().as(NAMESPACE, names.agent()),
            CommitCrashIT::built,
            0);
  }

  private static ImageBuilder.Outcome built(
      ImageBuilder.Order order, ImageBuilder.Progress progress) {
    progress.line("built");
    var now = Instant.now();
    progress.built(now);
    var digits = Hash.of(order.tag());
    return new ImageBuilder.Outcome.Pushed(
        "sha256:" + digits.repeat(64 / digits.length() + 1).substring(0, 64), now, now);
  }

  @AfterAll
  static void it_is_removed() {
    StubApp.refuse(headers -> false);
    if (agent != null) {
      agent.close();
    }
    if (server != null) {
      server.close();
    }
    if (environment != null) {
      environment.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> a_commit_becomes_verified_in_spite_of_a_death() {
    return deaths(Fate.VERIFIED);
  }

  @TestFactory
  Stream<DynamicTest> a_commit_that_is_bad_beside_the_serving_version_never_serves() {
    return deaths(Fate.BAD_BESIDE_THE_SERVING);
  }

  @TestFactory
  Stream<DynamicTest> a_commit_that_is_bad_behind_the_ingress_is_taken_back() {
    return deaths(Fate.TAKEN_BACK);
  }

  @Test
  void what_serves_goes_on_serving_when_no_branch_is_followed_any_more() throws Exception {
    var commit = goes(Fate.VERIFIED, pushed -> {});
    var serving = serving();
    var registry = registry().orElseThrow().getMetadata().getUid();
    environment.operator();
    agent.close();
    var unfollowed = spec.deepCopy();
    unfollowed.remove("gitops");
    ((ObjectNode) unfollowed.at("/services/app")).put("image", "app:1");

    // The image that is asked for instead is no good, so the commit has to go on.
    StubApp.refuse(headers -> !headers.containsKey(THROUGH_THE_INGRESS));
    environment.spec(unfollowed);
    environment.settles(LIMIT, () -> isBad("app:1"));
    var names = new Names(StubEnvironment.NAME);
    var left = environment.owned().stream().map(o -> o.getMetadata().getName()).toList();
    environment.admin().pods().inNamespace(NAMESPACE).withLabel(Labels.VERSION, serving).delete();
    environment.settles(
        LIMIT, () -> Staging.has(environment.resource().get(), "Deployed", "True", "Deployed"));

    assertThat(serving()).isEqualTo(serving);
    assertThat(registry().map(found -> found.getMetadata().getUid()))
        .as("its image is there")
        .contains(registry);
    assertThat(left)
        .contains(names.registryPull())
        .doesNotContain(names.agentConfig(), names.agentState());

    environment.spec(spec);
    startAgent();
    environment.settles(LIMIT, () -> Fate.VERIFIED.has(commit));
    assertThat(serving()).isEqualTo(serving);
    assertThat(registry().map(found -> found.getMetadata().getUid())).contains(registry);
  }

  private static Optional<Deployment> registry() {
    return Optional.ofNullable(
        environment
            .admin()
            .apps()
            .deployments()
            .inNamespace(NAMESPACE)
            .withName(new Names(StubEnvironment.NAME).registry())
            .get());
  }

  private static boolean isBad(String image) {
    return Staging.shared()
        .releases(NAMESPACE)
        .anyMatch(release -> image.equals(release.getSpec().image()) && ReleaseView.isBad(release));
  }

  private static Stream<DynamicTest> deaths(Fate fate) {
    return Moment.each(WRITES.get(fate), STRIDE, moment -> dies(moment, fate));
  }

  private static boolean dies(Moment moment, Fate fate) {
    var before = said();
    var switched = switchedAt();
    var serving = serving();
    var operator = environment.operator();
    operator.dieAtStep(moment.write(), moment.afterwards());

    var commit =
        goes(
            fate,
            pushed -> {
              await("the operator to die " + moment)
                  .atMost(LIMIT)
                  .until(() -> operator.isDead() || fate.has(pushed));
              environment.operator();
            });

    var told =
        "%s%nwrites before: %s%n%s".formatted(moment, operator.writes(), environment.report());
    assertThat(End.of(commit)).as(told).isEqualTo(ENDS.get(fate));
    var release = release(commit).orElseThrow();
    var its = AppVersion.idOf(release);
    assertThat(serving()).as(told).isEqualTo(fate == Fate.VERIFIED ? its : serving);
    assertThat(release.getStatus().build().attempt()).as(told).isEqualTo(1);
    assertThat(ReleaseView.isBad(release)).as(told).isEqualTo(fate != Fate.VERIFIED);
    if (fate == Fate.BAD_BESIDE_THE_SERVING) {
      assertThat(switchedAt()).as(told).isEqualTo(switched);
    }
    var now = said();
    before.keySet().retainAll(now.keySet());
    assertThat(now).as(told).containsAllEntriesOf(before);
    assertThat(deployed()).as(told).contains(serving()).hasSizeLessThanOrEqualTo(2);
    return operator.isDead();
  }

  /** Pushes a commit, does something while it is rolled out, and waits for what becomes of it. */
  private static String goes(Fate fate, Consumer<String> meanwhile) {
    StubApp.refuse(fate.refused(serving()));
    var commit = repository.push("commit " + ++pushes);
    meanwhile.accept(commit);
    try {
      environment.settles(LIMIT, () -> fate.has(commit));
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "%s: %s; %s; %s"
              .formatted(
                  fate,
                  e.getMessage(),
                  release(commit).map(CommitCrashIT::said),
                  environment.report()),
          e);
    }
    return commit;
  }

  private static Optional<StagingRelease> release(String commit) {
    return Staging.shared().releaseOf(NAMESPACE, commit);
  }

  /** What every release says, by name. */
  private static Map<String, String> said() {
    return Staging.shared()
        .releases(NAMESPACE)
        .collect(
            Collectors.toMap(
                release -> release.getMetadata().getName(),
                CommitCrashIT::said,
                (one, other) -> one,
                TreeMap::new));
  }

  /** Its conditions: its state tells whether it serves, which others change. */
  private static String said(StagingRelease release) {
    return Stream.of(ReleaseView.BUILT, ReleaseView.ROLLED_OUT, ReleaseView.VERIFIED)
        .map(type -> ReleaseView.condition(release, type))
        .map(c -> c.getType() + "=" + c.getStatus() + " " + c.getReason())
        .collect(Collectors.joining(", "));
  }

  private static Optional<Service> service() {
    return Optional.ofNullable(
        environment.admin().services().inNamespace(NAMESPACE).withName("env-app").get());
  }

  /** The version that gets the traffic; empty before the first. */
  private static String serving() {
    return service().map(s -> s.getSpec().getSelector().get(Labels.VERSION)).orElse("");
  }

  private static String switchedAt() {
    return service().orElseThrow().getMetadata().getAnnotations().get(Labels.SWITCHED_AT);
  }

  /** Versions that have a Deployment. */
  private static List<String> deployed() {
    return Staging.shared().versions(NAMESPACE).stream()
        .filter(deployment -> !deployment.isMarkedForDeletion())
        .map(deployment -> deployment.getMetadata().getLabels().get(Labels.VERSION))
        .toList();
  }
}

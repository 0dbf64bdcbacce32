package ru.scoliologic.staging.reconcile.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyList;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyListBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.StandInApiServer;
import ru.scoliologic.staging.reconcile.assess.DeploymentAssessment;
import ru.scoliologic.staging.reconcile.observe.NetworkPolicyLister;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.RolloutDecision;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** What a stage says of a namespace that denies its pods what they send. */
class DeniedTrafficTest {
  private static final String PATH = "/apis/networking.k8s.io/v1/namespaces/team/networkpolicies";

  private static final NetworkPolicyList DENY_ALL =
      new NetworkPolicyListBuilder()
          .addToItems(
              new NetworkPolicyBuilder()
                  .withNewMetadata()
                  .withName("default-deny")
                  .endMetadata()
                  .withNewSpec()
                  .withNewPodSelector()
                  .endPodSelector()
                  .withPolicyTypes("Ingress", "Egress")
                  .endSpec()
                  .build())
          .build();

  private static final String DENIED =
      "NetworkPolicy default-deny of this namespace denies pods of %s all traffic out, DNS"
          + " included: allow it by a NetworkPolicy of your own (docs/operations.md has one), or"
          + " except these pods from it";

  private static final AppVersion SERVING = AppVersion.ofImage("sample-app:0");
  private static final AppVersion CANDIDATE = AppVersion.ofImage("sample-app:1");

  private static final ContainerState ENDED =
      new ContainerStateBuilder().withNewTerminated().withExitCode(1).endTerminated().build();

  private static final ContainerState STARTS = waiting("ContainerCreating");

  private final AtomicInteger requests = new AtomicInteger();
  private Instant now = Given.NOW;
  private StandInApiServer server;
  private DeniedTrafficExplainer policies;

  @BeforeEach
  void an_api_server() throws IOException {
    var answer = new KubernetesSerialization().asJson(DENY_ALL).getBytes(StandardCharsets.UTF_8);
    server =
        StandInApiServer.start(
            PATH,
            exchange -> {
              requests.incrementAndGet();
              StandInApiServer.answer(exchange, 200, answer);
            });
    InstantSource time = () -> now;
    policies =
        new DeniedTrafficExplainer(
            new NetworkPolicyLister(server.client())::list, time.withZone(ZoneOffset.UTC));
  }

  @AfterEach
  void it_stops() {
    server.close();
  }

  private static StageResult failing(Reason reason, String message) {
    return new StageResult.Failing(reason, message);
  }

  private static Snapshot following(String repository) {
    return Given.aGoodStart()
        .edited(
            "  services:\n", "  gitops: {repository: '%s'}\n  services:\n".formatted(repository))
        .snapshot();
  }

  private static List<ComponentHealth> components(ComponentName notReady) {
    return Stream.of(
            ComponentName.TRAEFIK, ComponentName.POSTGRES, ComponentName.REDIS, ComponentName.APP)
        .map(name ->
            name == notReady
                ? new ComponentHealth(
                    name, false, name + ":1", Reason.CONTAINER_CRASHING, "crashing")
                : new ComponentHealth(name, true, name + ":1", null, "available"))
        .toList();
  }

  /** What the result says in the end. */
  private StageResult explained(Snapshot snapshot, Stage stage, StageResult result) {
    return policies
        .explain(
            Map.of(stage, result),
            snapshot,
            components(stage == Stage.DEPLOYMENT ? ComponentName.APP : ComponentName.AGENT))
        .get(stage);
  }

  private StageResult explained(Stage stage, StageResult result) {
    return explained(Given.aGoodStart().snapshot(), stage, result);
  }

  @ParameterizedTest
  @CsvSource({
    "DEPLOYMENT, CONTAINER_CRASHING, app",
    "DEPLOYMENT, COMPONENTS_STARTING, app",
    "DEPLOYMENT, NOT_HEALTHY, app",
    "DEPLOYMENT, MIGRATION_FAILED, migration",
    "VALIDATION, CHECKS_FAILED, 'traefik, app'",
    "VALIDATION, CERTIFICATE_NOT_ISSUED, 'traefik, app'",
  })
  void a_stage_that_fails_names_the_policy_and_the_pods(Stage stage, Reason reason, String pods) {
    assertThat(explained(stage, failing(reason, "it failed")))
        .isEqualTo(failing(reason, "it failed; " + DENIED.formatted(pods)));
  }

  @ParameterizedTest
  @CsvSource({
    "DEPLOYMENT, REPOSITORY_UNREACHABLE",
    "DEPLOYMENT, AGENT_STARTING",
    "GITOPS, REPOSITORY_UNREACHABLE",
    "GITOPS, CONTAINER_CRASHING",
  })
  void trouble_with_the_branch_is_the_agents(Stage stage, Reason reason) {
    var following = following("https://git.example.org/team/app.git");

    assertThat(explained(following, stage, failing(reason, "no answer")).message())
        .isEqualTo("no answer; " + DENIED.formatted("gitops-agent"));
  }

  @Test
  void the_policy_is_named_before_the_last_lines_that_are_quoted() {
    var crashed =
        DeploymentAssessment.deployment(
            List.of(
                new ComponentHealth(
                    ComponentName.APP,
                    false,
                    "app:1",
                    Reason.CONTAINER_CRASHING,
                    "container app ended with exit code 1: getaddrinfo ENOTFOUND demo-postgres"
                        + "\nits last lines: bye")));

    assertThat(explained(Stage.DEPLOYMENT, crashed).message())
        .isEqualTo(
            "app: container app ended with exit code 1: getaddrinfo ENOTFOUND demo-postgres; "
                + DENIED.formatted("app")
                + "\nits last lines: bye");
  }

  private static Deployment deployment(AppVersion version, int available) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-app-" + version.id())
        .withGeneration(1L)
        .addToLabels(Labels.VERSION, version.id())
        .addToAnnotations(Labels.IMAGE, version.image())
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .endTemplate()
        .endSpec()
        .withNewStatus()
        .withAvailableReplicas(available)
        .endStatus()
        .build();
  }

  /** With a version beside the one that serves, whose container is in this state. */
  private static Snapshot withACandidate(ContainerState state) {
    return Given.aGoodStart()
        .owning(
            new ServiceBuilder()
                .withNewMetadata()
                .withName("demo-app")
                .addToAnnotations(Labels.SWITCHED_AT, Given.NOW.minusSeconds(999).toString())
                .endMetadata()
                .withNewSpec()
                .addToSelector(Labels.VERSION, SERVING.id())
                .endSpec()
                .build(),
            deployment(SERVING, 1),
            deployment(CANDIDATE, 0))
        .pod(
            new PodBuilder()
                .withNewMetadata()
                .withName("p")
                .withLabels(Map.of(Labels.COMPONENT, "app", Labels.VERSION, CANDIDATE.id()))
                .endMetadata()
                .withNewStatus()
                .addNewContainerStatus()
                .withName("app")
                .withReady(false)
                .withState(state)
                .endContainerStatus()
                .endStatus()
                .build())
        .snapshot();
  }

  private static ContainerState waiting(String reason) {
    return new ContainerStateBuilder().withNewWaiting().withReason(reason).endWaiting().build();
  }

  /** What a candidate is said to be doing, before and after the policies were looked at. */
  private List<String> candidate(ContainerState state, CandidateChecker.Look look) {
    var snapshot = withACandidate(state);
    var plan = Plan.of(snapshot, Configuration.resolve(snapshot));
    var plain = DeploymentAssessment.candidate(snapshot, plan, look).orElseThrow();
    var explained = policies.explain(plain, snapshot, plan);
    assertThat(explained.reason()).isEqualTo(plain.reason());
    return List.of(plain.reason() + ": " + plain.message(), explained.message());
  }

  @Test
  void a_version_beside_the_serving_one_that_does_not_come_up_names_the_policy_too() {
    var failed =
        new CandidateChecker.Look(
            CANDIDATE.id(),
            RolloutDecision.Checks.FAILED,
            Optional.of(failing(Reason.CHECKS_FAILED, "front page: status 500")));

    var nothing = CandidateChecker.Look.NOTHING;
    for (var said :
        List.of(candidate(STARTS, nothing), candidate(ENDED, nothing), candidate(STARTS, failed))) {
      assertThat(said.getLast()).endsWith("; " + DENIED.formatted("app"));
    }
    assertThat(candidate(STARTS, nothing).getFirst()).startsWith("CANDIDATE_STARTING: ");
    assertThat(candidate(ENDED, nothing).getFirst()).startsWith("CANDIDATE_FAILED: ");
  }

  @Test
  void a_version_with_a_cause_of_its_own_costs_no_request() {
    var said = candidate(waiting("ImagePullBackOff"), CandidateChecker.Look.NOTHING);

    assertThat(said.getFirst()).isEqualTo("CANDIDATE_FAILED: " + said.getLast());
    assertThat(requests).hasValue(0);
  }

  @Test
  void behind_a_shared_controller_only_the_application_is_looked_at() {
    var shared =
        Given.aGoodStart()
            .edited(
                "    dashboardAuth:",
                "    mode: Shared\n    shared: {className: nginx}\n    dashboardAuth:")
            .snapshot();

    assertThat(
            explained(shared, Stage.VALIDATION, failing(Reason.CHECKS_FAILED, "status 504"))
                .message())
        .isEqualTo("status 504; " + DENIED.formatted("app"));
  }

  @Test
  void what_is_well_or_has_a_cause_of_its_own_costs_no_request() {
    for (var result :
        List.of(
            new StageResult.Ready(Reason.DEPLOYED, "all are available"),
            failing(Reason.IMAGE_PULL_FAILED, "app: image x cannot be pulled"),
            failing(Reason.QUOTA_EXCEEDED, "app: exceeded quota"))) {
      assertThat(explained(Stage.DEPLOYMENT, result)).isEqualTo(result);
    }

    assertThat(requests).hasValue(0);
  }

  @Test
  void passes_one_after_the_other_read_once_in_ten_seconds() {
    var crashed = failing(Reason.CONTAINER_CRASHING, "crashed");
    explained(Stage.DEPLOYMENT, crashed);
    now = now.plusSeconds(9);
    explained(Stage.VALIDATION, failing(Reason.CHECKS_FAILED, "status 502"));
    assertThat(requests).hasValue(1);

    now = now.plusSeconds(1);
    explained(Stage.DEPLOYMENT, crashed);
    assertThat(requests).hasValue(2);
  }

  @Test
  void policies_that_cannot_be_read_leave_the_words_as_they_are() {
    server.server().removeContext(PATH);
    var crashed = failing(Reason.CONTAINER_CRASHING, "crashed");

    assertThat(explained(Stage.DEPLOYMENT, crashed)).isEqualTo(crashed);
  }

  @ParameterizedTest
  @CsvSource({
    "https://git.example.org/team/app.git, Git server (port 443)",
    "https://git.example.org:8443/team/app.git, Git server (port 8443)",
    "ssh://git@git.example.org/team/app.git, Git server (port 22)",
    "ssh://git@git.example.org:2222/team/app.git, Git server (port 2222)",
    "git@git.example.org:team/app.git, Git server (port 22)",
    "http://gitea.git.svc.cluster.local:3000/team/app.git, ''",
    "http://gitea/team/app.git, ''",
  })
  void the_git_server_is_looked_for_at_its_port(String repository, String denied) {
    var following = following(repository);
    var onlyNames =
        new NetworkPolicyBuilder(DENY_ALL.getItems().getFirst())
            .editSpec()
            .addNewEgress()
            .addNewPort()
            .withProtocol("UDP")
            .withNewPort(53)
            .endPort()
            .addNewPort()
            .withProtocol("TCP")
            .withNewPort(6443)
            .endPort()
            .endEgress()
            .endSpec()
            .build();

    var said =
        DeniedTraffic.explain(
            failing(Reason.REPOSITORY_UNREACHABLE, "no answer"),
            List.of(ComponentName.AGENT),
            following,
            List.of(onlyNames));

    assertThat(said.message())
        .isEqualTo(
            denied.isEmpty()
                ? "no answer"
                : "no answer; "
                    + DENIED
                        .formatted("gitops-agent")
                        .replace("all traffic out, DNS included", "traffic to the " + denied));
  }

  @Test
  void the_policy_in_the_documentation_lets_out_what_every_component_needs() throws IOException {
    var page = Files.readString(Path.of("../docs/operations.md"));
    var begin = page.indexOf("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n");
    var documented =
        new KubernetesSerialization()
            .unmarshal(page.substring(begin, page.indexOf("```", begin)), NetworkPolicy.class);
    var following = following("https://git.example.org/team/app.git");
    var failed = failing(Reason.CHECKS_FAILED, "status 502");
    var components =
        List.of(
            ComponentName.TRAEFIK,
            ComponentName.APP,
            ComponentName.MIGRATION,
            ComponentName.OLLAMA,
            ComponentName.AGENT);
    var denying = DENY_ALL.getItems().getFirst();

    assertThat(DeniedTraffic.explain(failed, components, following, List.of(denying)))
        .isEqualTo(
            failing(
                Reason.CHECKS_FAILED,
                "status 502; " + DENIED.formatted(ComponentName.joined(components))));
    assertThat(DeniedTraffic.explain(failed, components, following, List.of(denying, documented)))
        .isEqualTo(failed);
  }
}

package ru.scoliologic.staging.gitops;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.AgentContract.State;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class GitopsStageTest {
  private static final ComponentHealth AGENT =
      new ComponentHealth(ComponentName.AGENT, true, "operator", null, "available");
  private static final ComponentHealth REGISTRY =
      new ComponentHealth(ComponentName.REGISTRY, true, "registry:3", null, "available");

  private static ComponentHealth down(ComponentName name, Reason reason) {
    return new ComponentHealth(name, false, "image", reason, "says why");
  }

  private static StageResult said(String reason) {
    return GitopsStage.assess(
        List.of(AGENT, REGISTRY),
        Optional.of(new State("demo-1", reason, "in words", "2026-01-02T03:04:05Z")));
  }

  @ParameterizedTest
  @CsvSource({
    "Following, Ready",
    "RepositoryEmpty, Waiting",
    "RepositoryUnreachable, Failing",
    "BranchMissing, Failing",
    "GitFailed, Failing",
    "CredentialsRefused, Stalled",
    "CertificateUntrusted, Stalled",
    "HostKeyUnknown, Stalled",
    "HostKeyChanged, Stalled",
    "RepositoryNotFound, Stalled",
    "PinMissing, Stalled"
  })
  void what_the_agent_says_becomes_the_stages_result(String reason, String kind) {
    var result = said(reason);

    assertThat(result.getClass().getSimpleName()).isEqualTo(kind);
    assertThat(result.reason().camelCase()).isEqualTo(reason);
    assertThat(result.message())
        .isEqualTo(
            reason.equals("Following") ? "in words" : "in words (since 2026-01-02T03:04:05Z)");
  }

  @Test
  void a_word_that_nobody_knows_is_handed_on_and_not_taken_for_good() {
    var result = said("SomethingNew");

    assertThat(result).isInstanceOf(StageResult.Failing.class);
    assertThat(result.reason()).isEqualTo(Reason.UNEXPECTED_ERROR);
    assertThat(result.message()).startsWith("the agent reports SomethingNew: in words");
  }

  @ParameterizedTest
  @ValueSource(strings = {"EngineUnreachable", "EngineOutOfDisk", "RegistryRefused"})
  void trouble_of_a_build_belongs_to_its_release_and_is_no_state_of_the_branch(String reason) {
    assertThat(said(reason).reason()).isEqualTo(Reason.UNEXPECTED_ERROR);
  }

  @Test
  void an_agent_that_does_not_run_says_nothing_that_counts() {
    var crashed =
        GitopsStage.assess(
            List.of(down(ComponentName.AGENT, Reason.CONTAINER_CRASHING), REGISTRY),
            Optional.of(new State("demo-1", "Following", "follows", "")));

    assertThat(crashed)
        .isEqualTo(new StageResult.Failing(Reason.CONTAINER_CRASHING, "gitops-agent: says why"));
  }

  @Test
  void what_starts_is_awaited_by_name() {
    assertThat(
            GitopsStage.assess(
                    List.of(AGENT, down(ComponentName.REGISTRY, Reason.COMPONENTS_STARTING)),
                    Optional.empty())
                .message())
        .isEqualTo("starting: registry");
    var loading =
        new ComponentHealth(
            ComponentName.REGISTRY,
            false,
            "r:1",
            Reason.COMPONENTS_STARTING,
            "starting; its health check found status 503");
    assertThat(GitopsStage.assess(List.of(AGENT, loading), Optional.empty()).message())
        .isEqualTo("starting: registry; registry: its health check found status 503");
    var silent = GitopsStage.assess(List.of(AGENT, REGISTRY), Optional.empty());
    assertThat(silent).isInstanceOf(StageResult.Waiting.class);
    assertThat(silent.reason()).isEqualTo(Reason.AGENT_STARTING);
  }

  @Test
  void the_state_is_read_from_the_agents_config_map_and_an_empty_one_says_nothing() {
    var map =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("demo-gitops-agent-state")
            .withNamespace("team")
            .endMetadata();

    assertThat(GitopsStage.state(Given.aGoodStart().owning(map.build()).snapshot())).isEmpty();
    var state = new State("demo-1", "Following", "follows main", "2026-01-02T03:04:05Z");
    assertThat(
            GitopsStage.state(
                Given.aGoodStart().owning(map.withData(state.data()).build()).snapshot()))
        .contains(state);
  }
}

package ru.scoliologic.staging.gitops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.AgentContract;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.OnePod;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds the objects of the agent that follows the branch (pure). */
public final class GitopsResources {
  public static final String COMPONENT = "gitops-agent";

  private static final String GROUP = "staging.scoliologic.ru";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A change of what the operator alone decides by restarts no agent in the middle of a build. */
  private static final List<String> NOT_THE_AGENTS = List.of("autoDeploy", "commitStatus");

  private final StagingEnvironment environment;
  private final GitopsSpec spec;
  private final Names names;
  private final OnePod agent;
  private final AgentPod pod;

  private GitopsResources(Snapshot snapshot) {
    this.environment = snapshot.environment();
    this.spec = environment.getSpec().gitops();
    this.names = snapshot.names();
    this.agent = new OnePod(environment, COMPONENT, names.agent(), AgentContract.PORT);
    this.pod = new AgentPod(environment, snapshot.surroundings().operatorImage());
  }

  /**
   * The agent's part of the plan; nothing when no branch is followed.
   *
   * @param stage in which it is made
   * @param canPush whether what it pushes with is known; it is not started before
   */
  public static List<Planned> plan(Snapshot snapshot, Stage stage, boolean canPush) {
    return snapshot.environment().getSpec().gitops() == null
        ? List.of()
        : new GitopsResources(snapshot).plan(stage, canPush);
  }

  /** How the agent's pod is doing; empty when no branch is followed. */
  public static Optional<Component> observe(Snapshot snapshot) {
    return snapshot.environment().getSpec().gitops() == null
        ? Optional.empty()
        : Optional.of(
            Component.of(
                snapshot,
                COMPONENT,
                snapshot.surroundings().operatorImage(),
                snapshot.owned().find(Deployment.class, snapshot.names().agent())));
  }

  private List<Planned> plan(Stage stage, boolean canPush) {
    var plan = new ArrayList<Planned>();
    plan.add(new Planned(stage, serviceAccount()));
    plan.add(new Planned(stage, role()));
    plan.add(new Planned(stage, roleBinding()));
    plan.add(new Planned(stage, configuration()));
    plan.add(new Planned(stage, state()));
    plan.add(new Planned(stage, agent.service()));
    plan.add(new Planned(stage, networkPolicy()));
    var engine = spec.build().engine();
    if (engine.host() == null) {
      plan.add(
          new Planned(
              stage,
              // A cache: what is lost with it is built again.
              HardenedPod.volumeClaim(
                  owned(names.agent()), engine.storage(), engine.storageClassName())));
    }
    plan.add(
        new Planned(stage, agent.deployment(pod.spec(), Hash.of(configurationFile())), !canPush));
    return List.copyOf(plan);
  }

  private HasMetadata serviceAccount() {
    return new ServiceAccountBuilder()
        .withMetadata(owned(names.agent()))
        .withAutomountServiceAccountToken(false)
        .build();
  }

  /** Releases, and one ConfigMap; which part of a release, an admission policy says. */
  private Role role() {
    return new RoleBuilder()
        .withMetadata(owned(names.agent()))
        .withRules(
            rule(GROUP, "stagingreleases", "get", "list", "watch", "create", "patch"),
            rule(GROUP, "stagingreleases/status", "get", "patch", "update"),
            new PolicyRuleBuilder(rule("", "configmaps", "get", "patch", "update"))
                .withResourceNames(names.agentState())
                .build())
        .build();
  }

  private static PolicyRule rule(String group, String resource, String... verbs) {
    return new PolicyRuleBuilder()
        .withApiGroups(group)
        .withResources(resource)
        .withVerbs(verbs)
        .build();
  }

  private RoleBinding roleBinding() {
    return new RoleBindingBuilder()
        .withMetadata(owned(names.agent()))
        .withNewRoleRef("rbac.authorization.k8s.io", "Role", names.agent())
        .addNewSubject()
        .withKind("ServiceAccount")
        .withName(names.agent())
        .withNamespace(environment.getMetadata().getNamespace())
        .endSubject()
        .build();
  }

  private ConfigMap configuration() {
    return new ConfigMapBuilder()
        .withMetadata(owned(names.agentConfig()))
        .withData(Map.of(AgentContract.CONFIG_KEY, configurationFile()))
        .build();
  }

  private String configurationFile() {
    try {
      ObjectNode config =
          JSON.valueToTree(
              new AgentContract.Config(
                  environment.getMetadata().getName(),
                  environment.getMetadata().getNamespace(),
                  spec,
                  ImageRegistry.repository(environment),
                  pod.engineAddress()));
      config.withObject("/gitops").remove(NOT_THE_AGENTS);
      return JSON.writeValueAsString(config);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Empty: what stands in it is the agent's, and no field that is not planned is ever touched. */
  private ConfigMap state() {
    return new ConfigMapBuilder().withMetadata(owned(names.agentState())).build();
  }

  private NetworkPolicy networkPolicy() {
    var clients = new ArrayList<String>();
    if (environment.getSpec().monitored().isPresent()) {
      clients.add("prometheus");
    }
    if (spec.webhook() == null) {
      return agent.networkPolicy(clients.toArray(String[]::new));
    }
    if (environment.getSpec().ingress().sharesController()) {
      return agent.openNetworkPolicy();
    }
    clients.add("traefik");
    return agent.networkPolicy(clients.toArray(String[]::new));
  }

  private ObjectMeta owned(String name) {
    return Ownership.owned(environment, COMPONENT, name);
  }
}

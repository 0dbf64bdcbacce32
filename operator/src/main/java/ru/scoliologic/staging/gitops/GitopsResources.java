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
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.SinglePodWorkload;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ImageReferences;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds the objects of the agent that follows the branch. */
public final class GitopsResources {
  private static final ComponentName COMPONENT = ComponentName.AGENT;

  private static final String GROUP = "staging.scoliologic.ru";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Fields that only the operator uses, or that place the agent's pod. */
  private static final List<String> NOT_THE_AGENTS =
      List.of("autoDeploy", "commitStatus", "resources", "nodeSelector", "tolerations");

  private final StagingEnvironment environment;
  private final GitopsSpec spec;
  private final Names names;
  private final SinglePodWorkload agent;
  private final AgentPod pod;

  private GitopsResources(Snapshot snapshot) {
    this.environment = snapshot.environment();
    this.spec = environment.getSpec().gitops();
    this.names = snapshot.names();
    this.agent = new SinglePodWorkload(environment, COMPONENT, names.agent(), AgentContract.PORT);
    this.pod = new AgentPod(environment, snapshot.surroundings().operator().image());
  }

  /**
   * The agent's part of the plan; empty when no branch is followed.
   *
   * @param stage in which it is created
   * @param canPush whether the credentials for pushes are known; it is not started before
   */
  public static List<PlannedObject> plan(Snapshot snapshot, Stage stage, boolean canPush) {
    return snapshot.environment().getSpec().gitops() == null
        ? List.of()
        : new GitopsResources(snapshot).plan(stage, canPush);
  }

  /** Health of the agent's pod; empty when no branch is followed. */
  public static Optional<ComponentHealth> observe(Snapshot snapshot) {
    return snapshot.environment().getSpec().gitops() == null
        ? Optional.empty()
        : Optional.of(
            ComponentHealth.of(
                snapshot,
                COMPONENT,
                snapshot.surroundings().operator().image(),
                snapshot.owned().find(Deployment.class, snapshot.names().agent())));
  }

  private List<PlannedObject> plan(Stage stage, boolean canPush) {
    var plan = new ArrayList<PlannedObject>();
    plan.add(new PlannedObject(stage, serviceAccount()));
    plan.add(new PlannedObject(stage, role()));
    plan.add(new PlannedObject(stage, roleBinding()));
    plan.add(new PlannedObject(stage, configuration()));
    plan.add(new PlannedObject(stage, state()));
    plan.add(new PlannedObject(stage, agent.service()));
    plan.add(new PlannedObject(stage, networkPolicy()));
    var engine = spec.build().engine();
    if (engine.host() == null) {
      plan.add(
          new PlannedObject(
              stage,
              // A cache: lost content is built again.
              HardenedPod.volumeClaim(
                  owned(names.agent()), engine.storage(), engine.storageClassName())));
    }
    // The agent reads the rest of its configuration while it runs: a build continues.
    plan.add(
        new PlannedObject(
            stage, agent.deployment(pod.spec(), Hash.of(pod.engineAddress())), !canPush));
    return List.copyOf(plan);
  }

  private HasMetadata serviceAccount() {
    return new ServiceAccountBuilder()
        .withMetadata(owned(names.agent()))
        .withAutomountServiceAccountToken(false)
        .build();
  }

  /** Releases, and one ConfigMap; an admission policy limits which part of a release. */
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
                  ImageReferences.repository(environment),
                  pod.engineAddress()));
      config.withObject("/gitops").remove(NOT_THE_AGENTS);
      return JSON.writeValueAsString(config);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Empty: its content is the agent's, and a field that is not planned is never touched. */
  private ConfigMap state() {
    return new ConfigMapBuilder().withMetadata(owned(names.agentState())).build();
  }

  private NetworkPolicy networkPolicy() {
    var clients = new ArrayList<ComponentName>();
    if (environment.getSpec().monitored().isPresent()) {
      clients.add(ComponentName.PROMETHEUS);
    }
    if (spec.webhook() == null) {
      return agent.networkPolicy(clients);
    }
    if (environment.getSpec().ingress().sharesController()) {
      return agent.openNetworkPolicy();
    }
    clients.add(ComponentName.TRAEFIK);
    return agent.networkPolicy(clients);
  }

  private ObjectMeta owned(String name) {
    return OwnedMetadata.owned(environment, COMPONENT, name);
  }
}

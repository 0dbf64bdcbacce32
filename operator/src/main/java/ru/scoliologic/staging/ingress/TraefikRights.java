package ru.scoliologic.staging.ingress;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.ComponentName;

/** Traefik's ServiceAccount, and its read permissions in the environment's namespace. */
record TraefikRights(StagingEnvironment environment, Names names) {
  HasMetadata serviceAccount() {
    return new ServiceAccountBuilder()
        .withMetadata(OwnedMetadata.owned(environment, ComponentName.TRAEFIK, names.traefik()))
        .withAutomountServiceAccountToken(false)
        .build();
  }

  Role role() {
    return new RoleBuilder()
        .withMetadata(OwnedMetadata.owned(environment, ComponentName.TRAEFIK, names.traefik()))
        .withRules(
            read("", "services", "secrets"),
            read("discovery.k8s.io", "endpointslices"),
            read("networking.k8s.io", "ingresses"),
            new PolicyRuleBuilder()
                .withApiGroups("networking.k8s.io")
                .withResources("ingresses/status")
                .withVerbs("update")
                .build())
        .build();
  }

  private static PolicyRule read(String group, String... resources) {
    return new PolicyRuleBuilder()
        .withApiGroups(group)
        .withResources(resources)
        .withVerbs("get", "list", "watch")
        .build();
  }

  RoleBinding roleBinding() {
    return new RoleBindingBuilder()
        .withMetadata(OwnedMetadata.owned(environment, ComponentName.TRAEFIK, names.traefik()))
        .withNewRoleRef("rbac.authorization.k8s.io", "Role", names.traefik())
        .addNewSubject()
        .withKind("ServiceAccount")
        .withName(names.traefik())
        .withNamespace(environment.getMetadata().getNamespace())
        .endSubject()
        .build();
  }
}

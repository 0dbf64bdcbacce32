package ru.scoliologic.staging.validation;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.HostAlias;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.ValidationSpec.Container;
import ru.scoliologic.staging.cluster.kube.AccessPolicy;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.NoMesh;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.validation.ContainerChecks.Surface;

/** Builds the Jobs that check an environment, and the objects they share. */
final class ContainerCheckResources {
  private static final String CA_VOLUME = "authority";
  private static final String CA_FOLDER = "/staging";
  private static final String CA_KEY = "ca.crt";
  private static final String CA_FILE = CA_FOLDER + "/" + CA_KEY;
  private static final long GRACE_SECONDS = 5;

  /** Beyond the pod's own deadline, which keeps its log: for a pod that is never scheduled. */
  private static final long UNSCHEDULED_SECONDS = 60;

  private final StagingEnvironment environment;
  private final Names names;
  private final Surface surface;

  ContainerCheckResources(StagingEnvironment environment, Surface surface) {
    this.environment = environment;
    this.names = Names.of(environment);
    this.surface = surface;
  }

  /** Shared by all Jobs: a policy that denies connections to their pods, and the CA bundle. */
  List<HasMetadata> shared() {
    var objects = new ArrayList<HasMetadata>();
    objects.add(
        new AccessPolicy(environment, ComponentName.CHECK, names.checks(), 1).lettingIn(List.of()));
    if (!surface.entrance().caBundle().isEmpty()) {
      objects.add(
          new ConfigMapBuilder()
              .withMetadata(OwnedMetadata.owned(environment, ComponentName.CHECK, names.checks()))
              .withData(Map.of(CA_KEY, surface.entrance().caBundle()))
              .build());
    }
    return objects;
  }

  /**
   * The Job of one run of a check.
   *
   * @param id of the check
   * @param subject to which its result applies
   */
  Job job(Container check, String name, String id, String subject) {
    var metadata = OwnedMetadata.owned(environment, ComponentName.CHECK, name);
    var labels = new TreeMap<>(Labels.of(environment, ComponentName.CHECK));
    labels.put(Labels.CHECK, id);
    metadata.setLabels(labels);
    metadata.setAnnotations(Map.of(Labels.SUBJECT, subject));
    return new JobBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .withBackoffLimit(0)
        .withActiveDeadlineSeconds(check.timeoutSeconds() + UNSCHEDULED_SECONDS)
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(NoMesh.labels(labels))
        .withAnnotations(NoMesh.ANNOTATIONS)
        .endMetadata()
        .withSpec(pod(check))
        .endTemplate()
        .endSpec()
        .build();
  }

  private PodSpec pod(Container check) {
    var volumes = new ArrayList<Volume>(List.of(emptyDir("tmp")));
    var mounts = new ArrayList<VolumeMount>(List.of(mount("tmp", "/tmp")));
    if (!surface.entrance().caBundle().isEmpty()) {
      volumes.add(
          new VolumeBuilder()
              .withName(CA_VOLUME)
              .withNewConfigMap()
              .withName(names.checks())
              .endConfigMap()
              .build());
      mounts.add(readOnly(CA_VOLUME, CA_FOLDER));
    }
    return HardenedPod.pod(check, check.runAsUser())
        .withRestartPolicy("Never")
        .withActiveDeadlineSeconds(check.timeoutSeconds().longValue())
        .withTerminationGracePeriodSeconds(GRACE_SECONDS)
        .withHostAliases(aliases())
        .withContainers(
            HardenedPod.container(
                    ComponentName.CHECK.label(),
                    check,
                    HardenedPod.resources("100m", "128Mi", "1Gi"))
                .withCommand(check.command())
                .withArgs(check.args())
                .withEnv(variables(check))
                .withVolumeMounts(mounts)
                .build())
        .withVolumes(volumes)
        .build();
  }

  /** The domains resolve to the ingress whatever cluster DNS returns; empty for a host name. */
  private List<HostAlias> aliases() {
    return isAddress(surface.entrance().address())
        ? List.of(new HostAlias(domains().toList(), surface.entrance().address()))
        : List.of();
  }

  private Stream<String> domains() {
    var domains = environment.getSpec().domains();
    return Stream.of(
            domains.app(), dashboard(), surface.entrance().grafana() ? domains.grafana() : null)
        .filter(Objects::nonNull);
  }

  private String dashboard() {
    return environment.getSpec().ingress().sharesController()
        ? null
        : environment.getSpec().domains().traefik();
  }

  private static boolean isAddress(String text) {
    try {
      return InetAddress.ofLiteral(text) != null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** The operator's variables first, so that the check's own may refer to them. */
  private List<EnvVar> variables(Container check) {
    var variables = new LinkedHashMap<String, EnvVar>();
    plain(variables, "HOME", "/tmp");
    plain(variables, "APP_URL", "https://" + environment.getSpec().domains().app());
    plain(variables, "DOMAIN_APP", environment.getSpec().domains().app());
    plain(variables, "APP_IMAGE", surface.image());
    plain(variables, "INGRESS_ADDRESS", surface.entrance().address());
    if (dashboard() != null) {
      plain(variables, "DOMAIN_TRAEFIK", dashboard());
    }
    if (!surface.entrance().caBundle().isEmpty()) {
      plain(variables, "CA_FILE", CA_FILE);
      plain(variables, "SSL_CERT_FILE", CA_FILE);
      plain(variables, "NODE_EXTRA_CA_CERTS", CA_FILE);
    }
    if (environment.getSpec().ingress().access() != null) {
      secret(
          variables,
          "CHECK_TOKEN",
          new KeyRef(names.credentials(), surface.entrance().checkTokenKey()));
    }
    for (var variable : check.env()) {
      if (variable.secretKeyRef() == null) {
        plain(variables, variable.name(), variable.value());
      } else {
        secret(variables, variable.name(), variable.secretKeyRef());
      }
    }
    return List.copyOf(variables.values());
  }

  /** A variable that the check redefines keeps the check's position. */
  private static void plain(Map<String, EnvVar> variables, String name, String value) {
    variables.remove(name);
    variables.put(name, new EnvVar(name, value, null));
  }

  private static void secret(Map<String, EnvVar> variables, String name, KeyRef ref) {
    variables.remove(name);
    variables.put(
        name,
        new EnvVarBuilder()
            .withName(name)
            .withNewValueFrom()
            .withNewSecretKeyRef(ref.key(), ref.name(), false)
            .endValueFrom()
            .build());
  }
}

package ru.scoliologic.staging.ingress;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.IngressTimeouts;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.StartupLimit;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.ComponentName;

/** Builds Traefik's Deployment. */
final class TraefikDeployment {
  /** The user of the official image that may write nothing but its volume. */
  private static final long USER = 65532;

  private static final int WEB = 8000;
  private static final int WEBSECURE = 8443;
  private static final int INTERNAL = 8080;
  private static final String RESPONDING = "--entrypoints.websecure.transport.respondingtimeouts.";
  private static final String CA_FILE = "/etc/traefik/ca/ca.pem";
  private static final ComponentName COMPONENT = ComponentName.TRAEFIK;

  private final StagingEnvironment environment;
  private final Names names;
  private final CertificateAuthority authority;
  private final String caBundle;

  /** Null when the application's domain is open. */
  private final AccessSpec access;

  /**
   * The Deployment of one environment.
   *
   * @param caBundle PEM certificates of a custom authority, or empty
   */
  TraefikDeployment(StagingEnvironment environment, String caBundle) {
    this.environment = environment;
    this.names = Names.of(environment);
    this.authority = CertificateAuthority.inUse(environment);
    this.caBundle = caBundle;
    this.access = environment.getSpec().ingress().access();
  }

  /**
   * Builds the Deployment.
   *
   * @param configurationHash changes with whatever Traefik reads at its start
   */
  Deployment build(String configurationHash) {
    return new DeploymentBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.traefik()))
        .withNewSpec()
        .withReplicas(1)
        .withProgressDeadlineSeconds(environment.getSpec().ingress().deadline())
        .withRevisionHistoryLimit(2)
        // Two Traefiks must not write one ACME store.
        .withNewStrategy()
        .withType("Recreate")
        .endStrategy()
        .withNewSelector()
        .withMatchLabels(Labels.selector(environment, COMPONENT))
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(Labels.of(environment, COMPONENT))
        .withAnnotations(Map.of(Labels.CONFIG_HASH, configurationHash))
        .endMetadata()
        .withSpec(podSpec())
        .endTemplate()
        .endSpec()
        .build();
  }

  private PodSpec podSpec() {
    return HardenedPod.pod(environment.getSpec().ingress(), USER)
        .withServiceAccountName(names.traefik())
        .withAutomountServiceAccountToken(true)
        .withTerminationGracePeriodSeconds(30L)
        .withContainers(container())
        .withVolumes(volumes())
        .build();
  }

  private Container container() {
    return HardenedPod.container(
            COMPONENT.label(),
            environment.getSpec().ingress(),
            HardenedPod.resources("50m", "64Mi", "256Mi"))
        .withArgs(arguments())
        .addNewPort()
        .withName("web")
        .withContainerPort(WEB)
        .withProtocol("TCP")
        .endPort()
        .addNewPort()
        .withName("websecure")
        .withContainerPort(WEBSECURE)
        .withProtocol("TCP")
        .endPort()
        .addNewPort()
        .withName("internal")
        .withContainerPort(INTERNAL)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(
            StartupLimit.of(
                new ProbeBuilder()
                    .withNewHttpGet()
                    .withPath("/ping")
                    .withPort(new IntOrString("internal"))
                    .endHttpGet(),
                environment.getSpec().ingress().deadline()))
        .withNewReadinessProbe()
        .withNewHttpGet()
        .withPath("/ping")
        .withPort(new IntOrString("internal"))
        .endHttpGet()
        .withPeriodSeconds(2)
        .withFailureThreshold(3)
        .endReadinessProbe()
        .withNewLivenessProbe()
        .withNewHttpGet()
        .withPath("/ping")
        .withPort(new IntOrString("internal"))
        .endHttpGet()
        .withPeriodSeconds(10)
        .withFailureThreshold(6)
        .endLivenessProbe()
        .withVolumeMounts(mounts())
        .build();
  }

  private List<String> arguments() {
    var acme = "--certificatesresolvers." + authority.resolver() + ".acme.";
    var namespace = environment.getMetadata().getNamespace();
    var arguments =
        new ArrayList<>(
            List.of(
                "--global.checknewversion=false",
                "--global.sendanonymoususage=false",
                "--log.level=INFO",
                "--entrypoints.web.address=:" + WEB,
                "--entrypoints.web.http.redirections.entrypoint.to=:443",
                "--entrypoints.web.http.redirections.entrypoint.scheme=https",
                "--entrypoints.websecure.address=:" + WEBSECURE,
                RESPONDING + "readtimeout=" + patience().read(),
                RESPONDING + "writetimeout=" + patience().write(),
                RESPONDING + "idletimeout=" + patience().idle(),
                "--entrypoints.traefik.address=:" + INTERNAL,
                "--ping=true",
                "--api=true",
                "--metrics.prometheus=true",
                "--providers.file.directory=/etc/traefik/dynamic",
                "--providers.kubernetesingress=true",
                "--providers.kubernetesingress.namespaces=" + namespace,
                "--providers.kubernetesingress.ingressclass=" + names.traefik(),
                "--providers.kubernetesingress.disableclusterscoperesources=true",
                // Every Ingress then carries the address of the Service.
                "--providers.kubernetesingress.ingressendpoint.publishedservice=%s/%s"
                    .formatted(namespace, names.traefik()),
                // Otherwise there is no router, and so no order, while the application starts: the
                // attempt at a certificate would end before a slow one is up.
                "--providers.kubernetesingress.allowemptyservices=true",
                acme + "email=" + environment.getSpec().ingress().acme().email(),
                acme + "storage=/data/acme.json",
                acme + "keytype=EC256",
                acme + "caserver=" + authority.directory(),
                acme + "httpchallenge.entrypoint=web",
                // The Service learns of the new pod in this time; without it a first order can
                // fail.
                acme + "httpchallenge.delay=3s"));
    if (!caBundle.isEmpty()) {
      arguments.add(acme + "cacertificates=" + CA_FILE);
      arguments.add(acme + "casystemcertpool=true");
    }
    return arguments;
  }

  private IngressTimeouts patience() {
    return environment.getSpec().ingress().patience();
  }

  private List<VolumeMount> mounts() {
    var mounts =
        new ArrayList<>(
            List.of(
                mount("certificates", "/data"),
                mount("tmp", "/tmp"),
                readOnly(routes(), "/etc/traefik/dynamic"),
                readOnly("users", "/etc/traefik/users")));
    if (!caBundle.isEmpty()) {
      mounts.add(readOnly("ca", "/etc/traefik/ca"));
    }
    return mounts;
  }

  private List<Volume> volumes() {
    var volumes =
        new ArrayList<>(
            List.of(
                claim("certificates", names.traefik()),
                emptyDir("tmp"),
                dynamic(),
                new VolumeBuilder()
                    .withName("users")
                    .withNewSecret()
                    .withSecretName(names.traefikUsers())
                    .endSecret()
                    .build()));
    if (!caBundle.isEmpty()) {
      var ref = authority.caBundle().configMapKeyRef();
      volumes.add(
          new VolumeBuilder()
              .withName("ca")
              .withNewConfigMap()
              .withName(ref.name())
              .addNewItem()
              .withKey(ref.key())
              .withPath("ca.pem")
              .endItem()
              .endConfigMap()
              .build());
    }
    return volumes;
  }

  /** The folder of the files that Traefik watches. */
  private Volume dynamic() {
    return access == null
        ? new VolumeBuilder()
            .withName(routes())
            .withNewConfigMap()
            .withName(names.traefik())
            .endConfigMap()
            .build()
        : new VolumeBuilder()
            .withName(routes())
            .withNewProjected()
            .addNewSource()
            .withNewConfigMap()
            .withName(names.traefik())
            .endConfigMap()
            .endSource()
            .addNewSource()
            .withNewSecret()
            .withName(names.traefikCheck())
            .endSecret()
            .endSource()
            .endProjected()
            .build();
  }

  /** A volume that changes its kind must change its name: the old kind's defaults would stay. */
  private String routes() {
    return access == null ? "dynamic" : "dynamic-and-check";
  }
}

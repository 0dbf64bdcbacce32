package ru.scoliologic.staging.throwaway;

import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * One Kubernetes node in a container, with a default StorageClass, DNS, LoadBalancer addresses on
 * the node, the audit log on, and the images of {@link Images} inside. The repository's manifests,
 * examples and test overlays are seen by {@link #kubectl} below /workspace.
 */
public final class ThrowawayCluster implements AutoCloseable {
  static final String LABEL = "org.scoliologic.staging.cluster";
  private static final String WORKSPACE = "/workspace/";
  private static final String AUDIT_LOG = "/var/log/audit.log";
  private static final String LOADED = "/var/lib/rancher/k3s/loaded-images";

  /** Where k3s looks for more of the kubelet's configuration, beside its own. */
  private static final String KUBELET_PARTS = "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d";

  /** Set where one test class at a time is worked on: the cluster then stays for the next run. */
  private static final String KEPT = "cluster.kept";

  /** What a cluster is for; told apart by label. */
  enum Use {
    TEST,
    KEPT,
    RUN;

    /** It sees this working copy below /workspace, so another one keeps a cluster of its own. */
    String label() {
      var name = name().toLowerCase(Locale.ROOT);
      return this == KEPT ? name + ":" + Repository.root() : name;
    }
  }

  private static ThrowawayCluster shared;

  private final String container;
  private final String nodeIp;
  private final Use use;
  private final boolean usedBefore;
  private final Config config;
  private final KubernetesClient admin;
  private final List<KubernetesClient> clients = new ArrayList<>();
  private Pebble pebble;
  private ModelRegistry models;
  private GitServer git;

  private ThrowawayCluster(String container, Use use, boolean usedBefore) {
    this.container = container;
    this.use = use;
    this.usedBefore = usedBefore;
    this.nodeIp =
        Docker.run(
            "inspect",
            "--format",
            "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
            container);
    String yaml =
        Docker.run("exec", container, "cat", "/etc/rancher/k3s/k3s.yaml")
            .replace("127.0.0.1", nodeIp);
    try {
      Files.writeString(kubeconfig(), yaml + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.config = Config.fromKubeconfig(yaml);
    // All requests would share one connection, and a single one that is cut off could hold up the
    // rest.
    config.setHttp2Disable(true);
    this.admin = new KubernetesClientBuilder().withConfig(config).build();
  }

  /**
   * The cluster that all tests of this JVM share; Testcontainers removes it when the JVM ends,
   * unless it is to be kept.
   */
  public static synchronized ThrowawayCluster start() {
    if (shared == null) {
      if (Boolean.getBoolean(KEPT)) {
        shared = lasting(Use.KEPT);
      } else {
        Docker.requireEngine();
        Leftovers.clear();
        shared = create(Use.TEST);
      }
    }
    return shared;
  }

  /**
   * The cluster of {@code make run}: the one that is there, else a new one; it outlives the JVM.
   */
  static ThrowawayCluster lasting() {
    return lasting(Use.RUN);
  }

  private static ThrowawayCluster lasting(Use use) {
    Docker.requireEngine();
    Leftovers.clear();
    Optional<String> running = running(use);
    if (running.isEmpty()) {
      remove(use);
      return create(use);
    }
    ThrowawayCluster cluster = new ThrowawayCluster(running.get(), use, true);
    cluster.refreshImages();
    return cluster;
  }

  /**
   * Removes the cluster of {@code make run}, and one kept for tests; says whether one was there.
   */
  static boolean removeLasting() {
    boolean ran = remove(Use.RUN);
    boolean kept = remove(Use.KEPT);
    return ran || kept;
  }

  private static boolean remove(Use use) {
    List<String> found =
        Docker.run("ps", "-a", "-q", "--no-trunc", "--filter", "label=" + LABEL + "=" + use.label())
            .lines()
            .toList();
    found.forEach(id -> Docker.run("rm", "-f", "-v", id));
    return !found.isEmpty();
  }

  /** True when {@code make run} has a cluster that would be used again. */
  static boolean isRunning() {
    return running(Use.RUN).isPresent();
  }

  /** A cluster whose node image is no longer the current one does not count. */
  private static Optional<String> running(Use use) {
    return Docker.run("ps", "-q", "--no-trunc", "--filter", "label=" + LABEL + "=" + use.label())
        .lines()
        .filter(id ->
            Docker.run("inspect", "--format", "{{.Image}}", id).endsWith(Images.id(Images.NODE)))
        .filter(id -> Docker.attempt("exec", id, "test", "-f", LOADED).exitCode() == 0)
        .findFirst();
  }

  private static ThrowawayCluster create(Use use) {
    requireNoReaper(use);
    Map<String, String> images = Images.preloaded(use != Use.RUN);
    Path archives = Images.archive(images);
    // Testcontainers finds the engine's address only once its client is there, and the container
    // asks for it at once.
    DockerClientFactory.instance().client();
    @SuppressWarnings("resource") // ended by close(), or by `make stop`
    K3sContainer node =
        new K3sContainer(DockerImageName.parse(Images.NODE))
            .withReuse(use != Use.TEST)
            // The node's programs collect their garbage less often: memory for processor time.
            .withEnv("GOGC", "400")
            .withStartupTimeout(Duration.ofMinutes(4));
    List<String> command = new ArrayList<>(Arrays.asList(node.getCommandParts()));
    command.add("--disable=metrics-server");
    command.add("--kube-apiserver-arg=audit-log-path=" + AUDIT_LOG);
    command.add(
        "--kube-apiserver-arg=audit-policy-file="
            + WORKSPACE
            + "operator/src/test/cluster/audit-policy.yaml");
    // k3s looks there by itself, its stand-in does not.
    command.add("--kubelet-arg=config-dir=" + KUBELET_PARTS);
    node.setCommand(command.toArray(String[]::new));
    node.withCreateContainerCmdModifier(create -> {
      Map<String, String> labels = new HashMap<>(create.getLabels());
      labels.put(LABEL, use.label());
      if (use == Use.TEST) {
        labels.put(Leftovers.ownerLabel(), Leftovers.owner());
      }
      create.withLabels(labels);
      HostConfig host = create.getHostConfig();
      host.withBinds(
          Stream.concat(Arrays.stream(host.getBinds()), binds(archives)).toArray(Bind[]::new));
    });
    try {
      node.start();
    } catch (RuntimeException e) {
      throw new ClusterException("the cluster did not start: " + Docker.cure(rootCause(e)), e);
    }
    ThrowawayCluster cluster = new ThrowawayCluster(node.getContainerId(), use, false);
    cluster.remember(images);
    return cluster;
  }

  private static Stream<Bind> binds(Path archives) {
    return Stream.concat(
        Stream.of(
            bind(archives, "/var/lib/rancher/k3s/agent/images"),
            bind(
                Repository.root().resolve("operator/src/test/cluster/kubelet.conf"),
                KUBELET_PARTS + "/50-throwaway.conf")),
        Arrays.stream(Repository.SHARED)
            .filter(folder -> Files.isDirectory(Repository.root().resolve(folder)))
            .map(folder -> bind(Repository.root().resolve(folder), WORKSPACE + folder)));
  }

  private static Bind bind(Path from, String to) {
    return new Bind(from.toString(), new Volume(to), AccessMode.ro);
  }

  /** The reaper is one more image to pull; leftovers are cleared by label instead. */
  private static void requireNoReaper(Use use) {
    if (!Boolean.parseBoolean(System.getenv("TESTCONTAINERS_RYUK_DISABLED"))) {
      throw new ClusterException(
          "set TESTCONTAINERS_RYUK_DISABLED=true in the environment (make does)");
    }
    if (use != Use.TEST && !Boolean.parseBoolean(System.getenv("TESTCONTAINERS_REUSE_ENABLE"))) {
      throw new ClusterException(
          "set TESTCONTAINERS_REUSE_ENABLE=true in the environment (make does)");
    }
  }

  private static String rootCause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }

  /** Whether an earlier run has worked on it, and may have left something. */
  public boolean isUsedBefore() {
    return usedBefore;
  }

  /** A client with all rights. */
  public KubernetesClient admin() {
    return admin;
  }

  /**
   * A client with the rights of the ServiceAccount, by a token of its own; closed with the cluster.
   */
  public synchronized KubernetesClient as(String namespace, String serviceAccount) {
    String token =
        admin
            .serviceAccounts()
            .inNamespace(namespace)
            .withName(serviceAccount)
            .tokenRequest(
                new TokenRequestBuilder()
                    .withNewSpec()
                    .withExpirationSeconds(86_400L)
                    .endSpec()
                    .build())
            .getStatus()
            .getToken();
    Config own =
        new ConfigBuilder()
            .withAutoConfigure(false)
            .withMasterUrl(config.getMasterUrl())
            .withCaCertData(config.getCaCertData())
            .withOauthToken(token)
            .build();
    KubernetesClient client = new KubernetesClientBuilder().withConfig(own).build();
    clients.add(client);
    return client;
  }

  /** The node's address; LoadBalancer Services are served on it, reachable from this machine. */
  public String nodeIp() {
    return nodeIp;
  }

  /** A kubeconfig with all rights, for tools on this machine. */
  public Path kubeconfig() {
    // Tests run in several processes, each with a cluster of its own.
    return Repository.state(
        switch (use) {
          case RUN -> "kubeconfig";
          case KEPT -> "kubeconfig-kept";
          case TEST -> "kubeconfig-test-" + System.getProperty("surefire.forkNumber", "1");
        });
  }

  /** Runs a command on the node. */
  public ExecResult exec(String... command) {
    return Docker.attempt(
        Stream.concat(Stream.of("exec", container), Arrays.stream(command)).toArray(String[]::new));
  }

  /**
   * Runs kubectl on the node, where the repository is /workspace; returns its output, throws its
   * last words.
   */
  public String kubectl(String... arguments) {
    ExecResult result =
        exec(Stream.concat(Stream.of("kubectl"), Arrays.stream(arguments)).toArray(String[]::new));
    if (result.exitCode() != 0) {
      throw new ClusterException(
          "kubectl " + String.join(" ", arguments) + ": " + result.lastWords());
    }
    return result.stdout();
  }

  /** Brings an image of the engine into the node, under its name. */
  public void loadImage(String reference) {
    Docker.pipe(
        List.of("save", reference),
        List.of("exec", "-i", container, "ctr", "-n", "k8s.io", "images", "import", "-"));
  }

  /** What was asked of the API server up to now. */
  public AuditLog auditLog() {
    return AuditLog.parse(Docker.run("exec", container, "cat", AUDIT_LOG));
  }

  /** Makes every name below the zone resolve to the node in the whole cluster. */
  public void resolve(String zone) {
    resolve(zone, nodeIp);
  }

  /** Makes every name below the zone resolve to the address in the whole cluster. */
  public void resolve(String zone, String address) {
    String corefile =
        """
        template IN A %1$s {
          answer "{{ .Name }} 60 IN A %2$s"
        }
        template IN AAAA %1$s {
          rcode NOERROR
        }
        """
            .formatted(zone, address);
    String key = zone.replace('.', '-') + ".override";
    var present = admin.configMaps().inNamespace("kube-system").withName("coredns-custom").get();
    if (present != null && corefile.equals(present.getData().get(key))) {
      return;
    }
    admin
        .resource(
            new ConfigMapBuilder(present == null ? new ConfigMapBuilder().build() : present)
                .editOrNewMetadata()
                .withNamespace("kube-system")
                .withName("coredns-custom")
                .withManagedFields()
                .withResourceVersion(null)
                .endMetadata()
                .addToData(key, corefile)
                .build())
        .forceConflicts()
        .serverSideApply();
    // The mounted file follows only after a minute or so; a new pod has it at once.
    kubectl("-n", "kube-system", "rollout", "restart", "deployment/coredns");
    kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s");
  }

  /** The ACME server, deployed at the first call. */
  public synchronized Pebble pebble() {
    if (pebble == null) {
      pebble = Pebble.deploy(this);
    }
    return pebble;
  }

  /** The registry of language models, deployed at the first call. */
  public synchronized ModelRegistry models() {
    if (models == null) {
      models = ModelRegistry.deploy(this);
    }
    return models;
  }

  /** The Git server, deployed at the first call. */
  public synchronized GitServer git() {
    if (git == null) {
      git = GitServer.deploy(this);
    }
    return git;
  }

  /**
   * Puts the CA of the ACME server's own certificate and the root that it issues from into
   * ConfigMap acme-ca, key ca.pem, of the namespace, which is made when absent.
   */
  public void trustAcme(String namespace) {
    if (admin.namespaces().withName(namespace).get() == null) {
      admin
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
          .create();
    }
    admin
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("acme-ca")
                .endMetadata()
                .addToData("ca.pem", pebble().acmeServerCa() + pebble().acmeIssuingRoots())
                .build())
        .forceConflicts()
        .serverSideApply();
  }

  private void refreshImages() {
    Map<String, String> inside =
        Docker.run("exec", container, "cat", LOADED)
            .lines()
            .map(line -> line.split(" ", 2))
            .collect(Collectors.toMap(line -> line[0], line -> line[1]));
    Map<String, String> current = Images.preloaded(use != Use.RUN);
    current.forEach((reference, id) -> {
      if (!id.equals(inside.get(reference))) {
        Progress.step("loading " + reference, () -> loadImage(reference));
      }
    });
    remember(current);
  }

  private void remember(Map<String, String> images) {
    String lines =
        images.entrySet().stream()
            .map(i -> i.getKey() + " " + i.getValue())
            .collect(Collectors.joining("\n"));
    Docker.run("exec", container, "sh", "-c", "echo '" + lines + "' >" + LOADED);
  }

  /** Ends the cluster; one that is to last goes on. */
  @Override
  public void close() {
    clients.forEach(KubernetesClient::close);
    admin.close();
    if (use == Use.TEST) {
      Docker.attempt("rm", "-f", "-v", container);
    }
  }
}

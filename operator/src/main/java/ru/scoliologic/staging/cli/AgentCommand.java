package ru.scoliologic.staging.cli;

import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import ru.scoliologic.staging.agent.Agent;
import ru.scoliologic.staging.agent.AgentFiles;
import ru.scoliologic.staging.cluster.kube.ServerLimits;
import ru.scoliologic.staging.cluster.model.AgentContract;

/** {@code operator agent}: follows the branch of one environment until the process is stopped. */
@Command(
    name = "agent",
    description = "Follows a Git branch and builds its commits for one environment.",
    mixinStandardHelpOptions = true)
final class AgentCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(AgentCommand.class);

  @Option(
      names = "--config",
      defaultValue = AgentContract.CONFIG_FILE,
      description = "File with the agent's configuration (default: ${DEFAULT-VALUE}).")
  private Path config;

  @Option(
      names = "--git-credentials",
      defaultValue = AgentContract.GIT_CREDENTIALS,
      description =
          "Directory with token, username, sshPrivateKey, knownHosts (default:"
              + " ${DEFAULT-VALUE}).")
  private Path gitCredentials;

  @Option(
      names = "--git-ca",
      defaultValue = AgentContract.GIT_CA,
      description =
          "PEM certificates of the authority of the Git server (default:" + " ${DEFAULT-VALUE}).")
  private Path gitAuthority;

  @Option(
      names = "--webhook-secret",
      defaultValue = AgentContract.WEBHOOK_SECRET,
      description = "File with the webhook's shared secret (default: ${DEFAULT-VALUE}).")
  private Path webhookSecret;

  @Option(
      names = "--registry-credentials",
      defaultValue = AgentContract.REGISTRY_CREDENTIALS,
      description = "File with the registry credentials (default: ${DEFAULT-VALUE}).")
  private Path registryCredentials;

  @Option(
      names = "--engine-tls",
      defaultValue = AgentContract.ENGINE_TLS,
      description = "Directory with ca.pem, cert.pem, key.pem (default: ${DEFAULT-VALUE}).")
  private Path engineTls;

  @Option(
      names = "--base-images",
      defaultValue = AgentContract.BASE_IMAGES,
      description = "Directory with archives of images, loaded first (default: ${DEFAULT-VALUE}).")
  private Path baseImages;

  @Option(
      names = "--work",
      defaultValue = AgentContract.WORK,
      description = "Directory for data that can be recreated (default: ${DEFAULT-VALUE}).")
  private Path work;

  @Option(
      names = "--port",
      defaultValue = "" + AgentContract.PORT,
      description =
          "Port of "
              + AgentContract.WEBHOOK_PATH
              + ", /healthz and /metrics (default: ${DEFAULT-VALUE}).")
  private int port;

  @Override
  public Integer call() throws Exception {
    ServerLimits.set();
    var files =
        new AgentFiles(
            config,
            gitCredentials,
            gitAuthority,
            webhookSecret,
            registryCredentials,
            engineTls,
            baseImages,
            work);
    var done = new CountDownLatch(1);
    try (var client =
            new KubernetesClientBuilder()
                .withKubernetesSerialization(LenientJson.serialization())
                .build();
        var agent = Agent.start(files, client, port);
        var _ = HeapTrimmer.start()) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> {
                agent.close();
                client.close();
                done.countDown();
              }));
      LOG.atInfo().addKeyValue("port", agent.port()).log("started");
      done.await();
    }
    return 0;
  }
}

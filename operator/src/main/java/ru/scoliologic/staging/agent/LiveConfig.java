package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;

/**
 * The agent's configuration, which may change while it runs: a restart would end the current build.
 * Only the engine's address is fixed; the operator replaces the pod to change it.
 */
final class LiveConfig implements Supplier<Config> {
  private static final Logger LOG = LoggerFactory.getLogger(LiveConfig.class);

  private final AgentFiles files;
  private volatile Config now;

  LiveConfig(Config first, AgentFiles files) {
    this.now = first;
    this.files = files;
  }

  @Override
  public Config get() {
    return now;
  }

  /**
   * Reads the file again; a file that cannot be read changes nothing.
   *
   * @return whether the configuration changed
   */
  boolean changed() {
    try {
      var read = files.readConfig();
      if (read.equals(now)) {
        return false;
      }
      now = read;
      LOG.atInfo()
          .addKeyValue("repository", read.gitops().repository())
          .addKeyValue("branch", read.gitops().branch())
          .log("configuration changed");
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}

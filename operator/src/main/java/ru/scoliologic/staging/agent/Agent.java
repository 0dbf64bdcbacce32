package ru.scoliologic.staging.agent;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.agent.build.BuildRunner;
import ru.scoliologic.staging.agent.build.ImageBuilder;
import ru.scoliologic.staging.agent.docker.DockerBuilder;
import ru.scoliologic.staging.agent.git.CommitStore;
import ru.scoliologic.staging.agent.git.GitRemote;
import ru.scoliologic.staging.agent.registry.ImageRetention;
import ru.scoliologic.staging.agent.registry.RegistryCleaner;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;

/**
 * Follows the branch of one environment. One thread polls the branch, the other steps the builds;
 * each sleeps until its next time or a wake-up.
 */
public final class Agent implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
  private static final double JITTER = 0.1;

  /** Minimum between two polls, whatever the number of requests. */
  private static final Duration LOOKS_APART = Duration.ofSeconds(2);

  private static final Duration CLUSTER_PAUSE = Duration.ofSeconds(5);
  private static final String CLUSTER_FAILED = "ClusterFailed";

  /** A fetch of a large repository is slow; a thread without progress for longer is stuck. */
  private static final Duration STUCK = Duration.ofMinutes(30);

  private final AgentFiles files;
  private final LiveConfig config;
  private final Clock clock;
  private final ReleaseStore store;
  private final CommitStore commits;
  private final AgentMetrics metrics;
  private final BranchPoller branch;
  private final BuildRunner builds;
  private final ImageRetention housekeeping;
  private final AgentServer server;
  private final WakeUp look = new WakeUp();
  private final WakeUp step = new WakeUp();
  private final AtomicReference<Instant> looking = new AtomicReference<>();
  private final AtomicReference<Instant> stepping = new AtomicReference<>();
  private final Thread looker;
  private final Thread stepper;
  private volatile boolean stopping;

  private Agent(
      AgentFiles files,
      Config config,
      ReleaseStore store,
      ImageBuilder builder,
      int port,
      Clock clock)
      throws IOException {
    this.files = files;
    this.config = new LiveConfig(config, files);
    this.clock = clock;
    this.store = store;
    this.metrics = new AgentMetrics(clock);
    var live = this.config;
    var remote = new GitRemote(() -> live.get().gitops(), files);
    this.commits = new CommitStore(files.work(), remote);
    this.branch = new BranchPoller(live, files, remote, commits, store, metrics, clock);
    this.builds =
        new BuildRunner(live, files, commits, store, builder, metrics, clock, step::raise);
    this.housekeeping =
        new ImageRetention(live, new RegistryCleaner(files.registryCredentials())::sweep, clock);
    this.looker = Thread.ofPlatform().daemon().name("look").unstarted(this::follow);
    this.stepper = Thread.ofPlatform().daemon().name("step").unstarted(this::stepOn);
    this.server = new AgentServer(port, files, look::raise, this::isAlive, metrics::scrape);
  }

  /**
   * Starts an agent that builds on the Docker engine of its configuration.
   *
   * @param port of the HTTP server; 0 for any free port
   * @throws IOException when there is no configuration or the port is in use
   * @throws TimeoutException when the releases cannot be read: permissions may be missing
   */
  public static Agent start(AgentFiles files, KubernetesClient client, int port)
      throws IOException, InterruptedException, TimeoutException {
    var config = files.readConfig();
    var place =
        new DockerBuilder.Place(
            URI.create(config.engine()),
            config.gitops().build().engine().host() == null,
            files.engineTls(),
            files.registryCredentials(),
            files.baseImages());
    return start(files, client, new DockerBuilder(place, Clock.systemUTC()), port);
  }

  /**
   * Starts an agent with another builder; see {@link #start(AgentFiles, KubernetesClient, int)}.
   */
  public static Agent start(
      AgentFiles files, KubernetesClient client, ImageBuilder builder, int port)
      throws IOException, InterruptedException, TimeoutException {
    var config = files.readConfig();
    return start(files, config, new KubernetesReleaseStore(client, config), builder, port);
  }

  static Agent start(
      AgentFiles files, Config config, ReleaseStore store, ImageBuilder builder, int port)
      throws IOException {
    var agent = new Agent(files, config, store, builder, port, Clock.systemUTC());
    store.onChange(agent.step::raise);
    agent.beat(agent.looking);
    agent.beat(agent.stepping);
    agent.looker.start();
    agent.stepper.start();
    LOG.atInfo()
        .addKeyValue("environment", config.environment())
        .addKeyValue("repository", config.gitops().repository())
        .addKeyValue("branch", config.gitops().branch())
        .log("agent started");
    return agent;
  }

  public int port() {
    return server.port();
  }

  String scrape() {
    return metrics.scrape();
  }

  /** Whether both threads are alive and neither is stuck. */
  boolean isAlive() {
    var oldest = clock.instant().minus(STUCK);
    return looker.isAlive()
        && stepper.isAlive()
        && looking.get().isAfter(oldest)
        && stepping.get().isAfter(oldest);
  }

  private void beat(AtomicReference<Instant> heart) {
    heart.set(clock.instant());
  }

  private void follow() {
    var known = interval();
    var afterTrouble = new RetryPause(known);
    var afterClusterFailure = new RetryPause(CLUSTER_PAUSE);
    try {
      while (!stopping) {
        beat(looking);
        if (!known.equals(interval())) {
          known = interval();
          afterTrouble = new RetryPause(known);
        }
        var begun = clock.instant();
        boolean good = false;
        Duration wait;
        try {
          good = branch.look();
          afterClusterFailure.reset();
          if (good) {
            afterTrouble.reset();
          }
          wait = jittered(good ? interval() : afterTrouble.next());
        } catch (RuntimeException e) {
          LOG.warn("the result could not be reported", e);
          metrics.looked(CLUSTER_FAILED);
          wait = afterClusterFailure.next();
        }
        step.raise();
        sleep(begun, wait, !good);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      commits.close();
    }
  }

  private Duration interval() {
    return Duration.ofSeconds(config.get().gitops().intervalSeconds());
  }

  /**
   * Sleeps until the time is up, a poll is requested, the configuration changes, or, after a
   * failure, a credential changes.
   */
  private void sleep(Instant begun, Duration wait, boolean inTrouble) throws InterruptedException {
    int credentials = files.fingerprint();
    var end = begun.plus(wait);
    var soonest = begun.plus(LOOKS_APART);
    while (clock.instant().isBefore(end)) {
      beat(looking);
      var rest = Duration.between(clock.instant(), end);
      if (look.await(rest.compareTo(LOOKS_APART) < 0 ? rest : LOOKS_APART)
          || config.changed()
          || (inTrouble && files.fingerprint() != credentials)) {
        var early = Duration.between(clock.instant(), soonest);
        if (early.isPositive()) {
          Thread.sleep(early);
        }
        return;
      }
    }
  }

  private Duration jittered(Duration wait) {
    double factor = RandomGenerator.getDefault().nextDouble(1 - JITTER, 1 + JITTER);
    return Duration.ofMillis((long) (wait.toMillis() * factor));
  }

  private void stepOn() {
    var afterFailure = new RetryPause(CLUSTER_PAUSE);
    try {
      while (!stopping) {
        beat(stepping);
        Duration wait;
        try {
          wait = builds.step(branch.pin(), branch.head());
          var tidy = housekeeping.step(store.releases(), builds.isBuilding());
          wait = tidy.compareTo(wait) < 0 ? tidy : wait;
          afterFailure.reset();
        } catch (RuntimeException e) {
          LOG.warn("the builds could not be supervised", e);
          wait = afterFailure.next();
        }
        step.await(wait);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the current build; its status stays, and the next agent restarts the build. */
  @Override
  public void close() {
    stopping = true;
    server.close();
    builds.close();
    looker.interrupt();
    stepper.interrupt();
    store.close();
    LOG.info("agent stopped");
  }
}

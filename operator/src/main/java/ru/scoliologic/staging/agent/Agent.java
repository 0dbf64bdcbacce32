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
import ru.scoliologic.staging.cluster.AgentContract.Config;

/**
 * Follows the branch of one environment. Two threads decide: one looks at the branch, the other
 * steps the builds; each sleeps until its time has come or somebody wakes it.
 */
public final class Agent implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
  private static final double JITTER = 0.1;

  /** Between two looks, however often somebody asks for one. */
  private static final Duration LOOKS_APART = Duration.ofSeconds(2);

  private static final Duration CLUSTER_PAUSE = Duration.ofSeconds(5);
  private static final String CLUSTER_FAILED = "ClusterFailed";

  /** A fetch of a large repository takes a while; a thread that hangs for longer is stuck. */
  private static final Duration STUCK = Duration.ofMinutes(30);

  private final AgentFiles files;
  private final Duration interval;
  private final Clock clock;
  private final ReleaseStore store;
  private final CommitStore commits;
  private final AgentMetrics metrics;
  private final BranchWatch branch;
  private final Builds builds;
  private final Housekeeping housekeeping;
  private final AgentServer server;
  private final Signal look = new Signal();
  private final Signal step = new Signal();
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
    this.interval = Duration.ofSeconds(config.gitops().intervalSeconds());
    this.clock = clock;
    this.store = store;
    this.metrics = new AgentMetrics(clock);
    var remote = new GitRemote(config.gitops(), files);
    this.commits = new CommitStore(files.work(), remote, config.gitops().branch());
    this.branch = new BranchWatch(config, files, remote, commits, store, metrics, clock);
    this.builds = new Builds(config, files, commits, store, builder, metrics, clock, step::raise);
    this.housekeeping =
        new Housekeeping(config, new RegistryGarbage(files.registryCredentials())::sweep, clock);
    this.looker = Thread.ofPlatform().daemon().name("look").unstarted(this::follow);
    this.stepper = Thread.ofPlatform().daemon().name("step").unstarted(this::stepOn);
    this.server = new AgentServer(port, files, look::raise, this::isAlive, metrics::scrape);
  }

  /**
   * Starts one that builds on the Docker engine of its configuration.
   *
   * @param port of the HTTP server; 0 to choose one
   * @throws IOException when there is no configuration or the port is taken
   * @throws TimeoutException when the releases cannot be read: the rights may be missing
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

  /** Starts one that builds otherwise; see {@link #start(AgentFiles, KubernetesClient, int)}. */
  public static Agent start(
      AgentFiles files, KubernetesClient client, ImageBuilder builder, int port)
      throws IOException, InterruptedException, TimeoutException {
    var config = files.readConfig();
    return start(files, config, new ClusterReleases(client, config), builder, port);
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

  /** The port of the HTTP server. */
  public int port() {
    return server.port();
  }

  String scrape() {
    return metrics.scrape();
  }

  /** Whether both threads live and neither is stuck. */
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
    var afterTrouble = new Pause(interval);
    var afterClusterFailure = new Pause(CLUSTER_PAUSE);
    try {
      while (!stopping) {
        beat(looking);
        var begun = clock.instant();
        boolean good = false;
        Duration wait;
        try {
          good = branch.look();
          afterClusterFailure.reset();
          if (good) {
            afterTrouble.reset();
          }
          wait = jittered(good ? interval : afterTrouble.next());
        } catch (RuntimeException e) {
          LOG.warn("what was found could not be told", e);
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

  /** Until the time is up, somebody asks for a look, or a credential that was no good changes. */
  private void sleep(Instant begun, Duration wait, boolean inTrouble) throws InterruptedException {
    int credentials = files.fingerprint();
    var end = begun.plus(wait);
    var soonest = begun.plus(LOOKS_APART);
    while (clock.instant().isBefore(end)) {
      beat(looking);
      var rest = Duration.between(clock.instant(), end);
      if (look.await(rest.compareTo(LOOKS_APART) < 0 ? rest : LOOKS_APART)
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
    var afterFailure = new Pause(CLUSTER_PAUSE);
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
          LOG.warn("the builds could not be looked after", e);
          wait = afterFailure.next();
        }
        step.await(wait);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the build that runs; what is told of it stays, and the next agent begins it again. */
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

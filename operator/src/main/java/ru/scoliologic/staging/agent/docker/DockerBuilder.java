package ru.scoliologic.staging.agent.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.BuildImageCmd;
import com.github.dockerjava.api.model.AuthConfig;
import com.github.dockerjava.api.model.AuthConfigurations;
import com.github.dockerjava.api.model.BuildResponseItem;
import com.github.dockerjava.api.model.PushResponseItem;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.agent.build.BuildReason;
import ru.scoliologic.staging.agent.build.ImageBuilder;
import ru.scoliologic.staging.agent.registry.RegistryCredentials;
import ru.scoliologic.staging.cluster.model.RegistryLogin;

/** Builds on a Docker engine with the engine's own builder. */
public final class DockerBuilder implements ImageBuilder {
  private static final Logger LOG = LoggerFactory.getLogger(DockerBuilder.class);

  /** Images of earlier builds that an engine keeps. */
  private static final int KEPT = 3;

  private static final Duration PUSH_LIMIT = Duration.ofMinutes(30);

  /** A stopping engine kills its containers some moments before it closes connections. */
  private static final Duration DEATH = Duration.ofSeconds(1);

  /**
   * The engine and its files.
   *
   * @param engine such as {@code tcp://127.0.0.1:2375}
   * @param own whether the agent is the only user of the engine
   * @param certificates folder with ca.pem, cert.pem and key.pem of the engine; may be absent
   * @param credentials of registries, in dockerconfigjson format; may be absent
   * @param baseImages folder with archives of images; may be absent
   */
  public record Place(
      URI engine, boolean own, Path certificates, Path credentials, Path baseImages) {}

  private final Place place;
  private final Clock clock;
  private final BaseImages baseImages;

  public DockerBuilder(Place place, Clock clock) {
    this.place = place;
    this.clock = clock;
    this.baseImages = new BaseImages(place.baseImages());
  }

  @Override
  public Outcome build(Order order, Progress progress) throws InterruptedException {
    BuildContext context;
    try {
      context = BuildContext.of(order.source(), order.build());
    } catch (BuildContext.Missing e) {
      return new Outcome.Failed(
          e.ofDockerfile() ? BuildReason.DOCKERFILE_MISSING : BuildReason.BUILD_FAILED,
          e.getMessage());
    } catch (IllegalArgumentException e) {
      return new Outcome.Failed(BuildReason.BUILD_FAILED, e.getMessage());
    }
    var use = BuildKitSyntax.certain(context.dockerfile(), order.build().target());
    if (use.isPresent()) {
      return BuildFailureClassifier.buildKitNeeded(use.get());
    }
    try (var engine = DockerEngine.connect(place.engine(), place.certificates())) {
      return build(engine, order, context, progress);
    } catch (DockerEngineException e) {
      return lost(e);
    }
  }

  private Outcome build(DockerEngine engine, Order order, BuildContext context, Progress progress)
      throws DockerEngineException, InterruptedException {
    baseImages.provide(engine, progress::line);
    var images = new BuildCache(order.repository(), place.own());
    if (images.has(engine, order.tag())) {
      progress.line("The engine has this image from an earlier try: it is not built again.");
    } else {
      var fault = image(engine, order, context, images, progress);
      if (fault.isPresent()) {
        return fault.get();
      }
    }
    var built = clock.instant();
    progress.built(built);
    var pushed = push(engine, order, progress);
    if (pushed.fault() != null) {
      return pushed.fault();
    }
    try {
      images.tidy(engine, KEPT);
    } catch (DockerEngineException e) {
      LOG.atWarn().addKeyValue("cause", e.getMessage()).log("Old images stay in the engine");
    }
    return new Outcome.Pushed(pushed.digest(), built, clock.instant());
  }

  /** Builds, and retries with freed disk space if there was none; empty on success. */
  private Optional<Outcome> image(
      DockerEngine engine, Order order, BuildContext context, BuildCache images, Progress progress)
      throws DockerEngineException, InterruptedException {
    var end = System.nanoTime() + Duration.ofSeconds(order.build().timeoutSeconds()).toNanos();
    var fault = attempt(engine, order, context, end, progress);
    if (fault.isPresent()
        && fault.get() instanceof Outcome.Retry retry
        && retry.reason() == BuildReason.ENGINE_OUT_OF_DISK) {
      progress.line("The engine has no disk left: old images are removed, and it builds again.");
      var full = System.nanoTime();
      images.makeRoom(engine);
      baseImages.provide(engine, progress::line);
      return attempt(engine, order, context, end + System.nanoTime() - full, progress);
    }
    return fault;
  }

  private Optional<Outcome> attempt(
      DockerEngine engine, Order order, BuildContext context, long end, Progress progress)
      throws DockerEngineException, InterruptedException {
    var log = new BuildLog(progress);
    String said;
    try (var files = context.open()) {
      engine.<BuildResponseItem>follow(
          d -> command(d, order, context, files),
          log::add,
          Duration.ofNanos(Math.max(1, end - System.nanoTime())));
      log.end();
      said = log.error();
    } catch (TimeoutException e) {
      return Optional.of(
          new Outcome.Failed(
              BuildReason.BUILD_TIMED_OUT,
              "the build did not end within %d s, while at: %s; raise build.timeoutSeconds or make it faster"
                  .formatted(order.build().timeoutSeconds(), ErrorText.line(log.step()))));
    } catch (IOException e) {
      throw DockerEngineException.of(e);
    } catch (DockerEngineException e) {
      if (!e.answered()) {
        throw e;
      }
      said = progress.masked(e.getMessage());
    }
    if (said == null) {
      if (new BuildCache(order.repository(), place.own()).has(engine, order.tag())) {
        return Optional.empty();
      }
      throw DockerEngineException.silent("it ended the build without an error message");
    }
    var fault = BuildFailureClassifier.of(said, log.step(), log.lastLines(), context.dockerfile());
    if (fault instanceof Outcome.Failed) {
      // A stopping engine kills its containers first: then it is not the commit's fault.
      Thread.sleep(DEATH);
      engine.ask(d -> d.pingCmd().exec());
    }
    return Optional.of(fault);
  }

  private BuildImageCmd command(
      DockerClient docker, Order order, BuildContext context, InputStream files) {
    var labels = new TreeMap<>(order.labels());
    labels.putAll(new BuildCache(order.repository(), place.own()).labels(order.tag()));
    var command =
        docker
            .buildImageCmd(files)
            .withDockerfilePath(context.dockerfilePath())
            .withTags(Set.of(order.repository() + ":" + order.tag()))
            .withLabels(labels)
            .withPull(false)
            .withRemove(true)
            .withForcerm(true)
            .withBuildAuthConfigs(logins());
    if (order.build().target() != null) {
      command.withTarget(order.build().target());
    }
    order.build().args().forEach(a -> command.withBuildArg(a.name(), a.value()));
    return command;
  }

  /** Logins for base images. Unreadable credentials are reported at the push. */
  private AuthConfigurations logins() {
    var logins = new AuthConfigurations();
    try {
      RegistryCredentials.read(place.credentials())
          .all()
          .forEach((registry, login) -> logins.addConfig(login(registry, login)));
    } catch (IOException e) {
      LOG.atWarn().addKeyValue("cause", e.getMessage()).log("Base images are pulled without login");
    }
    return logins;
  }

  private static AuthConfig login(String registry, RegistryLogin login) {
    return new AuthConfig()
        .withRegistryAddress(
            registry.equals(RegistryCredentials.DOCKER_HUB)
                ? AuthConfig.DEFAULT_SERVER_ADDRESS
                : registry)
        .withUsername(login.user())
        .withPassword(login.password());
  }

  /** A digest, or why there is none. */
  private record Push(String digest, Outcome fault) {}

  private Push push(DockerEngine engine, Order order, Progress progress)
      throws DockerEngineException, InterruptedException {
    var registry = RegistryCredentials.registry(order.repository());
    AuthConfig login;
    try {
      login =
          RegistryCredentials.read(place.credentials())
              .of(order.repository())
              .map(found -> login(registry, found))
              .orElseGet(() -> new AuthConfig().withRegistryAddress(registry));
    } catch (IOException e) {
      return new Push(null, new Outcome.Retry(BuildReason.REGISTRY_REFUSED, e.getMessage()));
    }
    var log = new PushLog(progress);
    String said;
    try {
      engine.<PushResponseItem>follow(
          d -> d.pushImageCmd(order.repository()).withTag(order.tag()).withAuthConfig(login),
          log::add,
          PUSH_LIMIT);
      said = log.error;
    } catch (TimeoutException e) {
      said = "i/o timeout: the push did not end within " + PUSH_LIMIT.toMinutes() + " minutes";
    } catch (DockerEngineException e) {
      if (!e.answered()) {
        throw e;
      }
      said = e.getMessage();
    }
    if (said == null && log.digest == null) {
      throw DockerEngineException.silent("it ended the push without an error message");
    }
    return said == null
        ? new Push(log.digest, null)
        : new Push(null, BuildFailureClassifier.ofPush(registry, said));
  }

  private Outcome lost(DockerEngineException e) {
    if (e.answered() && ErrorText.diskFull(e.getMessage())) {
      return new Outcome.Retry(
          BuildReason.ENGINE_OUT_OF_DISK, "the Docker engine has no disk left: " + e.getMessage());
    }
    if (e.answered() && ErrorText.memoryFull(e.getMessage())) {
      return new Outcome.Retry(
          BuildReason.ENGINE_OUT_OF_MEMORY,
          "the Docker engine has no memory left: " + e.getMessage());
    }
    return new Outcome.Retry(
        BuildReason.ENGINE_UNREACHABLE,
        "the Docker engine at %s %s: %s"
            .formatted(
                place.engine(), e.answered() ? "refuses" : "does not respond", e.getMessage()));
  }

  private static final class PushLog {
    private final Progress progress;
    private String digest;
    private String error;

    PushLog(Progress progress) {
      this.progress = progress;
    }

    void add(PushResponseItem item) {
      if (item.getErrorDetail() != null) {
        error = item.getErrorDetail().getMessage();
      }
      if (item.getAux() != null && item.getAux().getDigest() != null) {
        digest = item.getAux().getDigest();
      }
      // Progress items of layers are skipped: even one line per layer is too many.
      if (item.getStatus() != null && item.getId() == null) {
        progress.line(item.getStatus());
      }
    }
  }
}

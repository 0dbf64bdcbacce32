package ru.scoliologic.staging.agent;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.AsyncDockerCmd;
import com.github.dockerjava.api.model.AuthConfig;
import com.github.dockerjava.api.model.AuthConfigurations;
import com.github.dockerjava.core.DockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.RemoteApiVersion;
import com.github.dockerjava.core.SSLConfig;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLContext;

/** A Docker engine, asked in the newest version of its API that both sides know. */
final class Engine implements AutoCloseable {
  /** The newest version that is asked for, and the oldest that Docker 29 answers. */
  private static final RemoteApiVersion NEWEST = RemoteApiVersion.VERSION_1_44;

  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofMinutes(2);

  private final URI address;
  private final SSLContext tls;
  private final RemoteApiVersion version;
  private final DockerClient client;

  private Engine(URI address, SSLContext tls, RemoteApiVersion version) {
    this.address = address;
    this.tls = tls;
    this.version = version;
    this.client = open(address, tls, version, ANSWER);
  }

  /**
   * The engine at an address.
   *
   * @param address such as {@code tcp://127.0.0.1:2375}
   * @param certificates folder with ca.pem, cert.pem and key.pem; without TLS when there is none
   * @throws EngineException when nothing answers there, or the certificates cannot be used
   */
  static Engine connect(URI address, Path certificates) throws EngineException {
    SSLContext tls = null;
    try {
      if (Files.exists(certificates.resolve("ca.pem"))) {
        tls = EngineTls.context(certificates);
      }
    } catch (IOException e) {
      throw EngineException.of(e);
    }
    try (var asking = open(address, tls, RemoteApiVersion.unknown(), ANSWER)) {
      var spoken = RemoteApiVersion.parseConfig(asking.versionCmd().exec().getApiVersion());
      return new Engine(address, tls, spoken.isGreater(NEWEST) ? NEWEST : spoken);
    } catch (IOException | RuntimeException e) {
      throw EngineException.of(e);
    }
  }

  RemoteApiVersion version() {
    return version;
  }

  /**
   * Asks what is answered soon.
   *
   * @throws EngineException when the engine refuses or does not answer
   */
  <T> T ask(Function<DockerClient, T> question) throws EngineException {
    try {
      return question.apply(client);
    } catch (RuntimeException e) {
      throw EngineException.of(e);
    }
  }

  /**
   * Follows a long task of the engine to its end. Its connection ends with this call, however that
   * ends, and the engine then gives the task up.
   *
   * @param each told of every item in order, by another thread, never after this call
   * @throws TimeoutException when the limit is over
   */
  <T> void follow(
      Function<DockerClient, AsyncDockerCmd<?, T>> task, Consumer<T> each, Duration limit)
      throws EngineException, InterruptedException, TimeoutException {
    try (var connection = open(address, tls, version, null);
        var following = new Following<T>(each)) {
      task.apply(connection).exec(following);
      following.end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw EngineException.of(e.getCause());
    } catch (IOException e) {
      throw EngineException.of(e);
    }
  }

  private static DockerClient open(
      URI address, SSLContext tls, RemoteApiVersion version, Duration answer) {
    var connections =
        new ApacheDockerHttpClient.Builder()
            .dockerHost(address)
            .connectionTimeout(CONNECT)
            .responseTimeout(answer)
            .sslConfig(tls == null ? null : () -> tls)
            .build();
    return DockerClientImpl.getInstance(new Settings(address, version), connections);
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException e) {
      // Nothing is lost: no request is under way.
      return;
    }
  }

  private static final class Following<T> implements ResultCallback<T> {
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Consumer<T> each;
    private Closeable answer;
    private boolean over;

    Following(Consumer<T> each) {
      this.each = each;
    }

    @Override
    public synchronized void onStart(Closeable stream) {
      answer = stream;
    }

    @Override
    public synchronized void onNext(T item) {
      if (!over) {
        each.accept(item);
      }
    }

    @Override
    public void onError(Throwable fault) {
      end.completeExceptionally(fault);
    }

    @Override
    public void onComplete() {
      end.complete(null);
    }

    @Override
    public synchronized void close() throws IOException {
      over = true;
      if (answer != null) {
        answer.close();
      }
    }
  }

  /** Nothing is taken from the environment or from files of the home folder. */
  private record Settings(URI address, RemoteApiVersion version) implements DockerClientConfig {
    @Override
    public URI getDockerHost() {
      return address;
    }

    @Override
    public RemoteApiVersion getApiVersion() {
      return version;
    }

    @Override
    public String getRegistryUsername() {
      return null;
    }

    @Override
    public String getRegistryPassword() {
      return null;
    }

    @Override
    public String getRegistryEmail() {
      return null;
    }

    @Override
    public String getRegistryUrl() {
      return null;
    }

    @Override
    public AuthConfig effectiveAuthConfig(String imageName) {
      return null;
    }

    @Override
    public AuthConfigurations getAuthConfigurations() {
      return new AuthConfigurations();
    }

    @Override
    @SuppressWarnings("deprecation") // The interface still names it.
    public SSLConfig getSSLConfig() {
      return null;
    }
  }
}

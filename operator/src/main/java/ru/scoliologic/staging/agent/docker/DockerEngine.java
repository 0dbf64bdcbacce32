package ru.scoliologic.staging.agent.docker;

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

/** A Docker engine, used with the newest API version that both sides support. */
final class DockerEngine implements AutoCloseable {
  /** The newest version in use, and the oldest that Docker 29 supports. */
  private static final RemoteApiVersion NEWEST = RemoteApiVersion.VERSION_1_44;

  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofMinutes(2);

  private final URI address;
  private final SSLContext tls;
  private final RemoteApiVersion version;
  private final DockerClient client;

  private DockerEngine(URI address, SSLContext tls, RemoteApiVersion version) {
    this.address = address;
    this.tls = tls;
    this.version = version;
    this.client = open(address, tls, version, ANSWER);
  }

  /**
   * Connects to an engine.
   *
   * @param address such as {@code tcp://127.0.0.1:2375}
   * @param certificates folder with ca.pem, cert.pem and key.pem; without TLS when there is none
   * @throws DockerEngineException when the engine does not respond, or the certificates are invalid
   */
  public static DockerEngine connect(URI address, Path certificates) throws DockerEngineException {
    SSLContext tls = null;
    try {
      if (Files.exists(certificates.resolve("ca.pem"))) {
        tls = DockerEngineTls.context(certificates);
      }
    } catch (IOException e) {
      throw DockerEngineException.of(e);
    }
    try (var asking = open(address, tls, RemoteApiVersion.unknown(), ANSWER)) {
      var spoken = RemoteApiVersion.parseConfig(asking.versionCmd().exec().getApiVersion());
      return new DockerEngine(address, tls, spoken.isGreater(NEWEST) ? NEWEST : spoken);
    } catch (IOException | RuntimeException e) {
      throw DockerEngineException.of(e);
    }
  }

  public RemoteApiVersion version() {
    return version;
  }

  /**
   * Runs a short request.
   *
   * @throws DockerEngineException when the engine rejects the request or does not respond
   */
  <T> T ask(Function<DockerClient, T> question) throws DockerEngineException {
    try {
      return question.apply(client);
    } catch (RuntimeException e) {
      throw DockerEngineException.of(e);
    }
  }

  /**
   * Follows a long task of the engine to its end. The connection is closed with this call, and the
   * engine then cancels the task.
   *
   * @param each receives every item in order, on another thread, never after this call
   * @throws TimeoutException when the time limit is exceeded
   */
  <T> void follow(
      Function<DockerClient, AsyncDockerCmd<?, T>> task, Consumer<T> each, Duration limit)
      throws DockerEngineException, InterruptedException, TimeoutException {
    try (var connection = open(address, tls, version, null);
        var following = new Following<T>(each)) {
      task.apply(connection).exec(following);
      following.end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw DockerEngineException.of(e.getCause());
    } catch (IOException e) {
      throw DockerEngineException.of(e);
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

  /** Ignores environment variables and files of the home folder. */
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

package ru.scoliologic.staging.throwaway;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/**
 * Git's own server ({@code git http-backend}) for the bare repositories of a folder, behind basic
 * authentication with a token as the password.
 */
public final class GitHttpServer implements AutoCloseable {
  private final Path repositories;
  private final SSLContext tls;
  private final List<String> authorizations = new CopyOnWriteArrayList<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private HttpServer server;
  private int port;
  private volatile String token;
  private volatile String redirect;
  private volatile int failure;

  private GitHttpServer(Path repositories, SSLContext tls) {
    this.repositories = repositories;
    this.tls = tls;
  }

  /** Starts one on a free port of this machine. */
  public static GitHttpServer start(Path repositories) {
    return start(repositories, null);
  }

  /** Starts one that speaks TLS; without a context it is plain HTTP. */
  public static GitHttpServer start(Path repositories, SSLContext tls) {
    var server = new GitHttpServer(repositories, tls);
    server.up();
    return server;
  }

  /** Listens, on the same port as before. */
  public void up() {
    try {
      var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      if (tls == null) {
        server = HttpServer.create(address, 0);
      } else {
        var secure = HttpsServer.create(address, 0);
        secure.setHttpsConfigurator(new HttpsConfigurator(tls));
        server = secure;
      }
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      server.createContext("/", this::handle);
      server.start();
      port = server.getAddress().getPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Refuses connections. */
  public void down() {
    server.stop(0);
  }

  /** Host by which it is asked, and port, as in {@code http://127.0.0.1:40000}. */
  public String base(String host) {
    return (tls == null ? "http://" : "https://") + host + ":" + port;
  }

  /** URL of a repository by the folder's name. */
  public String url(String repository) {
    return base("127.0.0.1") + "/" + repository;
  }

  /** Asks for this password from now on; null for none. */
  public void token(String wanted) {
    token = wanted;
  }

  /** Sends every request on to the same path at another base URL; null for an end of that. */
  public void redirect(String base) {
    redirect = base;
  }

  /** Answers every request with this status; 0 for an end of that. */
  public void failure(int status) {
    failure = status;
  }

  /** Every Authorization header that came in. */
  public List<String> authorizations() {
    return List.copyOf(authorizations);
  }

  /** Method and target of every request, in order. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
      var authorization = exchange.getRequestHeaders().getFirst("Authorization");
      if (authorization != null) {
        authorizations.add(authorization);
      }
      if (failure != 0) {
        exchange.sendResponseHeaders(failure, -1);
      } else if (redirect != null) {
        exchange.getResponseHeaders().set("Location", redirect + exchange.getRequestURI());
        exchange.sendResponseHeaders(302, -1);
      } else if (token != null && !knows(authorization)) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"git\"");
        exchange.sendResponseHeaders(401, -1);
      } else {
        backend(exchange);
      }
    }
  }

  private boolean knows(String authorization) {
    if (authorization == null || !authorization.startsWith("Basic ")) {
      return false;
    }
    var pair =
        new String(Base64.getDecoder().decode(authorization.substring(6)), StandardCharsets.UTF_8);
    return pair.substring(pair.indexOf(':') + 1).equals(token);
  }

  private void backend(HttpExchange exchange) throws IOException {
    var process = new ProcessBuilder("git", "http-backend");
    var environment = process.environment();
    var uri = exchange.getRequestURI();
    environment.put("GIT_PROJECT_ROOT", repositories.toString());
    environment.put("GIT_HTTP_EXPORT_ALL", "1");
    environment.put("PATH_INFO", uri.getPath());
    environment.put("QUERY_STRING", uri.getQuery() == null ? "" : uri.getQuery());
    environment.put("REQUEST_METHOD", exchange.getRequestMethod());
    pass(exchange, "Content-Type", "CONTENT_TYPE", process);
    pass(exchange, "Content-Length", "CONTENT_LENGTH", process);
    pass(exchange, "Content-Encoding", "HTTP_CONTENT_ENCODING", process);
    pass(exchange, "Git-Protocol", "GIT_PROTOCOL", process);
    var backend = process.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (var in = backend.getOutputStream()) {
      exchange.getRequestBody().transferTo(in);
    }
    try (var out = backend.getInputStream()) {
      int status = headers(out, exchange.getResponseHeaders());
      exchange.sendResponseHeaders(status, 0);
      out.transferTo(exchange.getResponseBody());
    } finally {
      backend.destroy();
    }
  }

  private static void pass(
      HttpExchange exchange, String header, String variable, ProcessBuilder process) {
    var value = exchange.getRequestHeaders().getFirst(header);
    if (value != null) {
      process.environment().put(variable, value);
    }
  }

  /** Reads the headers that the program wrote, up to the empty line, and returns the status. */
  private static int headers(InputStream out, Headers headers) throws IOException {
    int status = 200;
    for (var line = line(out); !line.isEmpty(); line = line(out)) {
      int colon = line.indexOf(':');
      var value = line.substring(colon + 1).strip();
      if (line.startsWith("Status:")) {
        status = Integer.parseInt(value.substring(0, 3));
      } else {
        headers.set(line.substring(0, colon), value);
      }
    }
    return status;
  }

  private static String line(InputStream out) throws IOException {
    var line = new ByteArrayOutputStream();
    for (int next = out.read(); next >= 0 && next != '\n'; next = out.read()) {
      line.write(next);
    }
    return line.toString(StandardCharsets.UTF_8).strip();
  }

  @Override
  public void close() {
    down();
  }
}

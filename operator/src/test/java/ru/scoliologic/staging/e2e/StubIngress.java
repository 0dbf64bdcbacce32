package ru.scoliologic.staging.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import ru.scoliologic.staging.notification.Tls;
import ru.scoliologic.staging.throwaway.TestCertificates;

/**
 * The ingress of every environment on a node without a machine: it answers the built-in checks as a
 * Traefik with a good application does, for all hosts below one domain, and gives its address to
 * Services of its load balancer class.
 */
final class StubIngress implements AutoCloseable {
  static final String CLASS = "staging-test/stub";

  private static final int HTTP = 80;
  private static final int HTTPS = 443;
  private static final String ROUTERS = "[{\"name\":\"app\",\"status\":\"enabled\"}]";

  private final TestCertificates certificates;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer plain;
  private final HttpsServer secure;
  private final KubernetesClient admin;
  private final String address;
  private final SharedIndexInformer<Service> services;

  /**
   * Listens.
   *
   * @param address of this machine, as the cluster reaches it
   * @param domain above all hosts
   */
  StubIngress(KubernetesClient admin, InetAddress address, String domain)
      throws IOException, GeneralSecurityException {
    this.admin = admin;
    this.address = address.getHostAddress();
    certificates = TestCertificates.issue("*." + domain);
    plain = HttpServer.create(new InetSocketAddress(address, HTTP), 0);
    plain.createContext("/", StubIngress::redirect);
    secure = HttpsServer.create(new InetSocketAddress(address, HTTPS), 0);
    secure.setHttpsConfigurator(new HttpsConfigurator(Tls.serving(certificates)));
    secure.createContext("/", exchange -> answer(exchange, 200, "<p>page</p>"));
    secure.createContext("/api/overview", StubIngress::overview);
    secure.createContext("/api/http/routers", exchange -> answer(exchange, 200, ROUTERS));
    plain.setExecutor(threads);
    secure.setExecutor(threads);
    plain.start();
    secure.start();
    services = admin.services().inAnyNamespace().inform(new Balancer());
  }

  private final class Balancer implements ResourceEventHandler<Service> {
    @Override
    public void onAdd(Service service) {
      if (CLASS.equals(service.getSpec().getLoadBalancerClass())
          && service.getStatus().getLoadBalancer().getIngress().isEmpty()) {
        admin
            .resource(service)
            .subresource("status")
            .patch(
                PatchContext.of(PatchType.JSON_MERGE),
                // By Proxy the nodes do not lead the address to the pods by themselves.
                "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"%s\",\"ipMode\":\"Proxy\"}]}}}"
                    .formatted(address));
      }
    }

    @Override
    public void onUpdate(Service before, Service service) {
      onAdd(service);
    }

    @Override
    public void onDelete(Service service, boolean finalStateUnknown) {}
  }

  /** PEM of the authority that issued its certificate. */
  String authority() {
    return certificates.authority();
  }

  private static void redirect(HttpExchange exchange) throws IOException {
    exchange
        .getResponseHeaders()
        .add("Location", "https://" + exchange.getRequestHeaders().getFirst("Host") + "/");
    answer(exchange, 301, "moved");
  }

  private static void overview(HttpExchange exchange) throws IOException {
    boolean known = exchange.getRequestHeaders().containsKey("Authorization");
    answer(exchange, known ? 200 : 401, "{}");
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    var body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    services.stop();
    plain.stop(0);
    secure.stop(0);
    threads.shutdownNow();
  }
}

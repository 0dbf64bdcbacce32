package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaderElectionRecord;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How many requests a lease costs, at a server that holds one Lease and minds its version. */
class RenewedLeaseTest {
  private static final ZonedDateTime NOW = ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC);

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private Lease stored;
  private int version;
  private HttpServer server;
  private KubernetesClient client;

  @BeforeEach
  void a_server_without_a_lease() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/apis/coordination.k8s.io/v1/namespaces/ops/leases", this::serve);
    server.start();
    client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(Config.empty())
                    .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .build();
  }

  @AfterEach
  void it_is_stopped() {
    client.close();
    server.stop(0);
  }

  private synchronized void serve(HttpExchange exchange) throws IOException {
    var method = exchange.getRequestMethod();
    requests.add(method);
    var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    int status = 200;
    if (method.equals("GET")) {
      status = stored == null ? 404 : 200;
    } else {
      var sent = Serialization.unmarshal(body, Lease.class);
      var expected = stored == null ? null : stored.getMetadata().getResourceVersion();
      status = Objects.equals(sent.getMetadata().getResourceVersion(), expected) ? 200 : 409;
      if (status == 200) {
        store(sent);
      }
    }
    var answer =
        status == 200
            ? Serialization.asJson(stored)
            : "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":%d}".formatted(status);
    var bytes = answer.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private void store(Lease lease) {
    version++;
    lease.getMetadata().setResourceVersion(Integer.toString(version));
    stored = lease;
  }

  private static RenewedLease of(String identity) {
    return new RenewedLease("ops", "lease", identity);
  }

  private static LeaderElectionRecord held(String identity, int seconds) {
    return new LeaderElectionRecord(
        identity, Duration.ofSeconds(15), NOW, NOW.plusSeconds(seconds), 0);
  }

  @Test
  void its_holder_renews_it_with_one_request() {
    var lease = of("a");
    assertThat(lease.get(client)).isNull();
    lease.create(client, held("a", 0));
    requests.clear();

    for (int i = 1; i <= 3; i++) {
      assertThat(lease.get(client).getHolderIdentity()).isEqualTo("a");
      lease.update(client, held("a", 2 * i));
    }

    assertThat(requests).containsExactly("PUT", "PUT", "PUT");
    assertThat(stored.getSpec().getRenewTime()).isEqualTo(NOW.plusSeconds(6));
  }

  @Test
  void one_that_stands_by_reads_it_each_time_and_takes_it_over() {
    var holder = of("a");
    holder.get(client);
    holder.create(client, held("a", 0));
    var other = of("b");
    requests.clear();

    other.get(client);
    assertThat(other.get(client).getHolderIdentity()).isEqualTo("a");
    other.update(client, held("b", 20));

    assertThat(requests).containsExactly("GET", "GET", "PUT");
    assertThat(stored.getSpec().getHolderIdentity()).isEqualTo("b");
  }

  @Test
  void a_holder_that_was_overtaken_is_refused_and_sees_who_leads() {
    var holder = of("a");
    holder.get(client);
    holder.create(client, held("a", 0));
    var other = of("b");
    other.get(client);
    other.update(client, held("b", 20));

    assertThatThrownBy(() -> holder.update(client, held("a", 21)))
        .isInstanceOf(KubernetesClientException.class);
    assertThat(holder.get(client).getHolderIdentity()).isEqualTo("b");
  }

  @Test
  void another_instance_leads_as_soon_as_the_leader_gives_its_lease_back() {
    var leaders = new CopyOnWriteArrayList<String>();
    var lost = new CopyOnWriteArrayList<String>();
    var first = election("a", leaders, lost);
    var second = election("b", leaders, lost);
    first.start();
    await("the first one leads").untilAsserted(() -> assertThat(leaders).containsExactly("a"));
    second.start();
    await("the leader has renewed its lease").until(() -> requests.contains("PUT"));
    assertThat(leaders).containsExactly("a");

    first.stop();

    await("the second one leads")
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(leaders).containsExactly("a", "b"));
    assertThat(lost).as("who must not act any longer").doesNotContain("b");
    second.stop();
    assertThat(stored.getSpec().getHolderIdentity()).isEmpty();
  }

  private Election election(String identity, List<String> leaders, List<String> lost) {
    return new Election(
        client, "ops", identity, () -> leaders.add(identity), () -> lost.add(identity));
  }
}

package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.PromQl;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;

class MetricsEndpointTest {
  @Test
  void the_metrics_are_told_over_http_in_the_text_format() throws Exception {
    try (var endpoint = new MetricsEndpoint(0, new OperatorMetrics()::scrape);
        var client = HttpClient.newHttpClient()) {
      var answer =
          client.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + endpoint.port() + "/metrics"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Content-Type"))
          .hasValue("text/plain; version=0.0.4; charset=utf-8");
      assertThat(PromQl.told(answer.body())).contains("jvm_memory_used_bytes");
    }
  }
}

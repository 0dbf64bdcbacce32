package ru.scoliologic.staging.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.PromQl;

class AgentMetricsTest {
  @Test
  void every_metric_of_the_dashboard_is_told() {
    var metrics = new AgentMetrics(Clock.systemUTC());
    metrics.looked("Following");

    var told = PromQl.told(metrics.scrape());

    assertThat(
            PromQl.expressions(
                Given.resource("/ru/scoliologic/staging/monitoring/dashboards/delivery.json")))
        .hasSizeGreaterThan(5)
        .allSatisfy(
            expression -> assertThat(told).as(expression).containsAll(PromQl.metrics(expression)));
  }
}
